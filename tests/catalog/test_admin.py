"""The catalog in the admin: what is found, what may be done, and that a page costs the same in a large catalog."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.admin import confirming, listing, shown
from catalog.models import Entity, Location, Relation
from core.models import AuditEvent
from identity.models import Person
from tests.catalog.conftest import FileServer
from tests.catalog.documents import component, group, location, several

pytestmark = pytest.mark.django_db
ENTITIES, LOCATIONS, RELATIONS = (f"/admin/catalog/{name}/" for name in ("entity", "location", "relation"))
Work = Callable[[], None]


@pytest.fixture(autouse=True)
def fresh_choices() -> Iterator[None]:
    """The numbers beside the filters are kept for a while, and tests are faster than that."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def browser() -> Client:
    return signed_in("ada", superuser=True)


@pytest.fixture
def catalog(web: FileServer, work: Work) -> Location:
    """Two components, a group that has a parent, and a broken file."""
    root = location("all", "./things.yaml", "./broken.yaml")
    tagged = component("payments", "team-a").replace("name: payments", "name: payments\n  tags: [python]")
    things = several(
        tagged, component("shop", "group:default/team-b", subcomponentOf="payments"), group("team-a")
    )
    web.put("things.yaml", things)
    web.put("broken.yaml", "kind: [")
    return registered(web, work, "root.yaml", root)


def signed_in(name: str, *, superuser: bool = False, may: tuple[str, ...] = ()) -> Client:
    person = Person.objects.create_user(name, password="pass", is_staff=True, is_superuser=superuser)
    for codename in may:
        person.user_permissions.add(
            Permission.objects.get(codename=codename, content_type__app_label="catalog")
        )
    client = Client()
    client.force_login(person)
    return client


def registered(web: FileServer, work: Work, path: str, text: str) -> Location:
    made = Location.objects.create(
        type="url", target=web.put(path, text), entity_ref=f"location:default/{path}"
    )
    work()
    return made


def listed(client: Client, query: str = "") -> list[str]:
    page = client.get(f"{ENTITIES}{query}")
    assert page.status_code == 200, page.content
    found = re.findall(r'/change/[^"]*">([^<]+)</a></th>', page.content.decode())
    return [ref.removeprefix("component:default/") for ref in found if not ref.startswith("location:")]


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.content
    return str(answer.content.decode())


def act(client: Client, where: str, action: str, *chosen: Any, confirmed: bool = False) -> str:
    body = {"action": action, "_selected_action": [str(each.pk) for each in chosen]}
    answer = client.post(where, {**body, **({"confirmed": "yes"} if confirmed else {})}, follow=True)
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?kind=Component", ["payments", "shop"]),
        ("?kind=group", ["group:default/team-a"]),
        ("?kind=Component&tag=python", ["payments"]),
        ("?tag=PYTHON", ["payments"]),
        ("?owner=team-a", ["payments"]),
        ("?owner=group:default/team-b", ["shop"]),
        ("?type=service&lifecycle=production", ["payments", "shop"]),
        ("?lifecycle=deprecated", []),
        ("?state=errors", []),
        ("?state=orphan", []),
        ("?q=pay", ["payments"]),
        ("?q=PAYMENTS", ["payments"]),
        ("?q=component:default/s", ["shop"]),
        ("?q=ayments", []),
        ("?q=100%25", []),
    ],
)
def test_entities_are_filtered_and_looked_up(
    browser: Client, catalog: Location, query: str, found: list[str]
) -> None:
    assert listed(browser, query) == found


def test_an_entity_tells_what_is_known_of_it(browser: Client, catalog: Location) -> None:
    payments = Entity.objects.by_ref("component:default/payments")
    text = page(browser, f"{ENTITIES}{payments.pk}/change/")
    for expected in (
        "hasPart",
        "component:default/shop",
        "group:default/team-a",
        "created by",
        str(catalog),
        "location:default/all",
    ):
        assert expected in text
    assert "&quot;spec&quot;: {" in text
    assert "things.yaml" in text


