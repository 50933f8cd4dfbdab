"""The webhook inbox: only what is signed comes in, once, and is handled from its row."""

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client, TestCase
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.leases import LEASE
from core.models import AuditEvent
from scm import registry
from scm.connections import Connection
from scm.github.host import GitHubHost
from scm.gitlab.host import GitLabHost
from scm.models import Delivery, Event
from scm.sweeps import keep_house, ring_left_deliveries
from scm.webhooks import github, gitlab, inbox
from scm.webhooks.door import LIMIT
from scm.webhooks.happening import Happening
from tests import npm
from tests.scm import deliveries as sent
from tests.scm.deliveries import AFTER, send_hub, send_lab

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def connected() -> Iterator[None]:
    """A GitHub and a GitLab that nobody can reach: the inbox asks them nothing."""
    nowhere = "http://127.0.0.1:1"
    secrets = (sent.HUB_SECRET, sent.OLD_HUB_SECRET)
    registry.register(
        GitHubHost(Connection("github", "github.test", nowhere, nowhere, webhook_secrets=secrets))
    )
    registry.register(GitHubHost(Connection("github", "silent.test", nowhere, nowhere)))
    registry.register(
        GitLabHost(Connection("gitlab", "gitlab.test", nowhere, nowhere, webhook_secrets=(sent.LAB_SECRET,)))
    )
    yield
    for name in ("github.test", "silent.test", "gitlab.test"):
        registry.forget(name)


def handled() -> Delivery:
    delivery = Delivery.objects.latest("id")
    inbox.handle(str(delivery.pk))
    delivery.refresh_from_db()
    return delivery


def test_a_push_is_stored_answered_and_handled_from_its_row() -> None:
    with TestCase.captureOnCommitCallbacks() as rung:
        answer = send_hub(sent.hub_push(), delivery="one")
    assert answer.status_code == 202
    delivery = Delivery.objects.get()
    assert answer.json() == {"delivery": delivery.pk, "new": True}
    assert (delivery.host, delivery.delivery_id, delivery.event, delivery.state) == (
        "github.test",
        "one",
        "push",
        "received",
    )
    assert len(rung) == 1
    assert not Event.objects.exists()
    assert handled().state == "handled"
    event = Event.objects.get()
    assert (event.host, event.name, event.kind) == ("github.test", "acme/payments", "push")
    assert event.payload == {
        "host": "github.test",
        "repository": "acme/payments",
        "repository_id": "7",
        "ref": "refs/heads/main",
        "before": sent.BEFORE,
        "after": AFTER,
        "by": "ana",
    }


@pytest.mark.parametrize(
    ("event", "body", "kind", "facts"),
    [
        ("push", sent.hub_push(after="0" * 40), "push", {"after": ""}),
        ("repository", sent.hub_repository("deleted"), "repository", {"action": "deleted", "former": ""}),
        ("repository", sent.hub_repository("archived"), "repository", {"action": "archived"}),
        (
            "repository",
            sent.hub_repository("renamed", repository={"name": {"from": "pay"}}),
            "repository",
            {"action": "renamed", "former": "acme/pay"},
        ),
        (
            "repository",
            sent.hub_repository("transferred", owner={"from": {"organization": {"login": "old"}}}),
            "repository",
            {"action": "transferred", "former": "old/payments"},
        ),
        (
            "pull_request",
            sent.hub_pull("synchronize"),
            "pull_request",
            {"action": "synchronized", "number": 3},
        ),
        (
            "pull_request",
            sent.hub_pull("closed", merged=True),
            "pull_request",
            {"merged": True, "head_sha": AFTER},
        ),
        (
            "membership",
            {"action": "added", "organization": {"login": "acme"}},
            "organisation",
            {"owner": "acme", "repository": ""},
        ),
    ],
)
def test_what_github_tells(event: str, body: dict[str, Any], kind: str, facts: dict[str, Any]) -> None:
    send_hub(body, event)
    assert handled().state == "handled"
    told = Event.objects.get()
    assert told.kind == kind
    assert told.payload.items() >= facts.items()


@pytest.mark.parametrize(
    ("event", "body", "kind", "facts"),
    [
        ("Push Hook", sent.lab_push(), "push", {"after": AFTER, "by": "ana", "repository_id": "7"}),
        (
            "Merge Request Hook",
            sent.lab_merge_request("open"),
            "pull_request",
            {"action": "opened", "number": 3},
        ),
        (
            "Merge Request Hook",
            sent.lab_merge_request("update", oldrev="c"),
            "pull_request",
            {"action": "synchronized"},
        ),
        ("Merge Request Hook", sent.lab_merge_request("update"), "pull_request", {"action": "update"}),
        (
            "Merge Request Hook",
            sent.lab_merge_request("merge"),
            "pull_request",
            {"action": "closed", "merged": True},
        ),
        (
            "System Hook",
            {
                "event_name": "project_rename",
                "project_id": 7,
                "path_with_namespace": "acme/payments",
                "old_path_with_namespace": "acme/pay",
            },
            "repository",
            {"action": "renamed", "former": "acme/pay"},
        ),
        (
            "System Hook",
            {"event_name": "project_destroy", "project_id": 7, "path_with_namespace": "acme/payments"},
            "repository",
            {"action": "deleted"},
        ),
        (
            "Member Hook",
            {"event_name": "user_add_to_group", "group_path": "acme"},
            "organisation",
            {"owner": "acme"},
        ),
        (
            "Subgroup Hook",
            {"event_name": "subgroup_create", "full_path": "acme/new", "path": "new"},
            "organisation",
            {"owner": "acme/new"},
        ),
    ],
)
def test_what_gitlab_tells(event: str, body: dict[str, Any], kind: str, facts: dict[str, Any]) -> None:
    assert send_lab(body, event).status_code == 202
    assert handled().state == "handled"
    told = Event.objects.get()
    assert told.kind == kind
    assert told.payload.items() >= facts.items()


