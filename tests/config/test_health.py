"""Is it ready? The answer is cheap, and tells what is missing."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from config.health import missing_migrations


def test_ready_costs_one_statement(api: Any, django_assert_num_queries: Callable[..., Any]) -> None:
    with django_assert_num_queries(1):
        assert api.get("/readyz").json() == {"status": "ok"}


@pytest.mark.django_db
def test_missing_migrations_are_counted(api: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'catalog' AND name = '0001_initial'")
    answer = api.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["message"] == "1 migrations are missing: greenroom migrate"


def test_a_database_that_was_never_migrated_lacks_them_all(transactional_db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE django_migrations RENAME TO elsewhere")
    try:
        assert missing_migrations() > 20
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE elsewhere RENAME TO django_migrations")
