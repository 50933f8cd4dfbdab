"""Changes to repositories of the local host: made, pushed to, and their refs told in events."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.db import IntegrityError, transaction
from django.utils import timezone

from core.api.subjects import System
from core.audit import Actor, record
from core.errors import Conflict, InputError
from scm import events, protection, pull_requests, storage
from scm.bare import BareRepository
from scm.commits import commit_changes, commit_folder
from scm.models import Event, LocalRepository
from scm.names import checked_branch
from scm.querysets import find_repository
from scm.values import Author, RepositoryName

PUSH_TIMEOUT = timedelta(minutes=10)
"""The longest that a push may take; after it, somebody looks at what became of it."""


@dataclass(frozen=True, slots=True)
class RefChange:
    """A ref that is not where it was; "" is absence."""

    ref: str
    before: str
    after: str


def create_repository(
    *, name: RepositoryName, description: str, default_branch: str, private: bool, made_by: str
) -> LocalRepository:
    """Make a repository, or answer the one that the same `made_by` made; another's is a Conflict.

    The folder is built elsewhere and renamed into place before the row is committed, so that a kill at
    any point leaves either nothing or a folder without a row, which the next attempt clears away.
    """
    storage.folder_of(name)
    checked_branch("default branch", default_branch)
    if not made_by:
        raise InputError("made_by is empty; say who asks for the repository")
    found = find_repository(name)
    if found is not None:
        return _same_maker(found, made_by)
    prepared = storage.prepare(default_branch)
    try:
        with transaction.atomic():
            made = LocalRepository.objects.create(
                owner=name.owner,
                name=name.name,
                description=description,
                default_branch=default_branch,
                private=private,
                made_by=made_by,
            )
            storage.put_in_place(prepared, name)
            record(System(made_by), "created", made)
            return made
    except IntegrityError:
        # Somebody made it while we prepared; the row that won tells whether that was us.
        found = find_repository(name)
        if found is None:
            raise
        return _same_maker(found, made_by)
    finally:
        storage.discard(prepared)


def _same_maker(found: LocalRepository, made_by: str) -> LocalRepository:
    if found.made_by != made_by:
        raise Conflict(f"repository '{found}' exists already; choose another name")
    storage.bare(found.full_name)
    return found


@transaction.atomic
def describe(*, repository: LocalRepository, description: str) -> LocalRepository:
    """Give a repository another description."""
    row = LocalRepository.objects.select_for_update().get(pk=repository.pk)
    if row.description != description:
        before, row.description = row.description, description
        row.save(update_fields=["description"])
        record(protection.BY, "described", row, before=before, after=description)
    return row


def delete_repository(*, name: RepositoryName, known_as: str) -> None:
    """Remove the repository with the id `known_as`, its pull requests and its folder; one that is gone is fine.

    The folder is set aside before the row goes, in the same transaction: a kill in between leaves the row, and
    the next attempt deletes it, or `finish_removals` puts the folder back.
    """
    with transaction.atomic():
        found = find_repository(name)
        row = LocalRepository.objects.select_for_update().filter(pk=found.pk).first() if found else None
        if row is None:
            return
        if str(row.pk) != known_as:
            raise Conflict(
                f"repository '{row}' is another one than that with the id {known_as!r}; it is not deleted"
            )
        full_name, pk = row.full_name, row.pk
        record(protection.BY, "deleted", row, id=pk, made_by=row.made_by)
        row.delete()
        events.tell_without(full_name, Event.Kind.REPOSITORY, action="deleted", by=protection.BY.ref)
        removed = storage.set_aside_for_removal(full_name, pk)
    storage.remove(removed)


def finish_removals() -> None:
    """Remove the folders of repositories that are gone; put back those whose row stayed."""
    for pk, aside in storage.removals():
        with transaction.atomic():
            row = LocalRepository.objects.select_for_update().filter(pk=pk).first()
            if row is None:
                storage.remove(aside)
            else:
                storage.put_back(aside, row.full_name)


def push_tree(
    *, repository: LocalRepository, folder: Path, branch: str, message: str, author: Author, onto: str = ""
) -> str:
    """Make a branch hold exactly a folder; answer its commit. The port tells the rules."""

    def commit(bare: BareRepository, parent: str | None) -> str:
        return commit_folder(bare, folder, parent=parent, message=message, author=author)

    return _push(repository, branch, onto, commit, author)


def push_changes(
    *,
    repository: LocalRepository,
    folder: Path,
    branch: str,
    message: str,
    author: Author,
    onto: str = "",
    into: str = "",
    delete: Sequence[str] = (),
) -> str:
    """Put a folder's files over what a branch holds; answer its commit. The port tells the rules."""

    def commit(bare: BareRepository, parent: str | None) -> str:
        return commit_changes(
            bare, folder, parent=parent, into=into, delete=delete, message=message, author=author
        )

    return _push(repository, branch, onto, commit, author)


