"""A version for many repositories: canary first, the next wave when the one before is well."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from core.errors import InputError
from scaffolder.models import Instance, Run
from scaffolder.tasks import advance_campaign, execute_run
from scaffolder.upgrades import advancing
from scaffolder.upgrades.models import Campaign, Member, Upgrade
from scaffolder.upgrades.states import CAMPAIGN_MOVES, UPGRADE_MOVES, CampaignState, UpgradeState
from scaffolder.upgrades.waves import SETTLING, Seen, Standing, sizes, standing
from scm import registry
from scm.local import LocalHost
from scm.registry import publishing_host
from scm.values import CheckState, RepositoryName
from tests.conftest import Api
from tests.scaffolder.conftest import Workshop
from tests.scaffolder.registry_world import change, offer

CAMPAIGNS = "/api/v1/scaffolder/campaigns"
NOW = datetime(2030, 1, 1, tzinfo=UTC)
database = pytest.mark.django_db


@pytest.mark.parametrize(
    ("waves", "total", "expected"),
    [
        ([1, 5, "25%"], 40, [1, 5, 10, 24]),
        ([1, "10%", "100%"], 3, [1, 1, 1]),
        ([1, "100%"], 1, [1]),
        ([10], 4, [4]),
        ([], 4, [4]),
    ],
)
def test_sizes_of_waves(waves: list[int | str], total: int, expected: list[int]) -> None:
    assert sizes(waves, total) == expected


@pytest.mark.parametrize("wave", [0, -1, True, "0%", "101%", "5", "x%", "1e1%", "%", 2**40])
def test_waves_that_are_none(wave: Any) -> None:
    with pytest.raises(InputError, match="neither a number"):
        sizes([wave], 10)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (Seen(None), Standing.WAITING),
        (Seen(None, problem="no"), Standing.BAD),
        (Seen("running"), Standing.WAITING),
        (Seen("open"), Standing.WELL),
        (Seen("open", draft=True), Standing.WAITING),
        (Seen("open", checks=CheckState.GREEN), Standing.WELL),
        (Seen("open", checks=CheckState.PENDING), Standing.WAITING),
        (Seen("open", checks=CheckState.RED), Standing.BAD),
        (Seen("open", checks=CheckState.NONE, opened_at=NOW), Standing.WAITING),
        (
            Seen("open", checks=CheckState.NONE, opened_at=NOW - SETTLING - timedelta(seconds=1)),
            Standing.WELL,
        ),
        (Seen("merged", checks=CheckState.RED), Standing.WELL),
        (Seen("unchanged"), Standing.WELL),
        (Seen("failed"), Standing.BAD),
        (Seen("closed"), Standing.BAD),
        (Seen("closed", accepted=True), Standing.WELL),
    ],
)
def test_how_a_member_stands(seen: Seen, expected: Standing) -> None:
    assert standing(seen, NOW) == expected


def test_every_state_can_be_reached_and_ended_ones_stay() -> None:
    assert set(UPGRADE_MOVES) == set(UpgradeState)
    assert set(CAMPAIGN_MOVES) == set(CampaignState)
    left = {source for sources in CAMPAIGN_MOVES.values() for source in sources}
    assert left == {CampaignState.RUNNING, CampaignState.PAUSED}


@pytest.fixture
def five(workshop: Workshop) -> list[Instance]:
    """Five repositories of version 1; the template is at version 2."""
    ref = offer(workshop)
    for number in range(5):
        workshop.run(ref, {"name": f"s{number}"})
    change(workshop, "service", {"skeleton/README.md": "second\n"})
    return list(Instance.objects.order_by("pk"))


class CheckingHost(LocalHost):
    """A local host that also has checks. A class of its own: whether one has them is remembered by class."""

    said = CheckState.PENDING

    def __init__(self) -> None:
        super().__init__()
        self.of: dict[str, CheckState] = {}  # what is said of single repositories instead

    def checks(self, name: RepositoryName, sha: str) -> CheckState:
        return self.of.get(name.name, self.said)


@pytest.fixture
def checking() -> Iterator[CheckingHost]:
    """The local host is one with checks."""
    plain, found = registry.host("local"), CheckingHost()
    registry.forget("local")
    registry.register(found)
    yield found
    registry.forget("local")
    registry.register(plain)


def begin(api: Api, **body: Any) -> int:
    answer = api.post(CAMPAIGNS, {"template": "service", **body})
    assert answer.status_code == 202, answer.content
    return int(answer.json()["id"])


def step(campaign: int) -> None:
    """A step of the campaign, and the runs that it began."""
    advance_campaign(str(campaign))
    for run in Run.objects.filter(serves="upgrade", state="open"):
        execute_run(str(run.pk))
    advance_campaign(str(campaign))


def shown(api: Api, campaign: int) -> dict[str, Any]:
    return dict(api.get(f"{CAMPAIGNS}/{campaign}").json())


def pulls(name: str) -> list[Any]:
    host: Any = publishing_host("local")
    return list(host.open_pull_requests(RepositoryName("acme", name)))


@database
def test_waves_follow_each_other_to_the_end(api: Api, five: list[Instance]) -> None:
    campaign = begin(api, waves=[1, "40%"])
    assert shown(api, campaign)["campaign"]["waves"] == [1, 2, 2]
    step(campaign)  # without checks of its host, a pull request that is open is well
    assert [len(pulls(f"s{number}")) for number in range(5)] == [1, 0, 0, 0, 0]
    assert shown(api, campaign)["campaign"]["wave"] == 2
    step(campaign)
    step(campaign)
    found = shown(api, campaign)
    assert found["campaign"]["state"] == "completed"
    assert found["counts"] == {"total": 5, "waiting": 0, "open": 5}


@database
def test_the_next_wave_waits_for_green_checks_and_red_ones_pause(
    api: Api, five: list[Instance], checking: CheckingHost
) -> None:
    campaign = begin(api, waves=[1, 1])
    step(campaign)
    found = shown(api, campaign)["campaign"]
    assert (found["state"], found["wave"]) == ("running", 1)
    assert found["reason"] == "wave 1 of 3: 0 of 1 are well"
    checking.said = CheckState.RED
    step(campaign)
    found = shown(api, campaign)["campaign"]
    assert (found["state"], found["reason"]) == ("paused", "component:default/s0: its checks are red")
    step(campaign)
    assert Upgrade.objects.count() == 1
    checking.said = CheckState.GREEN
    assert api.post(f"{CAMPAIGNS}/{campaign}/resume", {}).json()["state"] == "running"
    step(campaign)
    assert shown(api, campaign)["campaign"]["wave"] == 2


@database
def test_a_declined_canary_pauses_until_somebody_accepts_it(
    api: Api, five: list[Instance], checking: CheckingHost
) -> None:
    campaign = begin(api, waves=[1])
    step(campaign)
    host: Any = publishing_host("local")
    host.close_pull_request(RepositoryName("acme", "s0"), pulls("s0")[0].number, by="tests")
    step(campaign)
    found = shown(api, campaign)["campaign"]
    assert (found["state"], found["reason"]) == ("paused", "component:default/s0: its upgrade is closed")
    api.post(f"{CAMPAIGNS}/{campaign}/resume", {"accept": True})
    step(campaign)
    assert shown(api, campaign)["campaign"]["wave"] == 2
    (first, *_) = api.get(f"{CAMPAIGNS}/{campaign}/members").json()["items"]
    assert (first["upgrade"], first["accepted"]) == ("closed", True)


@database
def test_what_cannot_be_begun_pauses_and_is_tried_again(api: Api, five: list[Instance]) -> None:
    campaign = begin(api, waves=[5])
    uid = api.get("/api/catalog/entities/by-name/component/default/s2").json()["metadata"]["uid"]
    api.delete(f"/api/catalog/entities/by-uid/{uid}")
    step(campaign)
    found = shown(api, campaign)
    assert found["campaign"]["state"] == "paused"
    assert "s2 is not in the catalog any more" in found["campaign"]["reason"]
    assert found["counts"]["open"] == 4
    api.post(f"{CAMPAIGNS}/{campaign}/resume", {})
    step(campaign)
    assert shown(api, campaign)["campaign"]["state"] == "paused"
    assert Upgrade.objects.count() == 4


@database
def test_openings_are_bounded_and_a_paused_campaign_begins_none(api: Api, workshop: Workshop) -> None:
    ref = offer(workshop)
    for number in range(7):
        workshop.run(ref, {"name": f"s{number}"})
    change(workshop, "service", {"skeleton/README.md": "second\n"})
    campaign = begin(api, waves=[7])
    advance_campaign(str(campaign))
    assert Upgrade.objects.count() == 5
    assert api.post(f"{CAMPAIGNS}/{campaign}/pause", {}).json()["state"] == "paused"
    advance_campaign(str(campaign))
    assert Upgrade.objects.count() == 5
    assert api.post(f"{CAMPAIGNS}/{campaign}/pause", {}).status_code == 409
    assert api.post(f"{CAMPAIGNS}/{campaign}/cancel", {}).json()["state"] == "cancelled"
    assert api.post(f"{CAMPAIGNS}/{campaign}/resume", {}).status_code == 409


@database
def test_a_worker_that_lost_the_campaign_begins_nothing(api: Api, five: list[Instance]) -> None:
    campaign = begin(api)
    later = datetime.now(UTC) + timedelta(minutes=1)
    Campaign.objects.filter(pk=campaign).update(lease_until=later)
    advance_campaign(str(campaign))
    assert not Upgrade.objects.exists()


@database
def test_what_is_refused(api: Api, as_role: Any, five: list[Instance]) -> None:
    for body, status in (
        ({"waves": ["x"]}, 400),
        ({"waves": 5}, 400),
        ({"instances": [999_999]}, 400),
        ({"instances": ["a"]}, 400),
        ({"version": 1}, 400),
        ({"version": 9}, 404),
        ({"nothing": 1}, 400),
        ({"template": "nowhere"}, 404),
    ):
        assert api.post(CAMPAIGNS, {"template": "service", **body}).status_code == status, body
    assert as_role("developer").post(CAMPAIGNS, {"template": "service"}).status_code == 403
    assert api.get(f"{CAMPAIGNS}/999999").status_code == 404
    assert not Campaign.objects.exists()
    begin(api, instances=[five[1].pk])
    assert api.post(CAMPAIGNS, {"template": "service"}).status_code == 409
    assert Member.objects.get().instance_id == five[1].pk


@database
def test_lists_are_bounded_and_ask_a_fixed_number_of_times(
    api: Api, five: list[Instance], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    campaign = begin(api)
    with django_assert_max_num_queries(5):
        page = api.get(f"{CAMPAIGNS}/{campaign}/members", {"limit": 2}).json()
    assert len(page["items"]) == 2
    rest = api.get(f"{CAMPAIGNS}/{campaign}/members", {"cursor": page["pageInfo"]["nextCursor"], "limit": 2})
    assert len(rest.json()["items"]) == 2
    with django_assert_max_num_queries(4):
        assert [one["id"] for one in api.get(CAMPAIGNS).json()["items"]] == [campaign]


@database
def test_those_whose_checks_nobody_has_seen_are_asked_for_first(
    monkeypatch: pytest.MonkeyPatch, api: Api, five: list[Instance], checking: CheckingHost
) -> None:
    """Repositories without any check stay in question for ten minutes: the others do not wait for them."""
    monkeypatch.setattr(advancing, "LOOKS", 2)
    checking.said = CheckState.NONE
    campaign = begin(api, waves=[5])
    step(campaign)
    for _ in range(2):
        advance_campaign(str(campaign))
    assert list(Member.objects.values_list("checks", flat=True)) == [CheckState.NONE] * 5


@database
def test_checks_that_turn_red_after_they_were_green_pause(
    api: Api, five: list[Instance], checking: CheckingHost
) -> None:
    campaign = begin(api, waves=[2])
    checking.of = {"s0": CheckState.GREEN}
    step(campaign)
    assert shown(api, campaign)["campaign"]["reason"] == "wave 1 of 2: 1 of 2 are well"
    checking.of = {"s0": CheckState.RED}
    Member.objects.update(checked_at=timezone.now() - advancing.GREEN_FOR)
    advance_campaign(str(campaign))
    found = shown(api, campaign)["campaign"]
    assert (found["state"], found["reason"]) == ("paused", "component:default/s0: its checks are red")


@database
def test_accepting_what_failed_skips_none_that_was_not_begun(api: Api, workshop: Workshop) -> None:
    ref = offer(workshop)
    for number in range(7):
        workshop.run(ref, {"name": f"s{number}"})
    change(workshop, "service", {"skeleton/README.md": "second\n"})
    campaign = begin(api, waves=[7])
    uid = api.get("/api/catalog/entities/by-name/component/default/s0").json()["metadata"]["uid"]
    api.delete(f"/api/catalog/entities/by-uid/{uid}")
    advance_campaign(str(campaign))
    assert shown(api, campaign)["campaign"]["state"] == "paused"
    api.post(f"{CAMPAIGNS}/{campaign}/resume", {"accept": True})
    for _ in range(2):
        step(campaign)
    found = shown(api, campaign)
    assert (found["campaign"]["state"], found["counts"]["open"]) == ("completed", 6)


@database
def test_what_was_red_is_asked_for_again_before_it_pauses_again(
    monkeypatch: pytest.MonkeyPatch, api: Api, five: list[Instance], checking: CheckingHost
) -> None:
    campaign = begin(api, waves=[2])
    checking.of = {"s1": CheckState.RED}
    step(campaign)
    assert shown(api, campaign)["campaign"]["state"] == "paused"
    checking.of = {}
    monkeypatch.setattr(advancing, "LOOKS", 1)
    api.post(f"{CAMPAIGNS}/{campaign}/resume", {})
    advance_campaign(str(campaign))
    assert shown(api, campaign)["campaign"]["state"] == "running"
