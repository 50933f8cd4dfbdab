"""The local host beyond the port: what is left when a process is killed, and what events tell."""

import os
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, connections, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from core.api.subjects import System
from core.errors import Conflict, InputError
from core.models import AuditEvent
from scm import actions, pull_requests, storage, sweeps
from scm.bare import BareRepository
from scm.git import git
from scm.local import LocalHost
from scm.models import Event, LocalPullRequest, LocalRepository
from scm.values import Author, RepositoryName

ANA = Author("Ana Ruiz", "ana@example.org")
NAME = RepositoryName("acme", "payments")

pytestmark = pytest.mark.django_db(transaction=True)


def create(host: LocalHost) -> None:
    host.create_repository(NAME, description="", default_branch="main", private=True, made_by="run:1")


def told() -> list[tuple[str, str]]:
    events = Event.objects.order_by("id")
    return [(event.kind, event.payload.get("action") or event.payload["ref"]) for event in events]


@pytest.mark.parametrize(
    ("owner", "name"),
    [("acme", "x" * 101), (".acme", "x"), ("acme", ".x"), ("group/team", "x"), ("acme", "x.git")],
)
def test_a_name_that_is_no_folder_is_refused(host: LocalHost, owner: str, name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"owner|repository"):
        host.create_repository(
            RepositoryName(owner, name), description="", default_branch="main", private=True, made_by="run:1"
        )
    assert not LocalRepository.objects.exists()
    assert list((tmp_path / "data").rglob("HEAD")) == []


def test_a_creation_that_was_cut_off_is_cleared_away(host: LocalHost) -> None:
    storage.put_in_place(storage.prepare("other"), NAME)  # and here the process is killed
    create(host)
    assert (storage.folder_of(NAME) / "HEAD").read_text() == "ref: refs/heads/main\n"


def test_commits_without_a_row_are_set_aside_and_kept(host: LocalHost, files: Path) -> None:
    create(host)
    sha = host.push_tree(NAME, files, branch="main", message="m", author=ANA)
    LocalRepository.objects.all().delete()  # a new database over an old data folder
    create(host)
    assert host.branches(NAME) == []
    (aside,) = (storage.root() / ".set-aside").iterdir()
    assert BareRepository(aside).head("main") == sha


def test_the_last_line_of_a_message_ends(host: LocalHost, files: Path) -> None:
    create(host)
    for message in ("m", "Words\n\nMore\n\n"):
        (files / "README.md").write_text(message)
        sha = host.push_tree(NAME, files, branch="main", message=message, author=ANA)
        written = git("cat-file", "commit", sha, folder=storage.bare(NAME).folder)
        assert written.endswith(f"\n\n{message.rstrip()}\n".encode())


def test_a_creation_that_is_refused_leaves_no_folder(host: LocalHost) -> None:
    create(host)
    with pytest.raises(Conflict):
        host.create_repository(NAME, description="", default_branch="main", private=True, made_by="run:2")
    assert list((storage.root() / ".making").iterdir()) == []


def test_the_database_refuses_a_second_row_in_other_letters(host: LocalHost) -> None:
    create(host)
    with pytest.raises(IntegrityError), transaction.atomic():
        LocalRepository.objects.create(owner="ACME", name="PAYMENTS", made_by="x")


def test_a_row_without_its_folder_is_said_clearly(repository: LocalHost) -> None:
    storage.folder_of(NAME).rename(storage.root() / "moved")
    with pytest.raises(Conflict, match="folder of repository 'acme/payments' is gone"):
        repository.list_files(NAME, "main")


def test_each_change_is_told_once_with_who_did_it(repository: LocalHost, files: Path) -> None:
    repository.push_tree(NAME, files, branch="main", message="same", author=ANA)
    (event,) = Event.objects.all()
    assert event.payload == {
        "host": "local",
        "repository": "acme/payments",
        "ref": "refs/heads/main",
        "before": "",
        "after": repository.branches(NAME)[0].sha,
        "by": "Ana Ruiz <ana@example.org>",
    }
    verbs = AuditEvent.objects.order_by("id").values_list("verb", flat=True)
    assert list(verbs) == ["created", "pushed"]


