"""Issues of a GitHub repository, and their labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.errors import NotFound
from scm.github.paths import of
from scm.values import RepositoryName

if TYPE_CHECKING:
    from scm.github.access import Access

_LOOKED_AT = 300
"""How many of the newest issues are looked at for a mark."""


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue: its number in the repository, GitHub's own id, and where people look at it."""

    number: int
    id: str
    web_url: str


def create_issue(access: "Access", name: RepositoryName, wanted: dict[str, Any]) -> Issue:
    """Write an issue, as GitHub's API takes it."""
    try:
        return _issue(access.post(name.owner, of(name, "issues"), wanted).data)
    except NotFound as error:
        raise NotFound(
            f"repository '{name}' is not on {access.connection.name}, or {access.whose} may not write issues there"
        ) from error


def find_issue(access: "Access", name: RepositoryName, mark: str) -> Issue | None:
    """The newest issue with a text in its body."""
    asked = {"state": "all", "sort": "created", "direction": "desc"}
    for count, one in enumerate(access.pages(name.owner, of(name, "issues"), asked)):
        if mark in (one.get("body") or ""):
            return _issue(one)
        if count >= _LOOKED_AT:
            return None
    return None


def close_issue(access: "Access", name: RepositoryName, number: int, issue_id: str) -> bool:
    """Close the issue that has this id; False when the number is another's now, or the issue is gone."""
    try:
        found = access.get(name.owner, of(name, "issues", number)).data
    except NotFound:
        return False
    if str(found["id"]) != issue_id:
        return False
    if found["state"] != "closed":
        wanted = {"state": "closed", "state_reason": "not_planned"}
        access.patch(name.owner, of(name, "issues", number), wanted)
    return True


def add_labels(access: "Access", name: RepositoryName, number: int, labels: Sequence[str]) -> None:
    """Put labels on an issue or a pull request; those that are there stay. Again is free."""
    try:
        access.post(name.owner, of(name, "issues", number, "labels"), {"labels": list(labels)})
    except NotFound as error:
        raise NotFound(
            f"number {number} is no issue and no pull request of '{name}', or {access.whose} may not label it"
        ) from error


def _issue(data: dict[str, Any]) -> Issue:
    return Issue(int(data["number"]), str(data["id"]), data["html_url"])
