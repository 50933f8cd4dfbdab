"""States, leases and sweeps: one UPDATE decides, and who lost writes nothing."""

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.models import Location
from core import sweeps
from core.leases import claim, keep, release
from core.models import SweepRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def row() -> Location:
    return Location.objects.create(
        type="url", target="http://x/y.yaml", entity_ref="location:default/generated-1"
    )


def test_one_of_two_workers_gets_the_row(row: Location) -> None:
    mine = claim(Location.objects.all(), row.pk)
    assert mine is not None
    assert mine.attempts == 1
    assert claim(Location.objects.all(), row.pk) is None


def test_a_lease_that_ran_out_is_taken_over_with_a_higher_number(row: Location) -> None:
    claim(Location.objects.all(), row.pk)
    Location.objects.filter(pk=row.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    taken = claim(Location.objects.all(), row.pk)
    assert taken is not None
    assert taken.attempts == 2


def test_the_loser_cannot_give_back_what_another_holds(row: Location) -> None:
    old = claim(Location.objects.all(), row.pk)
    assert old is not None
    Location.objects.filter(pk=row.pk).update(lease_until=None)
    claim(Location.objects.all(), row.pk)
    release(old)
    row.refresh_from_db()
    assert row.lease_until is not None


@pytest.mark.django_db(transaction=True)
def test_a_lost_lease_is_noticed(row: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.leases.RENEW_EVERY", 0.01)
    mine = claim(Location.objects.all(), row.pk)
    assert mine is not None
    with keep(mine) as keeper:
        assert not keeper.lost.wait(0.1)
        Location.objects.filter(pk=row.pk).update(attempts=mine.attempts + 1)
        assert keeper.lost.wait(5)


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeps, "_sweeps", {})


@pytest.mark.usefixtures("registry")
def test_a_sweep_that_fails_does_not_stop_the_next_and_none_runs_early(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ran: list[str] = []

    @sweeps.sweep("one", every=timedelta(minutes=1))
    def one() -> None:
        ran.append("one")
        raise RuntimeError("broken")

    @sweeps.sweep("two", every=timedelta(minutes=1))
    def two() -> None:
        ran.append("two")

    assert sweeps.run_due() == ["one", "two"]
    assert sweeps.run_due() == []
    assert ran == ["one", "two"]
    assert "sweep failed" in caplog.text
    SweepRun.objects.filter(name="two").update(ran_at=timezone.now() - timedelta(minutes=2))
    assert sweeps.run_due() == ["two"]


@pytest.mark.usefixtures("registry")
def test_two_sweeps_of_one_name_are_refused() -> None:
    sweeps.sweep("one", every=timedelta(minutes=1))(lambda: None)
    with pytest.raises(ValueError, match="registered already"):
        sweeps.sweep("one", every=timedelta(minutes=1))(lambda: None)
