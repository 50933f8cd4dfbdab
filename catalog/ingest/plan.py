"""What a reading of a location changes in the catalog: pure, from what was found and what is stored."""

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from catalog.ingest.harvest import Found, Harvest, Trouble, stated
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
    """Everything that one reading changes. What is not named here is not touched.

    `anew` are files that were passed over, but must be looked at before anything can be decided.
    """

    writes: list[Write] = field(default_factory=list)
    keep_with: dict[str, tuple[Problem, ...]] = field(default_factory=dict)
    orphans: list[str] = field(default_factory=list)
    contested: list[str] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    anew: set[str] = field(default_factory=set)

    @property
    def is_empty(self) -> bool:
        """Whether no entity changes."""
        return not (self.writes or self.keep_with or self.orphans)


def plan(harvest: Harvest, stored: Mapping[str, Stored], location: uuid.UUID) -> Plan:
    """Decide. `stored` holds whatever is stored under a ref that was found or is in trouble, and whatever the
    location holds that is broken or does not come from a file that is the same.

    - First holder wins: a ref that another location holds from another file stays there, and is contested.
    - A broken document keeps the last good entity, with the error on it; so does a file that cannot be read.
    - What is neither found nor possibly hidden behind a fault is an orphan.
    """
    decided = Plan(troubles=list(harvest.troubles))
    wanted = _winners(harvest, decided)
    problems = _problems_by_ref(harvest.troubles)
    if not harvest.entities and not harvest.same and harvest.troubles and harvest.root not in stored:
        wanted.pop(harvest.root, None)  # a location that never gave anything stays unseen
    for ref, found in wanted.items():
        _decide_found(found, stored.get(ref), tuple(problems.get(ref, ())), harvest, location, decided)
    missing = {ref: one for ref, one in stored.items() if one.holder == location and ref not in wanted}
    passed_over = {ref: one for ref, one in missing.items() if one.file in harvest.same}
    for ref, one in passed_over.items():
        if one.orphan:
            decided.anew.add(one.file)
        elif one.problems != tuple(problems.get(ref, ())):
            decided.keep_with[ref] = tuple(problems.get(ref, ()))
    held = {ref: one for ref, one in missing.items() if ref not in passed_over}
    _decide_missing(held, harvest.troubles, decided, problems)
    return decided


def _decide_found(
    found: Found,
    before: Stored | None,
    faults: tuple[Problem, ...],
    harvest: Harvest,
    location: uuid.UUID,
    decided: Plan,
) -> None:
    """Whether what was found is written, is stored already, or belongs to somebody else."""
    if before is not None and _held_elsewhere(before, location):
        decided.contested.append(found.ref)
        if before.file != found.file:
            decided.troubles.append(_conflict(found, before))
    elif before is not None and before.file != found.file and before.file in harvest.same:
        decided.anew.add(before.file)  # which of the two comes first is told by reading both
    elif found.content is None:
        if before is None or before.orphan or before.holder != location or before.problems != faults:
            decided.anew.add(found.file)
    else:
        digest = hashlib.blake2b(found.content, digest_size=16).digest()
        if before is None or _differs(before, found, digest, faults, location):
            decided.writes.append(Write(found, digest, before.uid if before else None, faults))


def _winners(harvest: Harvest, decided: Plan) -> dict[str, Found]:
    """One document per ref: inside a file the last one, as Backstage has it; of two files the first one."""
    wanted: dict[str, Found] = {}
    for found in harvest.found:
        ref = found.ref
        if ref not in wanted or wanted[ref].file == found.file:
            wanted[ref] = found
        elif found.content is None:
            decided.anew.add(found.file)
        else:
            other = wanted[ref].file
            text = f"Detected conflicting entityRef {ref}, already in {other} and now also in {found.file}"
            decided.troubles.append(_trouble(found, Problem("ConflictError", text)))
    return wanted


def _held_elsewhere(before: Stored, location: uuid.UUID) -> bool:
    return before.holder is not None and before.holder != location and not before.orphan


def _differs(
    before: Stored, found: Found, digest: bytes, faults: tuple[Problem, ...], location: uuid.UUID
) -> bool:
    return (
        (before.content_hash, before.file, before.parent_ref) != (digest, found.file, found.parent_ref)
        or before.source_hash != found.source_hash
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
