"""GitHub Pages of a repository."""

from typing import TYPE_CHECKING, Any

from core.errors import Conflict, NotFound
from scm.github.paths import of
from scm.values import RepositoryName

if TYPE_CHECKING:
    from scm.github.access import Access

LEGACY, WORKFLOW = "legacy", "workflow"


def has_pages(access: "Access", name: RepositoryName) -> bool:
    try:
        access.get(name.owner, of(name, "pages"))
    except NotFound:
        return False
    return True


def enable_pages(access: "Access", name: RepositoryName, *, build: str, branch: str, folder: str) -> None:
    """Have a site made by workflows, or ("legacy") from a folder of a branch. Again is free."""
    wanted: dict[str, Any] = {"build_type": build}
    wanted |= {"source": {"branch": branch, "path": folder}} if build == LEGACY else {}
    try:
        access.post(name.owner, of(name, "pages"), wanted)
    except Conflict:  # it is there
        access.put(name.owner, of(name, "pages"), wanted)
    except NotFound as error:
        raise NotFound(
            f"sourceBranch {branch!r} is not there in '{name}', or {access.whose} may not make a site of it"
        ) from error


def disable_pages(access: "Access", name: RepositoryName) -> None:
    """Take the site down; one that is gone is fine."""
    try:
        access.delete(name.owner, of(name, "pages"))
    except NotFound:
        return
