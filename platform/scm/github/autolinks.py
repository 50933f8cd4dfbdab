"""Autolinks of a GitHub repository: texts such as TICKET-7 that lead elsewhere."""

from typing import TYPE_CHECKING, Any

from core.errors import NotFound
from scm.github.paths import of
from scm.values import RepositoryName

if TYPE_CHECKING:
    from scm.github.access import Access


def find_autolink(access: "Access", name: RepositoryName, prefix: str) -> dict[str, Any] | None:
    """The autolink with that prefix as GitHub tells it."""
    listed = access.get(name.owner, of(name, "autolinks")).data  # not paged
    return next((one for one in listed if one["key_prefix"] == prefix), None)


def add_autolink(
    access: "Access", name: RepositoryName, prefix: str, template: str, *, alphanumeric: bool
) -> str:
    """Have texts with that prefix lead to `template`; answer GitHub's number of it."""
    wanted = {"key_prefix": prefix, "url_template": template, "is_alphanumeric": alphanumeric}
    return str(access.post(name.owner, of(name, "autolinks"), wanted).data["id"])


def remove_autolink(access: "Access", name: RepositoryName, autolink_id: str) -> None:
    """Take an autolink away; one that is gone is fine."""
    try:
        access.delete(name.owner, of(name, "autolinks", autolink_id))
    except NotFound:
        return