def test_what_one_location_holds_is_listed_by_its_page(browser: Client, catalog: Location) -> None:
    text = page(browser, f"{LOCATIONS}{catalog.pk}/change/")
    assert "broken.yaml" in text
    (address,) = re.findall(rf'{ENTITIES}(\?location=[^"]+)"', text)
    assert listed(browser, address) == ["payments", "shop", "group:default/team-a"]
    assert listed(browser, "?location=00000000-0000-0000-0000-000000000000") == []
    assert listed(browser, "?location=nonsense") == []


def test_choices_come_with_numbers_and_filters_go_together(browser: Client, catalog: Location) -> None:
    text = page(browser, f"{ENTITIES}?kind=Component")
    assert "Component (2)" in text
    assert '<input type="hidden" name="kind" value="Component">' in text  # typed filters keep the others


def test_any_other_condition_in_an_address_is_refused(browser: Client, catalog: Location) -> None:
    for address in (
        f"{ENTITIES}?title__regex=a",
        f"{RELATIONS}?type__contains=a",
        f"{LOCATIONS}?target__contains=a",
    ):
        assert browser.get(address).status_code == 400


def test_relations_are_found_by_either_end(browser: Client, catalog: Location) -> None:
    for end in ("component:default/shop", "component:default/payments"):
        assert page(browser, f"{RELATIONS}?q={end}").count("subcomponentOf") == 0
        assert "hasPart" in page(browser, f"{RELATIONS}?q={end}")
    assert "0 relations" in page(browser, f"{RELATIONS}?q=shop")


# ---- acting


def test_unregistering_asks_and_names_what_goes(browser: Client, catalog: Location) -> None:
    shop = Entity.objects.by_ref("component:default/shop")
    asked = act(browser, ENTITIES, "unregister", shop)
    assert str(catalog) in asked
    assert "component:default/payments" in asked
    assert Entity.objects.filter(pk=shop.pk).exists()
    assert "1 location unregistered" in act(browser, ENTITIES, "unregister", shop, confirmed=True)
    assert not Entity.objects.exists()
    assert not Location.objects.exists()
    assert AuditEvent.objects.filter(verb="unregistered", actor="user:default/ada").count() == 1


def test_what_the_configuration_names_is_not_unregistered(browser: Client, catalog: Location) -> None:
    Location.objects.update(origin=Location.Origin.CONFIG)
    asked = act(browser, LOCATIONS, "unregister", catalog)
    assert "GREENROOM_CATALOG_LOCATIONS" in asked
    assert "There is nothing to be done" in asked
    assert "Nothing unregistered" in act(browser, LOCATIONS, "unregister", catalog, confirmed=True)
    assert Location.objects.get() == catalog


def test_an_orphan_goes_by_itself(browser: Client, catalog: Location, web: FileServer) -> None:
    Entity.objects.filter(ref="component:default/shop").update(location=None)
    shop = Entity.objects.by_ref("component:default/shop")
    assert "1 orphan unregistered" in act(browser, ENTITIES, "unregister", shop, confirmed=True)
    assert not Entity.objects.filter(pk=shop.pk).exists()
    assert Entity.objects.filter(ref="component:default/payments").exists()


@pytest.mark.parametrize("where", [ENTITIES, LOCATIONS])
def test_refreshing_asks_and_rings(browser: Client, catalog: Location, where: str) -> None:
    chosen = catalog if where == LOCATIONS else Entity.objects.by_ref("component:default/shop")
    assert str(catalog) in act(browser, where, "refresh", chosen)
    assert Location.objects.get().requested_at is None
    assert "1 location will be read at once" in act(browser, where, "refresh", chosen, confirmed=True)
    assert Location.objects.get().requested_at is not None


def test_who_may_look_may_not_act(catalog: Location) -> None:
    viewer = signed_in("vera", may=("view_entity", "view_location"))
    shop = Entity.objects.by_ref("component:default/shop")
    assert listed(viewer, "?kind=Component") == ["payments", "shop"]
    for action in ("refresh", "unregister"):
        assert f'value="{action}"' not in page(viewer, f"{ENTITIES}{shop.pk}/change/")
        assert f'value="{action}"' not in page(viewer, ENTITIES)
        act(viewer, ENTITIES, action, shop, confirmed=True)
    assert Location.objects.get().requested_at is None
    refresher = signed_in("rita", may=("view_location", "change_location"))
    offered = page(refresher, LOCATIONS)
    assert 'value="refresh"' in offered
    assert 'value="unregister"' not in offered
    assert signed_in("nils").get(ENTITIES).status_code == 403


