"""Who has to approve a run: what its template asks for, and the rules of the file GREENROOM_APPROVALS.

    rules:
      - host: github.com                       # every condition of a rule has to hold; a rule without one always does
        action: publish:*
        approvers: [group:default/platform]
        needed: 2
        expires: 24h

Every rule that matches is a requirement of its own, beside the template's. Where it cannot be known whether a rule
matches, it does.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from catalog.problems import Refused
from catalog.refs import EntityRef
from core.errors import InputError
from scaffolder.approvals.targets import hosts_of

APPROVAL = "greenroom.dev/approval"
NEEDED = "greenroom.dev/approvals-needed"
EXPIRES = "greenroom.dev/approval-expires"
DEFAULT_EXPIRES = timedelta(hours=72)
LONGEST = timedelta(days=90)
MOST_APPROVERS = 50
_SPAN = re.compile(r"(\d{1,6})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_TEXT = {"type": "string", "minLength": 1}
_RULE = {
    "type": "object",
    "required": ["approvers"],
    "properties": {
        "template": _TEXT,
        "owner": _TEXT,
        "action": _TEXT,
        "host": _TEXT,
        "approvers": {"type": "array", "items": _TEXT, "minItems": 1, "maxItems": MOST_APPROVERS},
        "needed": {"type": "integer", "minimum": 1, "maximum": MOST_APPROVERS},
        "expires": _TEXT,
    },
    "additionalProperties": False,
}
_SCHEMA = {
    "type": "object",
    "required": ["rules"],
    "properties": {"rules": {"type": "array", "items": _RULE, "maxItems": 500}},
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Requirement:
    """So many of these have to say yes within so long. `why` names what asks for it."""

    approvers: tuple[str, ...]
    needed: int
    expires: timedelta
    why: str

    def document(self) -> dict[str, Any]:
        """As the request keeps it."""
        return {"approvers": list(self.approvers), "needed": self.needed, "why": self.why}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the file."""

    conditions: Mapping[str, str]
    requirement: Requirement

    def matches(self, spec: Mapping[str, Any], owner: Callable[[], str | None]) -> bool:
        """Whether the rule is about a run with this frozen spec. `owner` gives None when nobody knows it."""
        held = {
            "template": lambda wanted: fnmatchcase(spec["templateInfo"]["entityRef"], wanted.lower()),
            "owner": lambda wanted: (ref := owner()) is None or fnmatchcase(ref, wanted.lower()),
            "action": lambda wanted: any(fnmatchcase(step["action"], wanted) for step in spec["steps"]),
            "host": lambda wanted: any(
                host is None or fnmatchcase(host, wanted.lower()) for host in hosts_of(spec)
            ),
        }
        return all(held[name](wanted) for name, wanted in self.conditions.items())


def requirements(spec: Mapping[str, Any], owner: Callable[[], str | None]) -> list[Requirement]:
    """All that has to be fulfilled before a run with this frozen spec may begin; InputError for a wrong annotation."""
    annotations = spec["templateInfo"]["entity"]["metadata"].get("annotations") or {}
    asked = of_template(annotations)
    found = [rule.requirement for rule in rules() if rule.matches(spec, owner)]
    return [asked, *found] if asked else found


def of_template(annotations: Mapping[str, Any]) -> Requirement | None:
    """What a template's annotations ask for; None when they ask for nothing. InputError when they make no sense."""
    if APPROVAL not in annotations:
        if NEEDED in annotations or EXPIRES in annotations:
            raise InputError(f"the template says how it is approved, but not by whom: add {APPROVAL}")
        return None
    names = [name.strip() for name in str(annotations[APPROVAL]).split(",") if name.strip()]
    needed = str(annotations.get(NEEDED, "1"))
    if not needed.isdecimal():
        raise InputError(f"annotation {NEEDED} is {needed!r}: expected a whole number in quotes")
    return _requirement(
        names, int(needed), annotations.get(EXPIRES), f"annotation {APPROVAL}", "the template"
    )


def rules() -> tuple[Rule, ...]:
    """The rules of the file; none without one. ImproperlyConfigured names what is wrong in it."""
    if not settings.GREENROOM_APPROVALS:
        return ()
    path = Path(settings.GREENROOM_APPROVALS)
    try:
        changed = path.stat()
    except OSError as error:
        raise ImproperlyConfigured(f"GREENROOM_APPROVALS={path}: {error.strerror}") from error
    return _read(path, changed.st_mtime_ns, changed.st_size)


@lru_cache(maxsize=4)
def _read(path: Path, _changed: int, _size: int) -> tuple[Rule, ...]:
    try:
        said = yaml.safe_load(path.read_bytes())
    except (yaml.YAMLError, OSError, UnicodeError) as error:
        raise ImproperlyConfigured(f"GREENROOM_APPROVALS={path}: cannot be read: {error}") from error
    said = {"rules": []} if said is None else said
    for fault in jsonschema_rs.Draft202012Validator(_SCHEMA).iter_errors(said):
        place = "".join(f"[{part!r}]" for part in fault.instance_path)
        raise ImproperlyConfigured(f"GREENROOM_APPROVALS={path}{place}: {fault.message}")
    try:
        return tuple(_rule(number, rule) for number, rule in enumerate(said["rules"], start=1))
    except InputError as error:
        raise ImproperlyConfigured(f"GREENROOM_APPROVALS={path}: {error.message}") from error


def _rule(number: int, said: Mapping[str, Any]) -> Rule:
    conditions = {name: said[name] for name in ("template", "owner", "action", "host") if name in said}
    told = ", ".join(f"{name} {text}" for name, text in conditions.items()) or "every run"
    why = f"rule {number} ({told})"
    return Rule(
        conditions, _requirement(said["approvers"], said.get("needed", 1), said.get("expires"), why, why)
    )


def _requirement(names: Sequence[str], needed: int, expires: object, why: str, where: str) -> Requirement:
    approvers = tuple(sorted({_person_or_group(name, where) for name in names}))
    if not approvers or len(approvers) > MOST_APPROVERS:
        raise InputError(f"{where} names {len(approvers)} approvers: expected 1 to {MOST_APPROVERS}")
    if not 1 <= needed <= MOST_APPROVERS:
        raise InputError(f"{where} asks for {needed} approvals: expected 1 to {MOST_APPROVERS}")
    people = all(name.startswith("user:") for name in approvers)
    if people and needed > len(approvers):
        raise InputError(f"{where} asks for {needed} approvals by {len(approvers)} people")
    return Requirement(approvers, needed, _span(expires, where), why)


def _person_or_group(name: str, where: str) -> str:
    try:
        ref = EntityRef.parse(name, default_kind="group")
    except Refused as error:
        raise InputError(f"{where}: approver {name!r} is no reference such as group:default/team") from error
    if ref.kind.lower() not in {"user", "group"}:
        raise InputError(f"{where}: approver {name!r} is neither a user nor a group")
    return str(ref)


def _span(text: object, where: str) -> timedelta:
    if text is None:
        return DEFAULT_EXPIRES
    found = _SPAN.fullmatch(str(text).strip())
    span = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else timedelta()
    if not timedelta() < span <= LONGEST:
        raise InputError(
            f"{where}: approvals expire after {text!r}: expected 30m, 72h or 7d, 90d at the most"
        )
    return span