def test_a_push_that_nobody_told_of_is_told_by_the_sweep(repository: LocalHost, files: Path) -> None:
    row = LocalRepository.objects.get()
    actions.expect_change(row)
    bare = storage.bare(NAME)
    head = bare.head("main")
    assert head is not None
    bare.move("found", to=head, expected=None)  # and here the process is killed
    sweeps.tell_untold_pushes()
    assert told() == [("push", "refs/heads/main")]
    LocalRepository.objects.update(look_at=timezone.now() - timedelta(seconds=1))
    sweeps.tell_untold_pushes()
    assert told() == [("push", "refs/heads/main"), ("push", "refs/heads/found")]
    row.refresh_from_db()
    assert row.look_at is None


def test_pull_requests_tell_their_life(repository: LocalHost, files: Path) -> None:
    for content in ("1", "2"):
        (files / "feature").write_text(content)
        repository.push_tree(NAME, files, branch="feature", message="f", author=ANA)
        if content == "1":
            repository.open_pull_request(
                NAME,
                title="t",
                body="",
                source_branch="feature",
                target_branch="main",
                author="user:default/ana",
            )
    repository.merge_pull_request(NAME, 1, by=ANA)
    assert told()[2:] == [
        ("pull_request", "opened"),
        ("push", "refs/heads/feature"),
        ("pull_request", "synchronized"),
        ("push", "refs/heads/main"),
        ("pull_request", "closed"),
    ]
    assert Event.objects.latest("id").payload["merged"] is True


def test_a_merge_that_was_cut_off_is_finished_by_the_next(repository: LocalHost, files: Path) -> None:
    (files / "feature").write_text("1")
    repository.push_tree(NAME, files, branch="feature", message="f", author=ANA)
    repository.open_pull_request(
        NAME, title="t", body="", source_branch="feature", target_branch="main", author="a"
    )
    pull_requests.merge_pull_request(LocalPullRequest.objects.get(), by=ANA)  # and here the process is killed
    head = storage.bare(NAME).head("main")
    assert repository.merge_pull_request(NAME, 1, by=ANA).state == "merged"
    assert storage.bare(NAME).head("main") == head


def test_a_pull_request_whose_branch_is_deleted_is_closed(repository: LocalHost, files: Path) -> None:
    (files / "feature").write_text("1")
    repository.push_tree(NAME, files, branch="feature", message="f", author=ANA)
    repository.open_pull_request(
        NAME, title="t", body="", source_branch="feature", target_branch="main", author="a"
    )
    git("update-ref", "-d", "refs/heads/feature", folder=storage.bare(NAME).folder)
    actions.tell_changes(LocalRepository.objects.get(), by=System("test"))
    assert repository.pull_request(NAME, 1).state == "closed"


