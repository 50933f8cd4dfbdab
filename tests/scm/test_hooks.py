"""Webhooks of the local host: signed, sent from rows, repeated, bounded, and never to where they must not go."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from core.errors import AddressRefused, Conflict, InputError
from core.jobs import Job
from core.models import AuditEvent
from scm import hooks, sweeps, tasks
from scm.fakes.server import FakeServer, Reply
from scm.local import LocalHost
from scm.models import HookDelivery, LocalBranchRules, LocalHook
from scm.values import BranchRules
from tests.scm.conftest import ANA, NAME

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def receiver(settings: Settings) -> Iterator[FakeServer]:
    with FakeServer() as made:
        settings.GREENROOM_HOOKS_ALLOW = ["*", made.url.removeprefix("http://")]
        made.route("POST", "/hook", lambda _: Reply(200, {}))
        yield made


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The deliveries that a worker was rung for."""
    made: list[str] = []
    real = Job.now
    monkeypatch.setattr(
        Job, "now", lambda job, pk: made.append(pk) if job.name == "scm.send_hook" else real(job, pk)
    )
    return made


def change(host: LocalHost, files: Path, content: str = "1") -> str:
    (files / "a").write_text(content)
    return host.push_tree(NAME, files, branch="main", message="m", author=ANA)


def test_a_push_is_told_with_a_signature(
    repository: LocalHost, files: Path, receiver: FakeServer, rung: list[str]
) -> None:
    repository.add_hook(NAME, f"{receiver.url}/hook", events=["push"], secret="canary-secret")
    sha = change(repository, files)
    assert receiver.asked == []  # nobody waits for a receiver
    (pk,) = rung
    for _ in range(2):
        tasks.send_hook(pk)
    (asked,) = receiver.asked
    said = json.loads(asked.body)
    assert (said["event"], said["repository"], said["after"]) == ("push", "acme/payments", sha)
    expected = hmac.new(b"canary-secret", asked.body, hashlib.sha256).hexdigest()
    assert asked.headers["x-hub-signature-256"] == f"sha256={expected}"
    assert asked.headers["x-greenroom-event"] == "push"
    delivery = HookDelivery.objects.get()
    assert asked.headers["x-greenroom-delivery"] == str(delivery.key)
    assert (delivery.state, delivery.outcome) == ("delivered", "answered 200 OK")
    assert LocalHook.objects.get().last_outcome == "answered 200 OK"
    kept = [
        *LocalHook.objects.values_list(),
        *AuditEvent.objects.values_list(),
        *HookDelivery.objects.values_list(),
    ]
    assert "canary" not in repr(kept)


def test_only_those_who_asked_for_it_hear_of_it(
    repository: LocalHost, files: Path, receiver: FakeServer, rung: list[str]
) -> None:
    for path, events, active in (
        ("/all", ["*"], True),
        ("/pulls", ["pull_request"], True),
        ("/off", ["push"], False),
    ):
        repository.add_hook(NAME, f"{receiver.url}{path}", events=events, active=active)
    change(repository, files)
    assert [delivery.hook.url for delivery in HookDelivery.objects.all()] == [f"{receiver.url}/all"]


def test_a_form_and_no_secret(
    repository: LocalHost, files: Path, receiver: FakeServer, rung: list[str]
) -> None:
    repository.add_hook(NAME, f"{receiver.url}/hook", events=["push"], content_type="form")
    change(repository, files)
    tasks.send_hook(rung[0])
    (asked,) = receiver.asked
    assert json.loads(parse_qs(asked.body.decode())["payload"][0])["event"] == "push"
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert "x-hub-signature-256" not in asked.headers


def test_who_is_away_is_asked_again_with_growing_pauses_for_a_day(
    repository: LocalHost, files: Path, receiver: FakeServer, rung: list[str]
) -> None:
    repository.add_hook(NAME, f"{receiver.url}/hook", events=["push"])
    change(repository, files)
    receiver.down = True
    pauses = []
    for attempt in range(1, 30):
        before = timezone.now()
        tasks.send_hook(rung[0])
        delivery = HookDelivery.objects.get()
        assert delivery.attempts == attempt
        if delivery.state == "failed":
            break
        pauses.append(round((delivery.due - before).total_seconds()))
        tasks.send_hook(rung[0])  # too early: nothing happens
        assert HookDelivery.objects.get().attempts == attempt
        earlier = timedelta(seconds=pauses[-1] + 1)
        HookDelivery.objects.update(due=delivery.due - earlier, created=delivery.created - earlier)
    assert pauses[:5] == [10, 30, 90, 270, 810]
    assert pauses[-1] == 4 * 3600
    assert sum(pauses) <= 24 * 3600
    assert HookDelivery.objects.get().outcome.startswith(f"given up after {attempt} attempts")
    assert len(receiver.asked) == attempt


