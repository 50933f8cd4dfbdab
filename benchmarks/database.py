"""The PostgreSQL behind a server: its process, and what its tables take on disk. The only part that needs psycopg."""

from pathlib import Path
from typing import Any

import psycopg

from benchmarks.server import Unmeasurable

# Schemas too: Backstage keeps each plugin in one of its own.
_TABLES = """
    SELECT n.nspname || '.' || c.relname, pg_total_relation_size(c.oid), pg_indexes_size(c.oid),
           greatest(c.reltuples, 0)::bigint
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    ORDER BY 2 DESC
"""


def server_process(url: str) -> int:
    """The process id of a PostgreSQL on this machine: the parent of the process that serves our connection."""
    with _connected(url) as connection:
        pid = connection.info.backend_pid
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError as error:
            raise Unmeasurable("the database runs on another machine: its CPU cannot be measured") from error
    return int(stat.rpartition(")")[2].split()[1])


def sizes(url: str) -> dict[str, Any]:
    """Bytes of the database, and of each table with its indexes and large values, largest first."""
    with _connected(url) as connection:
        whole = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        rows = connection.execute(_TABLES).fetchall()
    tables = {name: {"bytes": all_, "index_bytes": indexes, "rows": n} for name, all_, indexes, n in rows}
    return {"bytes": whole[0] if whole else 0, "tables": tables}


def tidy(url: str) -> None:
    """VACUUM ANALYZE: query plans need fresh statistics, sizes no dead rows."""
    with _connected(url) as connection:
        connection.execute("VACUUM ANALYZE")


def _connected(url: str) -> "psycopg.Connection[Any]":
    try:
        return psycopg.connect(url, autocommit=True)
    except psycopg.OperationalError as error:
        raise Unmeasurable(f"the database does not answer: {error}") from error
