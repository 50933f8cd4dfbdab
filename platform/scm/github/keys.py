"""Deploy keys of a GitHub repository, and pairs of keys for them."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core.errors import NotFound
from scm.github.paths import of
from scm.values import RepositoryName

if TYPE_CHECKING:
    from scm.github.access import Access


@dataclass(frozen=True, slots=True)
class KeyPair:
    """Two halves in OpenSSH's form."""

    public: str
    private: str = field(repr=False)


def made_pair() -> KeyPair:
    """A fresh Ed25519 pair without a passphrase: a workflow uses it."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return KeyPair(public.decode(), private.decode())


def find_key(access: "Access", name: RepositoryName, public: str) -> str | None:
    """GitHub's number of a deploy key; None when it is not there."""
    listed = access.pages(name.owner, of(name, "keys"))
    return next((str(one["id"]) for one in listed if _material(one["key"]) == _material(public)), None)


def add_key(access: "Access", name: RepositoryName, title: str, public: str) -> str:
    """Let a key in, to read and to push; answer GitHub's number of it."""
    wanted: dict[str, Any] = {"title": title, "key": public, "read_only": False}
    return str(access.post(name.owner, of(name, "keys"), wanted).data["id"])


def remove_key(access: "Access", name: RepositoryName, key_id: str) -> None:
    """Take a key away; one that is gone is fine."""
    try:
        access.delete(name.owner, of(name, "keys", key_id))
    except NotFound:
        return


def _material(public: str) -> tuple[str, ...]:
    """The kind and the key without the comment, which hosts drop."""
    return tuple(public.split()[:2])