def test_a_hook_in_the_repository_or_the_folder_does_not_run(
    repository: LocalHost, files: Path, tmp_path: Path
) -> None:
    hooks = storage.folder_of(NAME) / "hooks"
    hooks.mkdir(exist_ok=True)
    for place in (hooks, files / "hooks", files / ".githooks"):
        place.mkdir(exist_ok=True)
        for name in ("pre-commit", "post-update", "update", "reference-transaction", "post-index-change"):
            (place / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
            (place / name).chmod(0o755)
    repository.push_tree(NAME, files, branch="main", message="m", author=ANA)
    assert not (tmp_path / "ran").exists()


def test_house_keeping_clears_what_killed_processes_left(repository: LocalHost) -> None:
    old = time.time() - 2 * storage.LEFTOVER_SECONDS
    stale, fresh = storage.prepare("main"), storage.prepare("main")
    lock = storage.folder_of(NAME) / "refs" / "heads" / "main.lock"
    lock.touch()
    for place in (stale, lock):
        os.utime(place, (old, old))
    sweeps.keep_house()
    assert [place.exists() for place in (stale, fresh, lock)] == [False, True, False]


@pytest.mark.parametrize(
    "start",
    [
        "http://127.0.0.1:7007",
        "http://localhost:9",
        "http://[::1]:80",
        "https://127.8.8.8",
        "http://own.example:7007",
    ],
)
def test_every_loopback_address_and_our_own_are_ours(host: LocalHost, settings: Settings, start: str) -> None:
    settings.GREENROOM_BASE_URL = "http://own.example:7007"
    found = host.resolve(f"{start}/git/acme/payments/blob/main/docs/a%20b.md?plain=1#L3")
    assert found is not None
    assert (str(found.repository), found.ref, found.path) == ("acme/payments", "main", "docs/a b.md")


@pytest.mark.parametrize(
    "url",
    [
        "http://own.example/git/a/b",
        "http://other.example:7007/git/a/b",
        "http://localhost/x/a/b",
        "http://localhost/git/a",
        "ftp://localhost/git/a/b",
        "http://localhost/git/a/b/pull/1",
    ],
)
def test_other_addresses_are_not(host: LocalHost, settings: Settings, url: str) -> None:
    settings.GREENROOM_BASE_URL = "http://own.example:7007"
    assert host.resolve(url) is None


@pytest.mark.parametrize(
    "place",
    [
        "../x/blob/main/a",
        "%2e%2e/x",
        "a/b%2f..%2fc",
        "a/-x",
        "a/b/blob/main/%2e%2e/x",
        "a/b/blob/main/a/%252e%252e",
        "a/b/blob/main/a%00b",
        "a/b/blob/-x/a",
        "a/b/blob/a%2e%2eb/c",
    ],
)
def test_a_hostile_address_is_refused(host: LocalHost, place: str) -> None:
    with pytest.raises(InputError):
        host.resolve(f"http://127.0.0.1:7007/git/{place}")


def test_an_address_with_a_credential_is_refused_without_repeating_it(host: LocalHost) -> None:
    with pytest.raises(InputError, match="credential") as caught:
        host.resolve("http://x:grn_canary@127.0.0.1:7007/git/a/b")
    assert "canary" not in str(caught.value)


def test_a_removal_that_was_cut_off_is_undone_or_ended(repository: LocalHost) -> None:
    row = LocalRepository.objects.get()
    storage.set_aside_for_removal(NAME, row.pk)  # and here the process is killed, before its commit
    with pytest.raises(Conflict, match="is gone"):
        repository.list_files(NAME, "main")
    sweeps.tell_untold_pushes()
    assert repository.list_files(NAME, "main") == ["README.md"]
    storage.set_aside_for_removal(NAME, row.pk)
    repository.delete_repository(NAME, repository_id=str(row.pk))
    assert len(list(storage.removals())) == 1  # and here the process that deleted the row was killed
    sweeps.tell_untold_pushes()
    assert list(storage.removals()) == []
    assert not storage.folder_of(NAME).exists()


def test_a_deletion_is_told_and_recorded_and_the_past_stays(repository: LocalHost) -> None:
    repository.delete_repository(NAME, repository_id=str(LocalRepository.objects.get().pk))
    assert told() == [("push", "refs/heads/main"), ("repository", "deleted")]
    assert list(storage.removals()) == []
    assert AuditEvent.objects.latest("id").verb == "deleted"


def test_of_pushes_at_once_none_is_lost_silently(repository: LocalHost, tmp_path: Path) -> None:
    outcomes: list[str] = []

    def push_one(number: int) -> None:
        mine = tmp_path / f"work{number}"
        mine.mkdir()
        (mine / "file").write_text(str(number))
        try:
            outcomes.append(repository.push_tree(NAME, mine, branch="main", message="m", author=ANA))
        except Conflict:
            outcomes.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=push_one, args=[number]) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = {outcome for outcome in outcomes if outcome != "refused"}
    assert made
    assert {commit.sha for commit in repository.commits(NAME, "main")} > made
