"""Whom a repository's CODEOWNERS suggests as owner of what an address names."""

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.codeowners.rules import LARGEST, Syntax, owners_of, places, read_rules
from catalog.predicates import AnyOf, Holds
from catalog.querysets import EntityQuerySet
from core.errors import NotFound
from core.names import slug
from scm.errors import RepositoryNotFound
from scm.port import Reading
from scm.registry import connection, host_for_url
from scm.values import ContentAddress

USUAL_FILE = "catalog-info.yaml"
"""Whom this file at the root belongs to speaks for the repository."""
MOST_OWNERS = 20


@dataclass(frozen=True, slots=True)
class Owner:
    """An owner as CODEOWNERS has it, and the entity that it means; `known` when the catalog has that entity."""

    said: str
    ref: str
    known: bool


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a CODEOWNERS file says of a path: the file's address, the lines that decide, the owners in their order."""

    file: str
    lines: tuple[int, ...]
    owners: tuple[Owner, ...]


def suggest(url: str) -> list[str]:
    """References of the owners that CODEOWNERS names for an address; none without such a file. Teams come first.

    They are made from the names alone: the catalog is not asked whether it has them. Raises what the host raises.
    """
    found = suggestion(url)
    refs = [owner.ref for owner in found.owners] if found else []
    return sorted(refs, key=lambda ref: not ref.startswith("group:"))


def suggestion(url: str, among: EntityQuerySet | None = None) -> Suggestion | None:
    """The whole of it; `among` are the entities that an owner may be found in. None for an address of no code host,
    and for a repository without CODEOWNERS."""
    found = host_for_url(url)
    if found is None:
        return None
    host, address = found
    syntax = _syntax(host)
    for place in places(syntax):
        try:
            content = host.read_file(address.repository, address.ref, place)
        except RepositoryNotFound:
            raise
        except NotFound:
            continue
        rules = read_rules(content[:LARGEST].decode("utf-8", "replace"), syntax)
        verdict = owners_of(_path(address), rules)
        owners = tuple(_owner(said, host, among) for said in verdict.owners[:MOST_OWNERS])
        return Suggestion(host.contents_url(address.repository, address.ref, place), verdict.lines, owners)
    return None


def _syntax(host: Reading) -> Syntax:
    known = connection(host.host)
    return Syntax.GITLAB if known is not None and known.type == "gitlab" else Syntax.GITHUB


def _path(address: ContentAddress) -> str:
    """The file that is asked about; a folder is asked about by the catalog file that it would have."""
    last = address.path.rpartition("/")[2]
    return address.path if "." in last else f"{address.path}/{USUAL_FILE}".lstrip("/")


def _owner(said: str, host: Reading, among: EntityQuerySet | None) -> Owner:
    """The entity by the annotations that discovery gives, by its address, or by its name alone."""
    keys, guesses = _wishes(said, host.host)
    if among is not None:
        by_key = among.matching(AnyOf(tuple(Holds(key, (value,)) for key, value in keys)))
        ref = by_key.order_by("ref").values_list("ref", flat=True).first()
        ref = ref or among.filter(ref__in=guesses).order_by("ref").values_list("ref", flat=True).first()
        if ref is not None:
            return Owner(said, ref, known=True)
    return Owner(said, guesses[0], known=False)


def _wishes(said: str, host: str) -> tuple[Sequence[tuple[str, str]], list[str]]:
    """By which search keys an owner is found, and which references its name alone would have."""
    if not said.startswith("@"):
        return [("spec.profile.email", said)], [f"user:default/{slug(said.partition('@')[0])}"]
    path = said[1:]
    keys = [
        (f"metadata.annotations.{host}/team-slug", path),
        (f"metadata.annotations.{host}/user-login", path),
    ]
    name = path.rpartition("/")[2].lower()
    kinds = ("group", "user") if "/" in path else ("user", "group")
    return keys, [f"{kind}:default/{name}" for kind in kinds]
