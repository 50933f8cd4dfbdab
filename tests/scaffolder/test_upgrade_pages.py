"""The registry, upgrades, campaigns and notifications in the admin, and from the command line."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from scaffolder.admin import links
from scaffolder.models import Instance, Run
from scaffolder.notifications.actions import Message, mark, send
from scaffolder.notifications.models import Notification
from scaffolder.registry.timetable import look_at_templates
from scaffolder.tasks import execute_run
from scaffolder.upgrades.models import Campaign, Upgrade
from tests.config.test_client import greenroom  # noqa: F401 - a fixture
from tests.conftest import Api
from tests.scaffolder.conftest import Workshop
from tests.scaffolder.registry_world import change, offer
from tests.scaffolder.test_admin import queries, signed_in, text_of

ADMIN = "/admin/scaffolder"
OURS = "/api/v1/scaffolder"
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def instance(workshop: Workshop) -> Instance:
    """A repository of version 1, whose template is at version 2."""
    workshop.run(offer(workshop), {"name": "one"})
    change(workshop, "service", {"skeleton/README.md": "second\n"})
    look_at_templates()
    return Instance.objects.get()


@pytest.fixture
def browser(db: None) -> Client:
    return signed_in("ada", superuser=True)


@pytest.mark.django_db
def test_versions_instances_and_upgrades_are_shown(
    workshop: Workshop, api: Api, browser: Client, instance: Instance,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    made = api.post(f"{OURS}/instances/{instance.pk}/upgrade", {}).json()
    execute_run(made["run"])
    for table in ("templateversion", "instance", "upgrade"):
        with django_assert_max_num_queries(9):
            page = text_of(browser, f"{ADMIN}/{table}/")
        assert "service" in page or "component:default/one" in page, table
    upgrade = Upgrade.objects.get()
    assert upgrade.web_url in text_of(browser, f"{ADMIN}/upgrade/{upgrade.pk}/change/")
    assert "one" in text_of(browser, f"{ADMIN}/instance/{instance.pk}/change/")
    assert instance.version.commit in text_of(
        browser, f"{ADMIN}/templateversion/{instance.version_id}/change/"
    )
    assert text_of(browser, f"{ADMIN}/upgrade/?instance__id__exact={instance.pk}")
    assert text_of(browser, f"{ADMIN}/instance/?version__id__exact={instance.version_id}")


@pytest.mark.django_db
def test_campaigns_are_decided_about_by_who_may(api: Api, browser: Client, instance: Instance) -> None:
    campaign = api.post(f"{OURS}/campaigns", {"template": "service"}).json()["id"]
    assert "before its turn" in text_of(browser, f"{ADMIN}/campaign/{campaign}/change/")

    def decide(client: Client, action: str) -> str:
        body = {"action": action, "_selected_action": [campaign]}
        client.post(f"{ADMIN}/campaign/", body, follow=True)
        return str(Campaign.objects.get().state)

    onlooker = signed_in("bo", "view_campaign")
    assert decide(onlooker, "pause") == "running"
    assert decide(browser, "pause") == "paused"
    assert decide(browser, "resume") == "running"
    assert decide(browser, "cancel") == "cancelled"
    assert decide(browser, "resume") == "cancelled"


@pytest.mark.django_db
def test_each_page_leads_to_the_next(
    workshop: Workshop, api: Api, browser: Client, instance: Instance
) -> None:
    made = api.post(f"{OURS}/instances/{instance.pk}/upgrade", {}).json()
    execute_run(made["run"])
    upgrade = Upgrade.objects.get()
    version = f"templateversion/{instance.version_id}/change/"
    entity = f"/admin/catalog/entity/?{urlencode({'q': instance.entity_ref})}"
    for page, leads_to in {
        f"run/{instance.run_id}/change/": (version, f"instance/{instance.pk}/change/"),
        f"run/{upgrade.run_id}/change/": (f"upgrade/{upgrade.pk}/change/", upgrade.web_url),
        version: (f"run/?template_version__id__exact={instance.version_id}", "templateentity/?q="),
        f"instance/{instance.pk}/change/": (
            *(version, f"run/{instance.run_id}/change/", f"upgrade/?instance__id__exact={instance.pk}"),
            *(entity, "/git/acme/one"),
        ),
        f"upgrade/{upgrade.pk}/change/": (
            *(f"instance/{instance.pk}/change/", f"run/{upgrade.run_id}/change/", entity),
            *(f"templateversion/{upgrade.to_version_id}/change/", "component:default/one in local:acme/one"),
        ),
    }.items():
        text = text_of(browser, f"{ADMIN}/{page}")
        for place in leads_to:
            assert place in text, (page, place)
        assert "/history/" not in text  # Django's own log of edits, which knows nothing of these rows
    templates = text_of(browser, f"{ADMIN}/templateentity/")
    for table, told in {"templateversion": "2 template versions", "instance": "1 instance"}.items():
        (way,) = re.findall(rf'href="({ADMIN}/{table}/\?[^"]+service)"', templates)
        assert told in text_of(browser, way)
    runs = text_of(browser, f"{ADMIN}/run/?template_version__id__exact={instance.version_id}")
    assert str(instance.run_id) in runs
    assert str(upgrade.run_id) not in runs


@pytest.mark.django_db
def test_instances_tell_how_far_behind_they_are(browser: Client, instance: Instance) -> None:
    assert "1 behind" in text_of(browser, f"{ADMIN}/instance/?behind=yes")
    assert "0 instances" in text_of(browser, f"{ADMIN}/instance/?behind=no")
    Instance.objects.update(version=instance.version.__class__.objects.get(number=2))
    assert "up to date" in text_of(browser, f"{ADMIN}/instance/?behind=no")
    assert "0 instances" in text_of(browser, f"{ADMIN}/instance/?behind=yes")


@pytest.mark.django_db
def test_a_templates_page_tells_its_terms(workshop: Workshop, browser: Client) -> None:
    ref = offer(
        workshop, annotations={"greenroom.dev/deprecated": "too old", "greenroom.dev/run-by": "platform"}
    )
    uid = browser.get(f"{ADMIN}/templateentity/?q={ref}").context["cl"].result_list[0].pk
    text = text_of(browser, f"{ADMIN}/templateentity/{uid}/change/")
    assert "This template is deprecated: too old." in text
    assert "May be run by group:default/platform." in text


@pytest.mark.django_db
def test_a_campaigns_page_offers_what_is_possible_now_to_who_may(
    api: Api, browser: Client, instance: Instance
) -> None:
    campaign = api.post(f"{OURS}/campaigns", {"template": "service", "values": {"port": 8080}}).json()["id"]
    page = f"{ADMIN}/campaign/{campaign}/change/"

    def offered(client: Client) -> list[str]:
        return [name for name, _ in client.get(page).context["row_actions"]]

    assert offered(browser) == ["pause"]
    assert offered(signed_in("bo", "view_campaign")) == []
    Campaign.objects.update(state="paused")
    assert offered(browser) == ["resume", "accept"]
    Campaign.objects.update(state="cancelled")
    assert offered(browser) == []
    text = text_of(browser, page)
    assert "1 in all: 1 before its turn" in text
    assert "<th>port</th><td>8080</td>" in text


@pytest.mark.django_db
def test_notifications_tell_whom_and_whether_it_was_read(browser: Client, instance: Instance) -> None:
    run_id = str(instance.run_id)
    send(run_id=run_id, key="a", message=Message("one is ready"), recipients=["user:default/ana", ""])
    (to_ana,) = Notification.objects.filter(user_ref="user:default/ana")
    listed = f"{ADMIN}/notification/"
    assert ">no<" in text_of(browser, listed)
    mark(ids=[to_ana.pk], person="user:default/ana", read=True)
    text = text_of(browser, listed)
    assert ">yes<" in text
    assert "by nobody" in text
    assert run_id in text_of(browser, f"{listed}{to_ana.pk}/change/")
    assert "1 notification" in text_of(browser, f"{listed}?q=ana")
    sent = f"notification/?run__id__exact={run_id}"
    assert sent in text_of(browser, f"{ADMIN}/run/{run_id}/change/")
    assert "2 notifications" in text_of(browser, f"{ADMIN}/{sent}")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "table", ["campaign", "instance", "notification", "run", "templateversion", "upgrade"]
)
def test_a_table_without_rows_tells_where_they_come_from(browser: Client, table: str) -> None:
    assert browser.get(f"{ADMIN}/{table}/").context["cl"].model_admin.nothing_yet in text_of(
        browser, f"{ADMIN}/{table}/"
    ).replace("&#x27;", "'")
    assert "table-empty" not in text_of(browser, f"{ADMIN}/{table}/?q=x")  # there may be some


@pytest.mark.django_db
def test_a_list_costs_the_same_with_many_rows(workshop: Workshop, api: Api, browser: Client) -> None:
    def grow(name: str) -> None:
        workshop.run(offer(workshop, name=name), {"name": f"of-{name}"})
        change(workshop, name, {"skeleton/README.md": "second\n"})
        look_at_templates()
        made = Instance.objects.get(entity_ref=f"component:default/of-{name}")
        execute_run(api.post(f"{OURS}/instances/{made.pk}/upgrade", {}).json()["run"])
        api.post(f"{OURS}/campaigns", {"template": name})
        send(run_id=str(made.run_id), key=name, message=Message(name), recipients=["user:default/ana"])

    grow("first")
    tables = ("campaign", "instance", "notification", "run", "templateentity", "templateversion", "upgrade")
    few = {table: queries(browser, f"{ADMIN}/{table}/") for table in tables}
    assert max(few.values()) <= 9, few
    grow("second")
    grow("third")
    assert {table: queries(browser, f"{ADMIN}/{table}/") for table in tables} == few


@pytest.mark.django_db
def test_what_a_template_gives_as_link_is_a_link_only_to_the_web(workshop: Workshop, browser: Client) -> None:
    run_id = workshop.run(
        workshop.offer("log", [{"id": "log", "action": "debug:log", "input": {"message": "x"}}])
    )
    shown = [
        {"title": "Docs", "url": "https://docs.example/"},
        {"title": "Trap", "url": "javascript:alert(1)"},
    ]
    Run.objects.update(output={"links": shown})
    text = text_of(browser, f"{ADMIN}/run/{run_id}/change/")
    assert '<a href="https://docs.example/" rel="noreferrer">Docs</a>' in text
    assert 'href="javascript' not in text
    assert links.outside("data:text/html,x", "<b>") == "&lt;b&gt;"


@pytest.mark.django_db
def test_times_are_told_in_the_order_that_sorts(browser: Client, instance: Instance) -> None:
    assert f"{instance.made_at:%Y-%m-%d %H:%M}" in text_of(browser, f"{ADMIN}/instance/")


@pytest.mark.django_db(transaction=True)
def test_the_commands(live_server: Any, api: Api, instance: Instance, greenroom: Command) -> None:  # noqa: F811
    to = {"url": live_server.url, "token": api.secret}
    status, out, _ = greenroom("scaffold", "instances", "service", **to)
    assert status == 0
    assert "component:default/one  acme/one    1        2              1" in out
    status, out, err = greenroom("scaffold", "upgrade", "one", **to)
    assert (status, out.strip()) == (0, str(Upgrade.objects.get().run_id))
    assert "from version 1 to 2" in err
    status, _, err = greenroom("scaffold", "upgrade", "two", **to)
    assert status == 1
    assert "was not made from a template here" in err
