"""For commands that act on the database: its server is there, Django is set up, migrations are in step.

Django's database layer is imported inside of the functions: it is slow, and most commands do not need it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import django
import psycopg

from config import env
from core.embedded import running
from core.errors import Unavailable


@contextmanager
def attached() -> Iterator[None]:
    """PostgreSQL answers during the block: that of DATABASE_URL, or the embedded one, started if need be."""
    if os.environ.get("DATABASE_URL"):
        yield
        return
    with running(env.data_folder(), with_redis=False):
        yield


@contextmanager
def connected() -> Iterator[None]:
    """Models may be used during the block. Raises Unavailable when the database does not answer."""
    with attached():
        set_up()
        from django.db import OperationalError, connection

        try:
            # Once without the pool, which would only tell how long it has waited.
            psycopg.connect(**connection.get_connection_params()).close()
            _bring_into_step()
            yield
        except (OperationalError, psycopg.OperationalError) as error:
            raise Unavailable(f"the database does not answer: {str(error).strip()}") from error
        finally:
            let_go()


def set_up() -> None:
    """Load Django and the apps; the command's own log speaks only of trouble."""
    os.environ.setdefault("GREENROOM_LOG_LEVEL", "WARNING")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()


def let_go() -> None:
    """Close the connections, so that an embedded server stops at once."""
    from django.db import connection

    connection.close()
    close_pool = getattr(connection, "close_pool", None)  # PostgreSQL's wrapper has one
    if close_pool is not None:
        close_pool()


def _bring_into_step() -> None:
    from config.health import missing_migrations

    missing = missing_migrations()
    if not missing:
        return
    if os.environ.get("DATABASE_URL"):
        raise Unavailable(f"the database of DATABASE_URL lacks {missing} migrations: greenroom migrate")
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
