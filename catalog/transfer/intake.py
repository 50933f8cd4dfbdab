"""A stream of records into an empty catalog: all of it or nothing, so that an interrupted import is just repeated."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

import psycopg
from django.db import DataError, IntegrityError, connection, transaction

from catalog.descriptor import apply_policy, check_envelope, check_size
from catalog.history import Change, Horizon, Revision, Verb, record
from catalog.ingest.store import lock_catalog, settle
from catalog.models import Entity, Location
from catalog.refs import EntityRef
from catalog.search_keys import check_spelling
from catalog.transfer import rows
from catalog.transfer.formats import Line, Readable, lines
from catalog.transfer.records import COUNTED, ORDER, moment, opened
from core.audit import Actor
from core.audit import record as audit
from core.errors import Conflict, InputError

_AT_ONCE = 1_000
_BYTES_AT_ONCE = 8 * 1024 * 1024
_ALONE = {"catalog", "horizon", "end"}
_LEAVE_OUT = ": leave one of the two out"
_KEY = re.compile(r"\((?P<columns>[^=]*)\)=\((?P<value>.*)\)")


@dataclass(frozen=True, slots=True)
class Taken:
    """What came in. `changed` counts entities that say something else here than where they come from."""

    counts: Mapping[str, int]
    changed: int

    def document(self) -> dict[str, int]:
        """As the API shows it."""
        return {**{word: self.counts.get(name, 0) for name, word in COUNTED.items()}, "changed": self.changed}


@dataclass(frozen=True, slots=True)
class _Item:
    line: int
    size: int
    name: str
    said: dict[str, Any]


@transaction.atomic
def take_in(stream: Readable, form: str, by: Actor) -> Taken:
    """Store everything that an export holds. Raises InputError with the line that cannot be taken, and Conflict
    when the catalog is not empty; then nothing is stored."""
    lock_catalog()
    _check_empty()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a fault shows at its record, not at the end
    taken = _Intake(by)
    for name, items in groupby(_opened(lines(stream, form)), key=lambda item: item.name):
        if name in taken.doors:
            for batch in _batches(items):
                taken.doors[name](batch)
                taken.counts[name] += len(batch)
        else:
            taken.mark(name, list(items))
    if taken.end is None:
        raise InputError("the file ends without its last record, `end`: it was cut off; export it again")
    settle()
    if stranger := rows.unsourced():
        raise InputError(f"relations/source {stranger} is no entity of this file: leave its relations out")
    audit(by, "imported", "catalog", **taken.counts)
    return Taken(taken.counts, taken.changed)


def _check_empty() -> None:
    entities = Entity.objects.count()
    if entities:
        raise Conflict(
            f"the catalog holds {entities} entities: an import needs an empty one; unregister its locations first, "
            "or use a new installation"
        )
    Location.objects.all().delete()  # named by the configuration, or registered and never read: nothing is lost


def _opened(found: Iterator[Line]) -> Iterator[_Item]:
    """The records in their order, each checked by itself."""
    place = -1
    for line in found:
        try:
            name, said = opened(line.record)
            if place < 0 and name != "catalog":
                raise InputError("the first record must be `catalog`, with the version of the file")
            if ORDER.index(name) < place or (ORDER.index(name) == place and name in _ALONE):
                raise InputError(f"a record {name!r} cannot follow {ORDER[place]!r}; the order is {ORDER}")
            place = ORDER.index(name)
        except InputError as error:
            raise _at(line.number, error) from error
        yield _Item(line.number, line.size, name, said)
    if place < 0:
        raise InputError("the file is empty: expected an export of `greenroom catalog export`")


def _batches(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    batch: list[_Item] = []
    size = 0
    for item in items:
        batch.append(item)
        size += item.size
        if len(batch) == _AT_ONCE or size > _BYTES_AT_ONCE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


class _Intake:
    """What came so far, and who takes which records in."""

    def __init__(self, by: Actor) -> None:
        self.by = by
        self.counts: Counter[str] = Counter()
        self.changed = 0
        self.with_history = False
        self.end: dict[str, int] | None = None
        self.doors: Mapping[str, Callable[[list[_Item]], None]] = {
            "location": self.locations,
            "relations": self.relations,
            "entity": self.entities,
            "revision": self.revisions,
        }

    def mark(self, name: str, items: list[_Item]) -> None:
        """A record that stands alone."""
        (item,) = items[:1]
        if name == "catalog":
            self.with_history = item.said.get("history") is True
            if self.with_history:
                Revision.objects.all().delete()
                Horizon.objects.all().delete()
        elif name == "horizon":
            with _blamed(items):
                Horizon.objects.update_or_create(pk=1, defaults={"at": moment("horizon/at", item.said["at"])})
        elif name == "end":
            found = {word: self.counts[name] for name, word in COUNTED.items()}
            if item.said != found:
                raise _at(item.line, InputError(f"the file should hold {item.said}, but {found} came"))
            self.end = item.said

    def locations(self, items: list[_Item]) -> None:
        """Locations."""
        with _blamed(items):
            rows.add_locations([item.said for item in items])

    def relations(self, items: list[_Item]) -> None:
        """What each entity states."""
        with _blamed(items):
            rows.add_relations([item.said for item in items])

    def entities(self, items: list[_Item]) -> None:
        """Entities, whose relations and locations came before."""
        records: dict[str, dict[str, Any]] = {}
        for item in items:
            with _blamed([item]):
                ref = _checked(item.said)
                if ref in records:
                    raise InputError(f"entity {ref} came before{_LEAVE_OUT}")
                records[ref] = item.said
        with _blamed(items):
            etags = rows.add_entities(records)
        self.changed += sum(etags[ref] != said["etag"] for ref, said in records.items())
        if not self.with_history:
            came = [(ref, UUID(said["uid"])) for ref, said in records.items()]
            record([Change(ref, uid, Verb.CREATED, None, "", self.by.ref) for ref, uid in came])

    def revisions(self, items: list[_Item]) -> None:
        """Kept changes."""
        with _blamed(items):
            rows.add_revisions([item.said for item in items])


def _checked(said: dict[str, Any]) -> str:
    """The reference of an entity that is fit to be stored."""
    document = check_envelope(said["document"])
    check_size(document)
    said["document"] = apply_policy(document)
    check_spelling(document)
    return str(EntityRef.of(document))


@contextmanager
def _blamed(items: Sequence[_Item]) -> Iterator[None]:
    """What is wrong with one of these records is told with its line."""
    try:
        yield
    except InputError as error:
        raise _at(items[0].line, error) from error
    except (IntegrityError, DataError, psycopg.IntegrityError, psycopg.DataError) as error:
        raise _at(*_read_fault(error, items)) from error


def _read_fault(error: Exception, items: Sequence[_Item]) -> tuple[int, InputError]:
    """PostgreSQL's complaint about one value of many → the line of that value, and a sentence."""
    said = error if isinstance(error, psycopg.Error) else error.__cause__  # COPY's errors come unwrapped
    diagnosis = getattr(said, "diag", None)
    detail = (diagnosis.message_detail if diagnosis else None) or ""
    found = _KEY.search(detail)
    if found is None:
        text = (diagnosis.message_primary if diagnosis else None) or "a value does not fit"
        return items[0].line, InputError(f"{text} (in one of the records up to line {items[-1].line})")
    values = found["value"].split(", ")
    fitting = [item.line for item in items if set(values) <= {str(one) for one in item.said.values()}]
    name = f"{items[0].name} {found['value']}"
    if "not present" in detail:
        return (fitting or [items[0].line])[0], InputError(
            f"{items[0].name}/location {values[0]} is no location of this file"
        )
    return (fitting or [items[0].line])[-1], InputError(f"{name} came before{_LEAVE_OUT}")


def _at(line: int, error: InputError) -> InputError:
    return InputError(f"line {line}: {error.message}")
