"""References in the query: canonical or short, refused with the parameter's name."""

from collections.abc import Sequence
from typing import Any

from catalog.kinds import LONGEST_REF
from catalog.problems import Refused, storable
from catalog.refs import EntityRef
from core.errors import InputError

ME = "me"
NAMED = {
    "kind": "The entity's kind, letter case aside.",
    "namespace": "Its namespace, mostly `default`.",
    "name": "Its name.",
}
"""What the parts of a path mean that ends in kind, namespace and name."""


def named(kind: str, namespace: str, name: str) -> str:
    """The reference that a path names; one with a NUL character names nothing that exists."""
    return storable(str(EntityRef(kind, namespace, name)))


def reference(parameter: str, text: str, *, default_kind: str = "") -> str:
    """The canonical form of a reference that somebody wrote; InputError names the parameter."""
    try:
        ref = str(EntityRef.parse(text, default_kind=default_kind))
    except Refused as refused:
        example = f"{default_kind or 'component'}:default/payments"
        raise InputError(
            f"query parameter '{parameter}': {refused}; write {example}, for example"
        ) from refused
    if len(ref) > LONGEST_REF:
        raise InputError(
            f"query parameter '{parameter}' has {len(ref)} characters, {LONGEST_REF} at the most"
        )
    return ref


def owner(parameter: str, text: str, subject: Any) -> str:
    """As `reference`, a group unless it says otherwise; `me` is the user that the caller acts for."""
    if text.lower() != ME:
        return reference(parameter, text, default_kind="group")
    if not subject.entity_ref:
        raise InputError(
            f"query parameter '{parameter}' is 'me', but {subject.ref} acts for nobody: make a token with "
            "`greenroom token create NAME --acts-for user:default/you`, or name an owner"
        )
    return str(subject.entity_ref).lower()


def references(parameter: str, texts: Sequence[str]) -> list[str]:
    """Each reference once, in order; InputError when there is none, or too many."""
    found = list(dict.fromkeys(reference(parameter, text) for text in texts))
    if not found:
        raise InputError(f"request/query must have required property '{parameter}'")
    return found