def test_the_sweep_rings_for_what_is_due(
    repository: LocalHost, files: Path, receiver: FakeServer, rung: list[str]
) -> None:
    repository.add_hook(NAME, f"{receiver.url}/hook", events=["push"])
    change(repository, files)
    rung.clear()  # the bell was lost
    sweeps.ring_due_hooks()
    receiver.fail("/hook", 500)
    tasks.send_hook(rung.pop())
    assert HookDelivery.objects.get().outcome == "attempt 1: answered 500 Internal Server Error"
    sweeps.ring_due_hooks()
    assert rung == []
    HookDelivery.objects.update(due=timezone.now())
    sweeps.ring_due_hooks()
    tasks.send_hook(rung.pop())
    assert HookDelivery.objects.get().state == "delivered"
    first, second = receiver.asked
    assert (first.body, first.headers["x-greenroom-delivery"]) == (
        second.body,
        second.headers["x-greenroom-delivery"],
    )


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:80/x", "http://169.254.169.254/latest", "http://[::1]/", "http://10.0.0.1/x"]
)
def test_an_inner_address_is_refused_at_once(repository: LocalHost, url: str) -> None:
    with pytest.raises(AddressRefused):
        repository.add_hook(NAME, url, events=["push"])
    assert not LocalHook.objects.exists()


def test_a_name_that_leads_inside_is_refused_when_it_is_asked(
    repository: LocalHost, files: Path, receiver: FakeServer, rung: list[str], settings: Settings
) -> None:
    address = receiver.url.replace("127.0.0.1", "localhost")
    repository.add_hook(NAME, f"{address}/hook", events=["push"])
    settings.GREENROOM_HOOKS_ALLOW = ["*"]  # which allows the name, and not what it leads to
    change(repository, files)
    tasks.send_hook(rung[0])
    delivery = HookDelivery.objects.get()
    assert (delivery.state, receiver.asked) == ("failed", [])
    assert "loopback" in delivery.outcome


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"events": ["deploy"]}, "deploy"),
        ({"events": []}, "events"),
        ({"content_type": "xml"}, "xml"),
        ({"insecure": True}, "insecure"),
        ({"secret": "x" * 501}, "secret"),
        ({"url": "https://u:canary@ci.example.com/"}, "user name"),
        ({"url": "ftp://ci.example.com/"}, "http"),
        ({"url": "https://ci.example.com/" + "x" * 3000}, "characters"),
    ],
)
def test_what_cannot_be_a_hook_is_refused(repository: LocalHost, more: dict[str, object], words: str) -> None:
    asked = {"url": "https://ci.example.com/hook", "events": ["push"], **more}
    with pytest.raises(InputError, match=words) as caught:
        repository.add_hook(NAME, **asked)  # type: ignore[arg-type]
    assert "canary" not in str(caught.value)
    assert not LocalHook.objects.exists()


def test_a_repository_has_so_many_hooks(repository: LocalHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "MOST", 2)
    for number in (1, 2):
        repository.add_hook(NAME, f"https://ci.example.com/{number}", events=["push"])
    with pytest.raises(Conflict, match="remove one"):
        repository.add_hook(NAME, "https://ci.example.com/3", events=["push"])
    repository.add_hook(NAME, "https://ci.example.com/2", events=["*"])  # a change is none more
    for nothing in ("", "x", "9" * 30, "٣"):
        repository.remove_hook(NAME, nothing)
    assert len(repository.hooks(NAME)) == 2


def test_a_hook_that_is_gone_or_off_hears_nothing_more(
    repository: LocalHost, files: Path, receiver: FakeServer, rung: list[str]
) -> None:
    made = repository.add_hook(NAME, f"{receiver.url}/hook", events=["push"])
    change(repository, files)
    repository.add_hook(NAME, f"{receiver.url}/hook", events=["push"], active=False)
    tasks.send_hook(rung[0])
    assert HookDelivery.objects.get().outcome == "the hook was switched off"
    repository.remove_hook(NAME, made.id)
    tasks.send_hook(rung[0])
    repository.add_hook(NAME, f"{receiver.url}/hook", events=["push"])
    repository.delete_repository(NAME, repository_id=repository.get_repository(NAME).id)
    assert receiver.asked == []
    assert not LocalHook.objects.exists()


def test_the_admin_shows_them_without_secrets(
    repository: LocalHost, files: Path, receiver: FakeServer, rung: list[str], admin_client: Client
) -> None:
    repository.add_hook(NAME, f"{receiver.url}/hook", events=["push"], secret="canary-secret")
    repository.protect_branch(NAME, "main", BranchRules(enforce_admins=False))
    change(repository, files)
    tasks.send_hook(rung[0])
    for rows in (LocalHook, HookDelivery, LocalBranchRules):
        address = f"/admin/scm/{rows._meta.model_name}/"
        pages = [address, f"{address}{rows.objects.get().pk}/change/"]
        text = " ".join(admin_client.get(page).content.decode() for page in pages)
        assert text.count("acme/payments") > 1
        assert "canary" not in text
