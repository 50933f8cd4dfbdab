"""The pool's connections: psycopg's own, which can also run a statement the shortest way through libpq.

psycopg's cursor sends, waits and reads in three steps of a generator, and gives the interpreter's lock away at each; among
the threads of a web process that costs more than the statement. `ask` makes it one call of libpq: PQexecPrepared on a
statement that this connection has prepared before. Parameters and rows are still dumped and loaded by psycopg.
"""

import itertools
import re
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any, cast

import psycopg
from psycopg.adapt import AdaptersMap, PyFormat, Transformer
from psycopg.pq import ConnStatus, ExecStatus, Format, TransactionStatus
from psycopg.pq.abc import PGresult
from psycopg.types.string import ByteaBinaryLoader

MOST_PREPARED = 100
"""Statements that a connection keeps prepared; the oldest one makes room."""

Rows = list[tuple[Any, ...]]
_STALE = (psycopg.errors.InvalidSqlStatementName, psycopg.errors.FeatureNotSupported)
"""A prepared statement that is gone (a pooler in between, DISCARD ALL) or whose table has changed since."""
_PLACEHOLDER = re.compile(r"%([%s])")


class Connection(psycopg.Connection[tuple[Any, ...]]):
    """What the pool of `core.postgresql` lends."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._statements: dict[tuple[str, tuple[int, ...]], bytes] = {}
        self._numbers = itertools.count()

    @cached_property
    def _texts(self) -> "_Texts":
        return _Texts(self)

    def ask(
        self, sql: str, params: Sequence[object], *, as_bytes: bool = False, prepare: bool = True
    ) -> Rows:
        """Every row of a statement with `%s` for each parameter. With `as_bytes` texts stay UTF-8."""
        if not self.autocommit and self._is_idle():
            self.execute("SELECT")  # psycopg opens the transaction that it was told to have
        try:
            return self._ask(sql, params, as_bytes, prepare)
        except _STALE:
            self._statements.clear()
            if not self._is_idle():
                raise  # the transaction is lost with it
            return self._ask(sql, params, as_bytes, prepare)

    def _ask(self, sql: str, params: Sequence[object], as_bytes: bool, prepare: bool) -> Rows:
        rows = Transformer(self._texts if as_bytes else self)
        values = rows.dump_sequence(params, [PyFormat.AUTO] * len(params))
        types = rows.types or ()
        if prepare:
            name = self._statements.get((sql, types)) or self._prepare(sql, types)
            result = self.pgconn.exec_prepared(name, cast(Any, values), rows.formats, Format.BINARY)
        else:
            result = self.pgconn.exec_params(_numbered(sql), values, types, rows.formats, Format.BINARY)
        if result.status != ExecStatus.TUPLES_OK:
            raise self._fault(result)
        rows.set_pgresult(result)
        return rows.load_rows(0, result.ntuples, tuple)

    def _fault(self, result: PGresult) -> psycopg.Error:
        if (
            self.pgconn.status == ConnStatus.BAD
        ):  # libpq made this result itself, without a code of the server's
            return psycopg.OperationalError(self.pgconn.get_error_message())
        return psycopg.errors.error_from_result(result, self.info.encoding)

    def _is_idle(self) -> bool:
        return self.pgconn.transaction_status == TransactionStatus.IDLE

    def _prepare(self, sql: str, types: tuple[int, ...]) -> bytes:
        if len(self._statements) >= MOST_PREPARED:
            oldest = self._statements.pop(next(iter(self._statements)))
            self.pgconn.exec_(b"DEALLOCATE " + oldest)
        name = b"ask_%d" % next(self._numbers)
        result = self.pgconn.prepare(name, _numbered(sql), types)
        if result.status != ExecStatus.COMMAND_OK:
            raise self._fault(result)
        self._statements[sql, types] = name
        return name


class _Texts:
    """How a connection reads rows, but for texts, which are handed on as they came."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.adapters = AdaptersMap(connection.adapters)
        keep_bytes(self.adapters)


def keep_bytes(adapters: AdaptersMap) -> None:
    """Texts come in UTF-8 and leave in UTF-8: what only passes through needs no `str` between."""
    for name in ("text", "varchar"):
        adapters.register_loader(name, ByteaBinaryLoader)


@lru_cache(maxsize=512)
def _numbered(sql: str) -> bytes:
    """`%s` → `$1`, `$2` …, `%%` → `%`."""
    numbers = itertools.count(1)
    return _PLACEHOLDER.sub(lambda found: f"${next(numbers)}" if found[1] == "s" else "%", sql).encode()