def test_an_action_takes_no_more_than_people_look_through(
    browser: Client, catalog: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confirming, "MOST_CHOSEN", 1)
    said = act(browser, ENTITIES, "unregister", *Entity.objects.all(), confirmed=True)
    assert "nothing was done" in said
    assert Entity.objects.count() > 1


# ---- cost


def queries(client: Client, address: str) -> list[str]:
    page(client, address)  # choices are counted, permissions are read
    with CaptureQueriesContext(connection) as captured:
        page(client, address)
    return [query["sql"] for query in captured.captured_queries]


LISTS = [
    *(ENTITIES, f"{ENTITIES}?kind=Component", f"{ENTITIES}?tag=python&owner=team-a", f"{ENTITIES}?q=thing"),
    *(f"{ENTITIES}?state=errors", LOCATIONS, f"{LOCATIONS}?state=errors", f"{LOCATIONS}?q=http", RELATIONS),
    f"{RELATIONS}?q=group:default/team-a",
]


def fill(web: FileServer, work: Work, count: int, name: str) -> None:
    many = (component(f"thing-{name}-{number}", "team-a") for number in range(count))
    for number in range(count // 10):
        registered(web, work, f"{name}-{number}.yaml", location(f"{name}-{number}", "./none.yaml"))
    registered(web, work, f"{name}.yaml", several(*many))


def test_a_list_costs_the_same_with_many_rows(browser: Client, web: FileServer, work: Work) -> None:
    fill(web, work, 10, "few")
    few = {address: len(queries(browser, address)) for address in LISTS}
    assert max(few.values()) <= 5
    fill(web, work, 120, "many")
    assert Entity.objects.count() > 2 * listing.PER_PAGE
    assert {address: len(queries(browser, address)) for address in LISTS} == few


def test_a_page_costs_the_same_with_many_relations(browser: Client, web: FileServer, work: Work) -> None:
    registered(web, work, "team.yaml", group("team-a"))
    team = Entity.objects.by_ref("group:default/team-a")
    address = f"{ENTITIES}{team.pk}/change/"
    alone = len(queries(browser, address))
    assert alone <= 10
    fill(web, work, 120, "many")
    assert Relation.objects.filter(target_ref=team.ref).count() == 120
    assert len(queries(browser, address)) == alone
    assert page(browser, address).count(">component:default/thing-many") == shown.MOST_OF_A_KIND
    assert "… and 100 more" in page(browser, address)


def test_nothing_is_counted_or_walked_without_an_end(browser: Client, web: FileServer, work: Work) -> None:
    fill(web, work, 60, "many")
    for address in LISTS:
        asked = [sql for sql in queries(browser, address) if "catalog_" in sql]
        assert asked
        for sql in asked:
            assert "LIMIT" in sql, (address, sql)
            assert "DISTINCT" not in sql
            assert not re.search(r"LIKE '?\W*%", sql), (address, sql)


def test_a_list_leads_no_further_than_people_turn_pages(
    browser: Client, web: FileServer, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(web, work, 60, "many")
    assert "There are more" not in page(browser, ENTITIES)
    monkeypatch.setattr(listing, "FARTHEST", 50)
    text = page(browser, ENTITIES)
    assert "There are more" in text
    assert "50 entities" in text


def test_few_that_match_are_gathered_in_the_order_of_the_list(
    browser: Client, web: FileServer, work: Work
) -> None:
    fill(web, work, 60, "many")
    both = [*listed(browser, "?kind=Component"), *listed(browser, "?kind=Component&p=2")]
    assert both == sorted(f"thing-many-{number}" for number in range(60))


def test_a_long_document_is_cut(browser: Client, catalog: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "LONGEST_DOCUMENT", 100)
    payments = Entity.objects.by_ref("component:default/payments")
    assert "characters more; the API sends all of it" in page(browser, f"{ENTITIES}{payments.pk}/change/")
