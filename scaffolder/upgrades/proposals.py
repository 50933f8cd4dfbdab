"""The branch and the pull request of an upgrade: made once, renewed by us, and left alone where people worked on it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from core.errors import Conflict, NotImplementedHere
from scaffolder.models import Instance
from scm.port import CodeHost, PullRequests
from scm.registry import publishing_host
from scm.values import Author, PullRequest, RepositoryName

MOST_LISTED = 100
"""Conflicting files that a pull request's text names."""
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f`]")


class ProposingHost(CodeHost, PullRequests, Protocol):
    """A host that is written, and has pull requests."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an upgrade is proposed: the repository, its head as it was looked at, and the branches there are."""

    host: ProposingHost
    name: RepositoryName
    target: str
    head: str
    heads: dict[str, str]

    def proposed(self, branch: str) -> PullRequest | None:
        """The open pull request of a branch, into the default one."""
        for pull in self.host.open_pull_requests(self.name):
            if pull.joins(branch, self.target):
                return pull
        return None


def host_of(instance: Instance) -> ProposingHost:
    """The host of an instance's repository; NotImplementedHere when it has no pull requests."""
    host = publishing_host(instance.host)
    if not isinstance(host, PullRequests):
        raise NotImplementedHere(
            f"Code host {instance.host!r} has no pull requests; upgrade {instance} by hand"
        )
    return cast(ProposingHost, host)


def place_of(instance: Instance) -> Place:
    """The repository as it is now. RepositoryNotFound when it is gone, Conflict when nothing was ever pushed."""
    host, name = host_of(instance), RepositoryName.parse(instance.repository)
    target = host.get_repository(name).default_branch
    heads = {branch.name: branch.sha for branch in host.branches(name)}
    if target not in heads:
        raise Conflict(f"repository {name} has no commit on its default branch {target!r}; push to it first")
    return Place(host, name, target, heads[target], heads)


def push(
    place: Place, branch: str, folder: Path, deleted: Sequence[str], *, message: str, author: Author
) -> str:
    """Put changed files onto the branch, which starts at the head that was looked at; the commit."""
    return place.host.push_changes(
        place.name,
        folder,
        branch=branch,
        message=message,
        author=author,
        onto="" if branch in place.heads else place.head,
        delete=deleted,
    )


def propose(place: Place, branch: str, *, title: str, body: str, draft: bool, author: str) -> PullRequest:
    """The open pull request of the branch with this title and text: the one that is there, or a new one.

    A host cannot be asked to make a draft of what is none, or the other way round: then a new one takes its place.
    """
    found = place.proposed(branch)
    if found is not None and found.draft != draft:
        place.host.close_pull_request(place.name, found.number, by=author)
        found = None
    if found is None:
        return place.host.open_pull_request(
            place.name,
            title=title,
            body=body,
            source_branch=branch,
            target_branch=place.target,
            author=author,
            draft=draft,
        )
    if (found.title, found.body) == (title, body):
        return found
    return place.host.edit_pull_request(place.name, found.number, title=title, body=body)


def withdraw(place: Place, branch: str, *, expected: str, author: str) -> None:
    """End the pull request of a branch of ours, and remove the branch."""
    found = place.proposed(branch)
    if found is not None:
        place.host.close_pull_request(place.name, found.number, by=author)
    place.host.delete_branch(place.name, branch, expected=expected)


def words(template: str, old: int, new: int, conflicts: Sequence[str]) -> tuple[str, str]:
    """Title and text of the pull request."""
    title = f"Upgrade to version {new} of {template.rpartition('/')[2]}"[:200]
    what = (
        f"Brings this repository from version {old} to version {new} of `{template}`: what changed between the two, "
        "rendered with the answers that this repository was made with, and merged into what it is today."
    )
    lines = [what]
    if conflicts:
        said = (
            f"**{len(conflicts)} files were changed on both sides.** Texts have conflict markers "
            "(`<<<<<<< repository`); of binary files, and of files that one side deleted, one side stays. Look at each "
            "of them before you merge:"
        )
        shown = [f"- `{_UNPRINTABLE.sub('?', path)[:300]}`" for path in conflicts[:MOST_LISTED]]
        more = len(conflicts) - len(shown)
        lines += ["", said, "", *shown, *([f"- and {more} more"] if more > 0 else [])]
    lines += ["", "Greenroom renews this pull request as long as nobody else pushes to its branch."]
    return title, "\n".join(lines)
