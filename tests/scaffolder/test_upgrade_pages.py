"""The registry, upgrades and campaigns in the admin, and from the command line."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from scaffolder.models import Instance
from scaffolder.registry.timetable import look_at_templates
from scaffolder.tasks import execute_run
from scaffolder.upgrades.models import Campaign, Upgrade
from tests.config.test_client import greenroom  # noqa: F401 - a fixture
from tests.conftest import Api
from tests.scaffolder.conftest import Workshop
from tests.scaffolder.registry_world import change, offer
from tests.scaffolder.test_admin import signed_in, text_of

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
