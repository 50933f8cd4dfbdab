"""One SQL text, run the short way on the pool's connections: for hot reads, where the ORM costs more than PostgreSQL.

    rows("SELECT ref, title FROM catalog_entity WHERE kind = %s LIMIT %s", ["Component", 20])

A connection is lent by Django's pool for this one call. While this thread uses Django's own connection (it is in a
transaction, or the ORM has just read something) that one is taken, so that what was written is seen. Values are bound
by the server and never part of the text. Errors are Django's database errors; a server that is away is `Unavailable`.
"""

import logging
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import psycopg
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from psycopg_pool import ConnectionPool

from .errors import Unavailable
from .postgresql.base import DatabaseWrapper
from .postgresql.connections import Connection, keep_bytes

AWAY = "The database does not answer; it is being restarted. Try again in a few seconds."
SLOWEST_READER = "30s"
"""How long the reader of a stream may take over one batch before PostgreSQL ends the transaction that waits for it."""

Rows = list[tuple[Any, ...]]

log = logging.getLogger(__name__)


def rows(sql: str, params: Sequence[object] = (), *, as_bytes: bool = False, prepare: bool = True) -> Rows:
    """Every row of a statement that reads. It may run twice: when a connection that lay idle proves dead.

    With `as_bytes` texts arrive as UTF-8, ready for a socket. `prepare=False` is for texts that hardly come twice:
    a connection keeps `MOST_PREPARED` of them.
    """
    database = _database()
    with _told_as_ours(database):
        own: Connection | None = database.connection
        if own is not None:
            _note(database, sql)
            return own.ask(sql, params, as_bytes=as_bytes, prepare=prepare)
        pool = _open(database)
        lent = pool.getconn()
        try:
            return lent.ask(sql, params, as_bytes=as_bytes, prepare=prepare)
        except psycopg.OperationalError:
            if not lent.closed:
                raise
            log.info("a connection was dead, asking again on another one")
        finally:
            pool.putconn(lent)
        with pool.connection() as lent:
            return lent.ask(sql, params, as_bytes=as_bytes, prepare=prepare)


def stream(
    sql: str, params: Sequence[object] = (), *, batch: int = 500, as_bytes: bool = False
) -> Generator[Rows, None, None]:
    """The rows in batches, as of one moment, through a cursor of the server: memory holds one batch.

    A reader that takes more than `SLOWEST_READER` over a batch loses the rest: its transaction keeps PostgreSQL from
    cleaning up behind everybody's writes.
    """
    database = _database()
    with _told_as_ours(database):
        if database.in_atomic_block:
            _note(database, sql)
            yield from _batches(database.connection, sql, params, batch, as_bytes)
            return
        pool = _open(database)
        with pool.connection() as lent, lent.transaction():
            lent.execute(
                "SELECT set_config('cursor_tuple_fraction', '1', true),"  # all rows are wanted, not the first ones
                " set_config('idle_in_transaction_session_timeout', %s, true)",
                [SLOWEST_READER],
            )
            yield from _batches(lent, sql, params, batch, as_bytes)


def give_back() -> None:
    """Return what Django's own connection of this thread is to the pool, when a request or a stream has ended."""
    database = _database()
    if database.connection is not None and not database.in_atomic_block:
        database.close_if_unusable_or_obsolete()


def _batches(
    connection: Connection, sql: str, params: Sequence[object], batch: int, as_bytes: bool
) -> Iterator[Rows]:
    with psycopg.ServerCursor(connection, "stream") as cursor:
        if as_bytes:
            keep_bytes(cursor.adapters)
        cursor.execute(sql, params, binary=True)
        while found := cursor.fetchmany(batch):
            yield found


def _database() -> DatabaseWrapper:
    return cast(DatabaseWrapper, connections[DEFAULT_DB_ALIAS])


def _open(database: DatabaseWrapper) -> "ConnectionPool[Connection]":
    pool: ConnectionPool[Connection] = database.pool
    if pool.closed:
        pool.open()
    return pool


def _note(database: DatabaseWrapper, sql: str) -> None:
    """Let Django's counters of queries see it: the tests hold every list to a budget."""
    if database.queries_logged:
        database.queries_log.append({"sql": sql, "time": "0"})


@contextmanager
def _told_as_ours(database: DatabaseWrapper) -> Iterator[None]:
    """psycopg's errors become Django's, and a lost or refused connection Unavailable."""
    try:
        with database.wrap_database_errors:
            yield
    except OperationalError as error:
        if isinstance(error.__cause__, psycopg.errors.QueryCanceled):
            raise
        raise Unavailable(AWAY) from error
