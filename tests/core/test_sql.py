"""SQL run the short way: it sees the open transaction, survives dead connections, and streams in flat batches."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction

from core.errors import Unavailable
from core.models import AuditEvent
from core.postgresql.connections import MOST_PREPARED
from core.sql import rows, stream

BACKEND = "SELECT pg_backend_pid()"


@pytest.fixture
def apart(transactional_db: None) -> Iterator[None]:
    """Outside of any transaction, as requests are, with a pool that is empty yet."""
    connection.close()
    connection.close_pool()
    yield
    connection.close()


def kill(pid: int) -> None:
    """End a backend from outside, and wait until it is gone."""
    parameters = connection.get_connection_params()
    place = {
        name: parameters[name]
        for name in ("dbname", "user", "password", "host", "port")
        if name in parameters
    }
    with psycopg.connect(**place, autocommit=True) as other:
        assert other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid]).fetchone() == (True,)


@pytest.mark.django_db
def test_what_this_transaction_wrote_is_seen_and_counted(
    django_assert_num_queries: Callable[..., Any],
) -> None:
    AuditEvent.objects.create(actor="system:tests", verb="wrote", target="x")
    with django_assert_num_queries(2):
        assert rows("SELECT actor FROM core_auditevent WHERE target = %s", ["x"]) == [("system:tests",)]
        assert list(stream("SELECT target FROM core_auditevent")) == [[("x",)]]


@pytest.mark.usefixtures("apart")
def test_a_connection_is_lent_for_one_call_and_statements_stay_prepared() -> None:
    first = rows(BACKEND)
    assert rows(BACKEND) == first
    assert connection.connection is None
    assert ("SELECT pg_backend_pid()",) in rows("SELECT statement FROM pg_prepared_statements")
    rows("SELECT %s::int", [1], prepare=False)
    assert len(rows("SELECT statement FROM pg_prepared_statements WHERE statement LIKE '%%::int'")) == 0


@pytest.mark.usefixtures("apart")
def test_a_connection_that_died_idle_is_not_lent() -> None:
    (pid,) = rows(BACKEND)[0]
    kill(pid)
    assert rows(BACKEND)[0] != (pid,)
    with connection.cursor() as cursor:  # Django's own way to the same pool
        cursor.execute(BACKEND)
        found = cursor.fetchone()
    connection.close()
    kill(found[0])
    assert AuditEvent.objects.count() == 0


@pytest.mark.usefixtures("apart")
def test_a_statement_whose_connection_dies_is_asked_once_more() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE SEQUENCE tries")
    connection.close()
    dies = "SELECT CASE WHEN nextval('tries') <= %s THEN pg_terminate_backend(pg_backend_pid()) END"
    try:
        assert rows(dies, [1]) == [(None,)]
        with pytest.raises(Unavailable, match="does not answer"):
            rows(dies, [100])
        assert rows("SELECT last_value FROM tries") == [(4,)]
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP SEQUENCE tries")


@pytest.mark.usefixtures("apart")
def test_many_dead_connections_cost_no_more_than_one() -> None:
    """The pool sleeps between connections that fail its check, until its time is over."""
    together = Barrier(8)

    def lend_one() -> int:
        together.wait(10)
        ((pid,),) = rows("SELECT pg_backend_pid() FROM pg_sleep(1)")
        return int(pid)

    with ThreadPoolExecutor(8) as threads:
        pids = {thread.result() for thread in [threads.submit(lend_one) for _ in range(8)]}
    assert len(pids) == 8
    for pid in pids:
        kill(pid)
    assert rows("SELECT 1") == [(1,)]


@pytest.mark.usefixtures("apart")
def test_inside_a_transaction_nothing_is_repeated() -> None:
    transaction.set_autocommit(False)
    rows("SELECT 1")
    with pytest.raises(Unavailable):
        rows("SELECT pg_terminate_backend(pg_backend_pid())")


@pytest.mark.usefixtures("apart")
def test_errors_are_django_s() -> None:
    with pytest.raises(ProgrammingError):
        rows("SELECT nothing FROM nowhere")
    with pytest.raises(ProgrammingError):
        list(stream("SELECT nothing FROM nowhere"))


@pytest.mark.usefixtures("apart")
def test_texts_may_stay_bytes() -> None:
    values = "SELECT 'grün'::text, 'x'::varchar, 7, NULL"
    assert rows(values) == [("grün", "x", 7, None)]
    assert rows(values, as_bytes=True) == [("grün".encode(), b"x", 7, None)]


@pytest.mark.usefixtures("apart")
def test_a_stream_comes_in_batches_of_one_moment_and_gives_its_connection_back() -> None:
    series = "SELECT n, repeat('x', 2000) FROM generate_series(1, %s) AS n ORDER BY n"
    batches = list(stream(series, [1000], batch=300, as_bytes=True))
    assert [len(batch) for batch in batches] == [300, 300, 300, 100]
    assert batches[3][-1] == (1000, b"x" * 2000)
    for _ in range(30):  # more often than the pool has connections
        begun = stream(series, [1000], batch=10)
        assert len(next(begun)) == 10
        begun.close()
    assert rows("SELECT 1") == [(1,)]


@pytest.mark.usefixtures("apart")
def test_nothing_and_percent_signs_may_be_said() -> None:
    assert rows("SELECT %s::text, %s::int, '100%%'", [None, None]) == [(None, None, "100%")]
    assert rows("SELECT %s::text", [None], prepare=False) == [(None,)]


@pytest.mark.usefixtures("apart")
def test_a_table_that_changes_or_a_lost_statement_costs_one_more_try() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE shape (a int)")
    connection.close()
    try:
        assert rows("SELECT * FROM shape") == []
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE shape ADD b int; INSERT INTO shape VALUES (1, 2)")
        connection.close()
        assert rows("SELECT * FROM shape") == [(1, 2)]
        with connection.cursor() as cursor:
            cursor.execute("DEALLOCATE ALL")
        connection.close()
        assert rows("SELECT * FROM shape") == [(1, 2)]
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE shape")


@pytest.mark.usefixtures("apart")
def test_prepared_statements_do_not_pile_up() -> None:
    for number in range(MOST_PREPARED + 20):
        assert rows(f"SELECT {number}") == [(number,)]
    (kept,) = rows("SELECT count(*) FROM pg_prepared_statements")[0]
    assert kept <= MOST_PREPARED


@pytest.mark.usefixtures("apart")
def test_a_read_first_in_a_transaction_is_part_of_it() -> None:
    with transaction.atomic():
        rows("SELECT 1")
        assert rows("SELECT pg_current_xact_id_if_assigned() IS NULL, now()") == rows(
            "SELECT pg_current_xact_id_if_assigned() IS NULL, now()"
        )