def test_a_repetition_changes_nothing() -> None:
    first = send_hub(sent.hub_push(), delivery="same")
    inbox.handle(str(first.json()["delivery"]))
    with TestCase.captureOnCommitCallbacks() as rung:
        again = send_hub(sent.hub_push(), delivery="same")
    assert (again.status_code, again.json()) == (202, {**first.json(), "new": False})
    assert rung == []
    inbox.handle(str(first.json()["delivery"]))
    assert (Delivery.objects.count(), Event.objects.count()) == (1, 1)
    assert send_lab(sent.lab_push(), delivery="same").json()["new"]


def test_one_that_failed_is_handled_when_it_is_sent_again() -> None:
    send_hub({"ref": "refs/heads/main"}, delivery="bad")
    failed = handled()
    assert (failed.state, failed.outcome) == ("failed", "the body has no text 'repository.full_name'")
    with TestCase.captureOnCommitCallbacks() as rung:
        assert not send_hub({"ref": "refs/heads/main"}, delivery="bad").json()["new"]
    assert len(rung) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"secret": "guess"},
        {"secret": ""},
        {"X-Hub-Signature-256": ""},
        {"X-Hub-Signature-256": "sha256="},
        {"X-Hub-Signature-256": "sha1=0000"},
        {"X-Hub-Signature-256": "ü"},
    ],
)
def test_what_is_forged_is_refused(headers: dict[str, str]) -> None:
    answer = send_hub(sent.hub_push(), **headers)
    assert answer.status_code == 401
    assert not Delivery.objects.exists()


def test_a_changed_body_is_refused_and_every_configured_secret_counts() -> None:
    raw = json.dumps(sent.hub_push()).encode()
    assert send_hub(raw, secret=sent.OLD_HUB_SECRET).status_code == 202
    answer = send_hub(raw)
    assert answer.status_code == 202
    signature = answer.wsgi_request.headers["X-Hub-Signature-256"]
    assert send_hub(raw.replace(b"main", b"maim"), **{"X-Hub-Signature-256": signature}).status_code == 401
    for secret in ("guess", "", sent.LAB_SECRET[:-1], f"{sent.LAB_SECRET}x"):
        assert send_lab(sent.lab_push(), secret=secret).status_code == 401
    assert send_lab(sent.lab_push()).status_code == 202


@pytest.mark.parametrize("host", ["silent.test", "local", "unknown.test"])
def test_without_a_secret_there_is_no_door(host: str) -> None:
    answer = send_hub(sent.hub_push(), host=host, secret="")
    assert answer.status_code == 404
    assert not Delivery.objects.exists()


def test_huge_bodies_are_refused_before_they_are_read() -> None:
    assert send_hub(b"x" * (LIMIT + 1)).status_code == 413
    assert send_hub(sent.hub_push(), **{"Content-Length": "lots"}).status_code == 413
    filled = json.dumps({**sent.hub_push(), "filler": "x" * (LIMIT - 1000)}).encode()
    assert send_hub(filled).status_code == 202
    assert handled().state == "handled"


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"content_type": "application/x-www-form-urlencoded"}, "must be application/json"),
        ({"X-GitHub-Event": ""}, "delivery's event"),
        ({"X-GitHub-Delivery": "x" * 100}, "delivery's id"),
        ({"X-GitHub-Delivery": ""}, "delivery's id"),
    ],
)
def test_what_is_out_of_form_is_told(how: dict[str, str], says: str) -> None:
    answer = send_hub(sent.hub_push(), **how)
    assert answer.status_code == 400
    assert says in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "raw", [b"[]", b"null", b"{", b'"x"', b'{"repository": {"full_name": "no-owner", "id": 1}}']
)
def test_bodies_that_say_nothing_fail_with_a_reason(raw: bytes) -> None:
    assert send_hub(raw).status_code == 202
    delivery = handled()
    assert delivery.state == "failed"
    assert delivery.outcome
    assert send_hub(b"\xff{}").status_code == 400


def test_events_that_nobody_wants_are_kept_as_such() -> None:
    for event in ("ping", "star", "workflow_run", "x" * 99):
        assert send_hub({"zen": "Keep it simple."}, event).status_code == 202
        delivery = handled()
        assert (delivery.state, delivery.outcome) == ("ignored", f"nobody here listens to {event!r}")
    assert not Event.objects.exists()


