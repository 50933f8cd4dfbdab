"""Empties the database after a test that really committed: the tables that hold something, and no others.

Django's own way truncates every table and makes all content types and permissions anew, a fifth of a second each time with as many
tables as we have. They are the same in every test, so they stay.
"""

from django.db import connections
from django.test import TransactionTestCase

_KEPT = ("django_migrations", "django_content_type", "auth_permission")
_EMPTIED = """
DO $$
DECLARE
  place record;
  filled boolean;
  names text := '';
BEGIN
  FOR place IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename <> ALL (%(kept)s) LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %%I)', place.tablename) INTO filled;
    IF filled THEN
      names := names || ', ' || quote_ident(place.tablename);
    END IF;
  END LOOP;
  IF names <> '' THEN
    EXECUTE 'TRUNCATE ' || substr(names, 3) || ' CASCADE';
  END IF;
END $$
"""


def empty_what_is_filled(test: TransactionTestCase) -> None:
    """In the place of `TransactionTestCase._fixture_teardown`."""
    for name in test._databases_names(include_mirrors=False):
        with connections[name].cursor() as cursor:
            cursor.execute(_EMPTIED, {"kept": list(_KEPT)})


TransactionTestCase._fixture_teardown = empty_what_is_filled  # type: ignore[method-assign]