def _push(
    repository: LocalRepository,
    branch: str,
    onto: str,
    commit: Callable[[BareRepository, str | None], str],
    author: Author,
) -> str:
    checked_branch("branch", branch)
    bare = storage.bare(repository.full_name)
    heads = {known.name: known.sha for known in bare.branches()}
    head = heads.get(branch)
    parent = head or (bare.commit_at(onto) if onto else heads.get(repository.default_branch))
    made = commit(bare, parent)
    if made != head:
        protection.check_push(repository, branch)
        expect_change(repository)
        bare.move(branch, to=made, expected=head)
    tell_changes(repository, by=System(str(author)))
    return made


def delete_branch(*, repository: LocalRepository, branch: str, expected: str) -> None:
    """Remove a branch that still points to `expected`; one that is gone is fine, and the default branch stays."""
    checked_branch("branch", branch)
    bare = storage.bare(repository.full_name)
    head = bare.head(branch)
    if head is None:
        return
    if branch == repository.default_branch:
        raise Conflict(f"branch {branch!r} is the default branch of '{repository}'; it is not deleted")
    if head != expected:
        raise Conflict(f"branch {branch!r} has moved on to {head}; it is not deleted")
    protection.check_deletion(repository, branch)
    expect_change(repository)
    bare.drop(branch, expected=expected)
    tell_changes(repository, by=protection.BY)


def expect_change(repository: LocalRepository) -> None:
    """Note that refs are about to move: should we die, `tell_changes` comes later from a sweep."""
    LocalRepository.objects.filter(pk=repository.pk).update(look_at=timezone.now() + PUSH_TIMEOUT)


@transaction.atomic
def tell_changes(repository: LocalRepository, *, by: Actor) -> list[Event]:
    """Compare the folder's refs with those last told; write the events, and let pull requests follow.

    May be called at any time and by anybody: what has been told is not told again. The refs are read
    while the row is locked, so that two callers cannot tell in the wrong order.
    """
    row = LocalRepository.objects.select_for_update().filter(pk=repository.pk).first()
    if row is None:  # deleted while somebody pushed
        return []
    bare = storage.bare(row.full_name)
    refs = bare.refs()
    changes = ref_changes(row.refs, refs)
    if not changes:
        return []
    row.refs = refs
    row.save(update_fields=["refs"])
    record(by, "pushed", row, refs={change.ref: change.after for change in changes[:100]})
    told = [
        events.tell(row, Event.Kind.PUSH, ref=c.ref, before=c.before, after=c.after, by=by.ref)
        for c in changes
    ]
    return told + pull_requests.follow(row, bare, {change.ref for change in changes}, by=by)


def ref_changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[RefChange]:
    """What differs between two states of a repository's refs, by name."""
    names = sorted(before.keys() | after.keys())
    pairs = ((name, before.get(name, ""), after.get(name, "")) for name in names)
    return [RefChange(name, old, new) for name, old, new in pairs if old != new]
