"""Deployment environments of a GitHub repository: who agrees, which branches and tags may come in."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from core.errors import NotFound
from scm.github.paths import of
from scm.values import RepositoryName

if TYPE_CHECKING:
    from scm.github.access import Access


def find_environment(access: "Access", name: RepositoryName, environment: str) -> str | None:
    """GitHub's number of an environment; None when there is none of that name."""
    try:
        return str(access.get(name.owner, of(name, "environments", environment)).data["id"])
    except NotFound:
        return None


def keep_environment(access: "Access", name: RepositoryName, environment: str, rules: dict[str, Any]) -> str:
    """Have an environment with these rules, as GitHub's API takes them; answer its number."""
    return str(access.put(name.owner, of(name, "environments", environment), rules or None).data["id"])


def keep_policies(
    access: "Access", name: RepositoryName, environment: str, patterns: Sequence[tuple[str, str]]
) -> None:
    """Have a policy for each (kind, pattern) of branches and tags that may deploy."""
    if not patterns:
        return
    place = of(name, "environments", environment, "deployment-branch-policies")
    known = {(one.get("type", "branch"), one["name"]) for one in access.pages(name.owner, place)}
    for kind, pattern in patterns:
        if (kind, pattern) not in known:
            access.post(name.owner, place, {"name": pattern, "type": kind})


def remove_environment(access: "Access", name: RepositoryName, environment: str) -> None:
    """Take an environment away with its secrets; one that is gone is fine."""
    try:
        access.delete(name.owner, of(name, "environments", environment))
    except NotFound:
        return
