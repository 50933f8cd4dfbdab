"""The catalog at one moment, as a stream of bytes; memory holds a batch of rows."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.utils import timezone

from catalog.history.past import known_since
from catalog.transfer import rows
from catalog.transfer.formats import written
from catalog.transfer.records import COUNTED, VERSION
from core.snapshot import snapshot
from core.sql import SLOWEST_READER

_PIECE = 64 * 1024


def export(form: str, *, with_history: bool) -> Iterator[bytes]:
    """Everything, in pieces for a socket. A reader that takes very long over a batch loses the rest."""
    piece, size = [], 0
    for record in _written(form, with_history=with_history):
        piece.append(record)
        size += len(record)
        if size >= _PIECE:
            yield b"".join(piece)
            piece, size = [], 0
    yield b"".join(piece)


def _written(form: str, *, with_history: bool) -> Iterator[bytes]:
    counts: Counter[str] = Counter()
    with snapshot():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('idle_in_transaction_session_timeout', %s, true)", [SLOWEST_READER]
            )
        for name, said in _records(with_history=with_history):
            counts[name] += 1
            yield written({name: said}, form)
    yield written({"end": {word: counts[name] for name, word in COUNTED.items()}}, form)


def _records(*, with_history: bool) -> Iterator[tuple[str, Any]]:
    yield "catalog", {"version": VERSION, "at": timezone.now(), "history": with_history}
    for name, found in (
        ("location", rows.locations),
        ("relations", rows.relations),
        ("entity", rows.entities),
    ):
        for said in found():
            yield name, said
    if with_history:
        if since := known_since():
            yield "horizon", {"at": since}
        for said in rows.revisions():
            yield "revision", said
