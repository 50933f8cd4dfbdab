"""Access tokens and deploy tokens of a GitLab project. A token's value is told once, when it is made."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from core.errors import NotFound
from scm.gitlab.paths import of

if TYPE_CHECKING:
    from scm.gitlab.access import Access

ACCESS, DEPLOY = "access_tokens", "deploy_tokens"


@dataclass(frozen=True, slots=True)
class Token:
    """A token that was just made: GitLab's number, and the secret."""

    id: int
    value: str = field(repr=False)
    username: str = ""


def create_access_token(
    access: "Access", project: str, name: str, scopes: Sequence[str], level: int, until: date
) -> Token:
    """Make an access token that ends by itself."""
    wanted = {"name": name, "scopes": list(scopes), "access_level": level, "expires_at": until.isoformat()}
    made = access.post(of(project, ACCESS), wanted)
    return Token(int(made["id"]), str(made["token"]))


def create_deploy_token(
    access: "Access", project: str, name: str, scopes: Sequence[str], username: str
) -> Token:
    """Make a deploy token; GitLab chooses the username where none is given."""
    wanted = {"name": name, "scopes": list(scopes)} | ({"username": username} if username else {})
    made = access.post(of(project, DEPLOY), wanted)
    return Token(int(made["id"]), str(made["token"]), str(made["username"]))


def tokens_named(access: "Access", project: str, kind: str, name: str) -> list[int]:
    """The numbers of the living tokens with a name."""
    found = access.pages(of(project, kind))
    return [int(one["id"]) for one in found if one["name"] == name and not one.get("revoked")]


def revoke_token(access: "Access", project: str, kind: str, token_id: int) -> None:
    """End a token; one that has ended is fine."""
    try:
        access.delete(of(project, kind, token_id))
    except NotFound:
        return
