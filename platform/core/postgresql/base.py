"""The database backend: Django's own, whose pool looks at a connection's socket before it lends it.

Django's health check asks the server, one more round trip for every request. A server that ended a connection has
closed its socket, and an idle socket can be read only then (or when a message came by itself): one poll(2) finds out.
"""

import select
from functools import partial
from typing import Any

from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base
from psycopg import OperationalError
from psycopg_pool import ConnectionPool

from .connections import Connection


class DatabaseWrapper(base.DatabaseWrapper):
    """What `ENGINE = "core.postgresql"` names."""

    _connection_pools: dict[str, ConnectionPool[Connection]]

    @property
    def pool(self) -> Any:
        """The connections that the threads of this process share; None for Django's nameless database."""
        options = self.settings_dict["OPTIONS"].get("pool")
        if self.alias == NO_DB_ALIAS or not options:
            return None
        found = self._connection_pools.get(self.alias)
        if found is None:
            fresh = ConnectionPool(
                kwargs={**self.get_connection_params(), "autocommit": True},
                connection_class=Connection,
                open=False,
                configure=self._configure_connection,  # type: ignore[attr-defined]  # the stubs lack it
                check=partial(_check, self),
                **options,
            )
            found = self._connection_pools.setdefault(self.alias, fresh)  # of two threads the first one wins
        return found


def _check(database: DatabaseWrapper, connection: Connection) -> None:
    """Looks at a connection before it is lent. When one is dead the others are of the same server: none is kept.

    The pool would look at them one after the other, and sleep longer and longer in between.
    """
    try:
        look(connection)
    except OperationalError:
        database.pool.drain()
        raise


def look(connection: Connection) -> None:
    """Raises psycopg.OperationalError when the server has ended an idle connection."""
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    if waiting.poll(0):
        ConnectionPool.check_connection(connection)
