"""What a reading of a location changes in the catalog: pure, from what was found and what is stored."""

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from catalog.ingest.locations import Found, Harvest, Trouble, stated
from catalog.problems import Problem


@dataclass(frozen=True, slots=True)
class Stored:
    """What the catalog knows of an entity, as far as a decision needs it."""

    ref: str
    uid: uuid.UUID
    holder: uuid.UUID | None
    holder_text: str
    file: str
    parent_ref: str
    content_hash: bytes
    source_hash: bytes | None
    orphan: bool
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Write:
    """An entity to be written, with the uid that it keeps, if it lived before."""

    found: Found
    content_hash: bytes
    uid: uuid.UUID | None
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class Plan:
    """Everything that one reading changes. What is not named here is not touched."""

    writes: list[Write] = field(default_factory=list)
    keep_with: dict[str, tuple[Problem, ...]] = field(default_factory=dict)
    orphans: list[str] = field(default_factory=list)
    contested: list[str] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    refs: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether no entity changes."""
        return not (self.writes or self.keep_with or self.orphans)


def plan(harvest: Harvest, stored: Mapping[str, Stored], location: uuid.UUID) -> Plan:
    """Decide. `stored` holds whatever the location holds now and whatever is stored under a ref it found.

    - First holder wins: a ref that another location holds from another file stays there, and is contested.
    - A broken document keeps the last good entity, with the error on it; so does a file that cannot be read.
    - What is neither found nor possibly hidden behind a fault is an orphan.
    """
    decided = Plan(troubles=list(harvest.troubles))
    wanted = _winners(harvest, decided)
    problems = _problems_by_ref(harvest.troubles)
    if not harvest.entities and harvest.troubles and harvest.root not in stored:
        wanted.pop(harvest.root, None)  # a location that never gave anything stays unseen
    for ref, found in wanted.items():
        before = stored.get(ref)
        if before is not None and _held_elsewhere(before, location):
            decided.contested.append(ref)
            if before.file != found.file:
                decided.troubles.append(_conflict(found, before))
            continue
        decided.refs.append(ref)
        digest = hashlib.blake2b(found.content, digest_size=16).digest()
        faults = tuple(problems.get(ref, ()))
        if before is None or _differs(before, found, digest, faults, location):
            decided.writes.append(Write(found, digest, before.uid if before else None, faults))
    held = {ref: one for ref, one in stored.items() if one.holder == location and ref not in wanted}
    _decide_missing(held, harvest.troubles, decided, problems)
    return decided


def _winners(harvest: Harvest, decided: Plan) -> dict[str, Found]:
    """One document per ref: inside a file the last one, as Backstage has it; of two files the first one."""
    wanted: dict[str, Found] = {}
    for found in harvest.found:
        ref = found.ref
        if ref in wanted and wanted[ref].file != found.file:
            other = wanted[ref].file
            text = f"Detected conflicting entityRef {ref}, already in {other} and now also in {found.file}"
            decided.troubles.append(_trouble(found, Problem("ConflictError", text)))
        else:
            wanted[ref] = found
    return wanted


def _held_elsewhere(before: Stored, location: uuid.UUID) -> bool:
    return before.holder is not None and before.holder != location and not before.orphan


def _differs(
    before: Stored, found: Found, digest: bytes, faults: tuple[Problem, ...], location: uuid.UUID
) -> bool:
    return (
        (before.content_hash, before.file, before.parent_ref) != (digest, found.file, found.parent_ref)
        or before.orphan
        or before.holder != location
        or before.problems != faults
    )


def _conflict(found: Found, before: Stored) -> Trouble:
    holder = (
        before.file if before.file == before.holder_text else f"{before.file} (below {before.holder_text})"
    )
    text = (
        f"Detected conflicting entityRef {found.ref} already referenced by {holder} and now also "
        f"{found.file}: rename one of them, or remove the other location"
    )
    return _trouble(found, Problem("ConflictError", text))


def _trouble(found: Found, problem: Problem) -> Trouble:
    about = stated(found.entity)
    return Trouble(problem, found.file, found.line, found.ref, found.parent_ref, stated=about)


def _problems_by_ref(troubles: Iterable[Trouble]) -> dict[str, list[Problem]]:
    """Which entities show a fault: the broken one, or for a file without a name to blame, who led to it."""
    problems: dict[str, list[Problem]] = {}
    for trouble in troubles:
        about = trouble.ref or trouble.parent_ref
        if about:
            problems.setdefault(about, []).append(trouble.problem)
    return problems


def _decide_missing(
    held: Mapping[str, Stored],
    troubles: Sequence[Trouble],
    decided: Plan,
    problems: Mapping[str, list[Problem]],
) -> None:
    """For each held entity that was not found: kept behind a fault, or an orphan."""
    nameless = {one.file: one for one in troubles if not one.ref and not one.unread}
    unread_files = {one.file for one in troubles if one.unread}
    unread_below = {one.parent_ref for one in troubles if one.unread and _stands_for_many(one.file)}
    kept: dict[str, tuple[Problem, ...]] = {}
    for ref, one in held.items():
        if ref in problems and any(trouble.ref == ref for trouble in troubles):
            kept[ref] = tuple(problems[ref])
        elif one.file in nameless:
            kept[ref] = (nameless[one.file].problem,)
        elif one.file in unread_files or one.parent_ref in unread_below:
            kept[ref] = one.problems
    _keep_below(held, kept)
    for ref, one in held.items():
        if ref not in kept:
            if not one.orphan:
                decided.orphans.append(ref)
        elif kept[ref] != one.problems or one.orphan:
            decided.keep_with[ref] = kept[ref]
    decided.refs.extend(kept)


def _keep_below(held: Mapping[str, Stored], kept: dict[str, tuple[Problem, ...]]) -> None:
    """What a kept Location entity led to could not be looked at either."""
    children: dict[str, list[str]] = {}
    for ref, one in held.items():
        children.setdefault(one.parent_ref, []).append(ref)
    waiting = list(kept)
    while waiting:
        for ref in children.get(waiting.pop(), ()):
            if ref not in kept:
                kept[ref] = held[ref].problems
                waiting.append(ref)


def _stands_for_many(file: str) -> bool:
    return any(sign in file for sign in "*?[{")
