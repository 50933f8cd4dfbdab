"""The terms on which a template is offered, as its annotations state them; who does not meet them is told why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone

from catalog.ownership import effective_owners
from catalog.problems import Refused
from catalog.refs import EntityRef
from core.api.subjects import Subject
from core.errors import Conflict, InputError, NotAllowed

DEPRECATED = "greenroom.dev/deprecated"
SUCCESSOR = "greenroom.dev/successor"
REMOVED_AFTER = "greenroom.dev/removed-after"
RUN_BY = "greenroom.dev/run-by"
MINUTES_SAVED = "greenroom.dev/minutes-saved"

MOST_NAMED = 50
"""Groups and people that `run-by` may name."""
MOST_MINUTES = 100_000


@dataclass(frozen=True, slots=True)
class Terms:
    """What a template's annotations say. `deprecated` is the reason, "" while it is not; `run_by` empty means everyone."""

    deprecated: str = ""
    successor: str = ""
    removed_after: date | None = None
    run_by: tuple[str, ...] = ()
    minutes_saved: int = 0

    def warning(self) -> str:
        """What who uses it should know; "" when there is nothing."""
        if not self.deprecated and self.removed_after is None:
            return ""
        why = f": {self.deprecated}" if self.deprecated not in {"", "true"} else ""
        until = f" It can be run until {self.removed_after}." if self.removed_after else ""
        instead = f" Use {self.successor} instead." if self.successor else ""
        return f"This template is deprecated{why}.{until}{instead}".replace("..", ".")


def terms_of(entity: Mapping[str, Any]) -> Terms:
    """The terms of a template. InputError for an annotation that cannot be read: a lock that is broken stays shut."""
    annotations = entity["metadata"].get("annotations") or {}
    said = {name: str(annotations.get(name) or "").strip() for name in _NAMES}
    deprecated = "" if said[DEPRECATED].lower() in {"", "false"} else said[DEPRECATED]
    return Terms(
        deprecated="true" if deprecated.lower() == "true" else deprecated,
        successor=next(iter(_references(SUCCESSOR, said[SUCCESSOR], "template")), ""),
        removed_after=_day(said[REMOVED_AFTER]),
        run_by=_references(RUN_BY, said[RUN_BY], "group"),
        minutes_saved=_minutes(said[MINUTES_SAVED]),
    )


def check_terms(entity: Mapping[str, Any], ref: str, subject: Subject) -> Terms:
    """The terms, when the subject may start a run now: else NotAllowed names the groups, Conflict the successor."""
    terms = terms_of(entity)
    if terms.removed_after is not None and timezone.now().date() > terms.removed_after:
        way_out = f"use {terms.successor} instead" if terms.successor else "ask its owner what to use instead"
        raise Conflict(f"Template {ref} can no longer be run since {terms.removed_after}: {way_out}")
    if terms.run_by and not may_run(terms, subject):
        who = ", ".join(terms.run_by)
        raise NotAllowed(f"Template {ref} may be run by {who} only; ask one of them, or its owner")
    return terms


def may_run(terms: Terms, subject: Subject) -> bool:
    """Whether the subject is one of those that `run-by` names, or in one of its groups, at any level."""
    if not terms.run_by:
        return True
    return bool(subject.entity_ref) and not set(terms.run_by).isdisjoint(
        effective_owners(str(subject.entity_ref))
    )


_NAMES = (DEPRECATED, SUCCESSOR, REMOVED_AFTER, RUN_BY, MINUTES_SAVED)


def _references(name: str, text: str, kind: str) -> tuple[str, ...]:
    """The references of a list with commas, canonical."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    if len(words) > MOST_NAMED:
        raise InputError(
            f"annotation {name} names {len(words)}, {MOST_NAMED} at the most: name a group above them"
        )
    try:
        return tuple(dict.fromkeys(str(EntityRef.parse(word, default_kind=kind)) for word in words))
    except Refused as refused:
        raise InputError(
            f"annotation {name}: {refused}; write {kind}:default/name, several joined by commas"
        ) from refused


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError(
            f"annotation {REMOVED_AFTER} is {text[:40]!r}; write a day such as 2030-01-31"
        ) from error


def _minutes(text: str) -> int:
    if not text:
        return 0
    if not text.isascii() or not text.isdecimal() or len(text) > 6 or int(text) > MOST_MINUTES:
        raise InputError(
            f"annotation {MINUTES_SAVED} is {text[:40]!r}; write whole minutes, {MOST_MINUTES} at the most"
        )
    return int(text)