def test_a_lost_bell_and_a_dead_worker_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[str] = []
    monkeypatch.setattr("core.jobs.Job.now", lambda _, pk: rung.append(pk))
    send_hub(sent.hub_push())
    ring_left_deliveries()
    assert rung == []
    Delivery.objects.update(received_at=timezone.now() - timedelta(minutes=1))
    ring_left_deliveries()
    assert len(rung) == 1
    Delivery.objects.update(lease_until=timezone.now() + LEASE)
    ring_left_deliveries()
    inbox.handle(rung[0])
    assert (len(rung), Event.objects.count()) == (1, 0)
    Delivery.objects.update(lease_until=timezone.now() - LEASE)
    ring_left_deliveries()
    assert len(rung) == 2
    inbox.handle(rung[1])
    assert Event.objects.count() == 1
    ring_left_deliveries()
    assert len(rung) == 2


def test_what_kills_workers_is_given_up() -> None:
    send_hub(sent.hub_push())
    Delivery.objects.update(attempts=5, lease_until=timezone.now() - LEASE)
    delivery = handled()
    assert (delivery.state, delivery.outcome) == ("failed", "given up: 5 workers died over it")


def test_the_body_is_sealed_and_dropped_after_a_week_and_the_row_after_a_month() -> None:
    send_hub({**sent.hub_push(), "canary": "c4n4ry"})
    delivery = Delivery.objects.get()
    assert delivery.body is not None
    assert b"c4n4ry" not in bytes(delivery.body)
    assert "c4n4ry" in (inbox.body_of(delivery) or "")
    handled()
    for days, body, rows in ((6, True, 1), (8, False, 1), (31, False, 0)):
        Delivery.objects.update(received_at=timezone.now() - timedelta(days=days))
        keep_house()
        assert Delivery.objects.count() == rows
        assert Delivery.objects.filter(body__isnull=False).exists() == body


def test_somebody_looks_at_a_delivery_and_has_it_handled_again(admin_client: Client) -> None:
    send_hub({**sent.hub_push(), "url": "https://ana:s3cr3t@git.example"})
    delivery = handled()
    listed = admin_client.get("/admin/scm/delivery/")
    assert b"push acme/payments" in listed.content
    page = admin_client.get(f"/admin/scm/delivery/{delivery.pk}/change/").content.decode()
    assert "acme/payments" in page
    assert "s3cr3t" not in page
    body = {"action": "handle_again", "_selected_action": [delivery.pk]}
    assert admin_client.post("/admin/scm/delivery/", body).status_code == 302
    assert handled().state == "handled"
    assert Event.objects.count() == 2
    assert AuditEvent.objects.filter(verb="replayed").count() == 1
    Delivery.objects.update(body=None)
    assert "dropped" in admin_client.get(f"/admin/scm/delivery/{delivery.pk}/change/").content.decode()
    admin_client.post("/admin/scm/delivery/", body)
    delivery.refresh_from_db()
    assert delivery.state == "handled"


def test_the_door_and_the_worker_cost_few_queries(django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(4):
        send_hub(sent.hub_push())
    with django_assert_max_num_queries(8):
        handled()


def test_no_secret_in_a_log_or_an_answer(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    answers = [send_hub(sent.hub_push()), send_hub(sent.hub_push(), secret="x"), send_lab(sent.lab_push())]
    shown = caplog.text + "".join(answer.content.decode() for answer in answers)
    for secret in (sent.HUB_SECRET, sent.OLD_HUB_SECRET, sent.LAB_SECRET):
        assert secret not in shown


def test_all_of_github_s_own_examples_go_through(request: pytest.FixtureRequest) -> None:
    package = npm.package(request.config, "@octokit/webhooks-examples", "7.6.1")
    examples = json.loads((package / "api.github.com" / "index.json").read_text())
    told = 0
    for event in examples:
        for body in event["examples"]:
            assert send_hub(body, event["name"]).status_code == 202
            delivery = handled()
            assert delivery.state in {"handled", "ignored"}, f"{event['name']}: {delivery.outcome}"
            told += delivery.state == "handled"
    assert told > 30


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "repository",
                    "full_name",
                    "id",
                    "ref",
                    "before",
                    "after",
                    "action",
                    "pull_request",
                    "head",
                    "sha",
                    "number",
                    "changes",
                    "owner",
                    "from",
                    "organization",
                    "login",
                    "event_name",
                    "object_kind",
                    "object_attributes",
                    "project",
                    "path_with_namespace",
                ]
            )
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    body=st.dictionaries(
        st.sampled_from(["repository", "action", "event_name", "changes", "organization"]), JSON
    ),
    event=st.sampled_from(["push", "pull_request", "repository", "team"]),
    word=st.sampled_from(["push", "merge_request", "project_rename", "user_add_to_group", "x"]),
)
def test_no_body_breaks_the_reading_of_it(body: dict[str, Any], event: str, word: str) -> None:
    for read, given_body in ((github.happening, body), (gitlab.happening, {**body, "event_name": word})):
        try:
            found = read(event, given_body)
        except InputError:
            continue
        assert found is None or isinstance(found, Happening)
