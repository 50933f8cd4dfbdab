"""Ways to index search keys in PostgreSQL, measured on the same entities: the figures of ADR 12.

Each design is a table of its own in a scratch schema, filled with the search keys of a catalog that is loaded, and
asked the same four questions. Needs a database that may be written to; the schema is dropped at the end.
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from benchmarks.server import tell

SCHEMA = "benchmark_designs"
COMMON = ("kind", "component"), ("spec.lifecycle", "production")
REPEATS = 20
Key = tuple[str, str]


@dataclass(frozen=True)
class Design:
    """A table, its indexes, how a row is made, and how entities with all of some keys are asked for."""

    name: str
    columns: str
    indexes: tuple[str, ...]
    rows: Callable[[str, list[Key]], Iterator[tuple[Any, ...]]]
    wanted: Callable[[list[Key]], tuple[str, tuple[Any, ...]]]


def _texts(uid: str, keys: list[Key]) -> Iterator[tuple[Any, ...]]:
    yield uid, list(dict.fromkeys(term for key, value in keys for term in (key, f"{key}={value}")))


def _hashes(uid: str, keys: list[Key]) -> Iterator[tuple[Any, ...]]:
    from catalog.search_keys import key_term, value_term  # only this design needs the catalog's own code

    yield uid, list(dict.fromkeys(n for key, value in keys for n in (key_term(key), value_term(key, value))))


def _one_each(uid: str, keys: list[Key]) -> Iterator[tuple[Any, ...]]:
    yield from ((uid, key, value) for key, value in dict.fromkeys(keys))


def _document(uid: str, keys: list[Key]) -> Iterator[tuple[Any, ...]]:
    held: dict[str, list[str]] = {}
    for key, value in keys:
        held.setdefault(key, []).append(value)
    yield uid, json.dumps(held)


def _all_texts(keys: list[Key]) -> tuple[str, tuple[Any, ...]]:
    return "terms @> %s::text[]", ([f"{key}={value}" for key, value in keys],)


def _all_hashes(keys: list[Key]) -> tuple[str, tuple[Any, ...]]:
    from catalog.search_keys import value_term  # only this design needs the catalog's own code

    return "terms @> %s::bigint[]", ([value_term(key, value) for key, value in keys],)


def _each_row(keys: list[Key]) -> tuple[str, tuple[Any, ...]]:
    one = f"uid IN (SELECT uid FROM {SCHEMA}.rows WHERE key = %s AND value = %s)"
    return " AND ".join([one] * len(keys)), tuple(word for key in keys for word in key)


def _containment(keys: list[Key]) -> tuple[str, tuple[Any, ...]]:
    return "held @> %s::jsonb", (json.dumps({key: [value] for key, value in keys}),)


DESIGNS = (
    Design("texts", "uid uuid PRIMARY KEY, terms text[]", ("USING gin (terms)",), _texts, _all_texts),
    Design("hashes", "uid uuid PRIMARY KEY, terms bigint[]", ("USING gin (terms)",), _hashes, _all_hashes),
    Design("rows", "uid uuid, key text, value text", ("(uid)", "(key, value, uid)"), _one_each, _each_row),
    Design(
        "documents",
        "uid uuid PRIMARY KEY, held jsonb",
        ("USING gin (held jsonb_path_ops)",),
        _document,
        _containment,
    ),
)


def main(argv: list[str]) -> int:
    """`python -m benchmarks designs --database URL`, with Greenroom's catalog loaded in that database."""
    parser = argparse.ArgumentParser(prog="benchmarks designs", description=__doc__)
    parser.add_argument("--database", required=True)
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    with psycopg.connect(parser.parse_args(argv).database, autocommit=True) as database:
        entities = list(_entities(database))
        owner = next(value for _, keys in entities for key, value in keys if key == "relations.ownedby")
        database.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        database.execute(f"CREATE SCHEMA {SCHEMA}")
        try:
            for design in DESIGNS:
                tell(
                    {
                        "what": "design",
                        "entities": len(entities),
                        **_measure(database, design, entities, owner),
                    }
                )
        finally:
            database.execute(f"DROP SCHEMA {SCHEMA} CASCADE")
    return 0


def _entities(database: psycopg.Connection[Any]) -> Iterator[tuple[str, list[Key]]]:
    """Each entity's uid and search keys, as they are made from the documents that are stored."""
    from catalog.search_keys import search_keys  # needs the settings that `main` names

    sql = "SELECT entity_id, final FROM catalog_document"
    for uid, final in database.execute(sql):
        document = json.loads(final)
        related = [(one["type"], one["targetRef"]) for one in document.get("relations", ())]
        values = search_keys(document, related, str(uid)).values
        yield str(uid), [(key, held.lower()) for key, all_held in values.items() for held in all_held if held]


def _measure(
    database: psycopg.Connection[Any], design: Design, entities: list[tuple[str, list[Key]]], owner: str
) -> dict[str, Any]:
    table = f"{SCHEMA}.{design.name}"
    database.execute(f"CREATE TABLE {table} ({design.columns})")
    for index in design.indexes:
        database.execute(f"CREATE INDEX ON {table} {index}")
    started = time.perf_counter()
    with database.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for uid, keys in entities:
            for row in design.rows(uid, keys):
                copy.write_row(row)
    filled = time.perf_counter() - started
    database.execute(f"VACUUM ANALYZE {table}")
    ((size,),) = database.execute(f"SELECT pg_total_relation_size('{table}')").fetchall()
    uid = "DISTINCT uid" if design.name == "rows" else "uid"
    rare, (common, both) = [("relations.ownedby", owner)], ([COMMON[0]], list(COMMON))
    return {
        "design": design.name,
        "fill_s": round(filled, 2),
        "mib": round(size / 2**20, 1),
        "rare_page_ms": _ask(
            database, design, rare, f"SELECT {uid} FROM {table} WHERE {{}} ORDER BY uid LIMIT 21"
        ),
        "common_page_ms": _ask(
            database, design, common, f"SELECT {uid} FROM {table} WHERE {{}} ORDER BY uid LIMIT 21"
        ),
        "count_one_ms": _ask(database, design, common, f"SELECT count({uid}) FROM {table} WHERE {{}}"),
        "count_two_ms": _ask(database, design, both, f"SELECT count({uid}) FROM {table} WHERE {{}}"),
    }


def _ask(database: psycopg.Connection[Any], design: Design, keys: list[Key], sql: str) -> float:
    """The fastest of some runs, in milliseconds."""
    condition, params = design.wanted(keys)
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        database.execute(sql.format(condition), params).fetchall()
        times.append(time.perf_counter() - started)
    return round(1e3 * min(times), 2)
