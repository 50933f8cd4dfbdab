"""Is it alive, is it ready: what a supervisor, a load balancer and a person ask."""

import logging
from functools import cache

from django.db import DatabaseError, ProgrammingError
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse

from core.api.responses import json_data
from core.errors import Unavailable
from core.sql import rows

log = logging.getLogger(__name__)


def live(request: HttpRequest) -> HttpResponse:
    """200 while the process can answer at all."""
    return json_data({"status": "ok"})


def ready(request: HttpRequest) -> HttpResponse:
    """200 when requests can be served: the database answers and no migration is missing; else 503 with the reason."""
    try:
        missing = missing_migrations()
    except (DatabaseError, Unavailable) as error:
        log.warning("not ready", extra={"error": str(error)})  # strangers ask too: the reason is for the log
        return json_data({"status": "error", "message": "the database does not answer"}, 503)
    if missing:
        return json_data(
            {"status": "error", "message": f"{missing} migrations are missing: greenroom migrate"}, 503
        )
    return json_data({"status": "ok"})


def missing_migrations() -> int:
    """How many migrations the database lacks. Raises DatabaseError, or Unavailable when it does not answer."""
    try:
        applied = rows("SELECT app, name FROM django_migrations")
    except ProgrammingError:  # a database that has never been migrated
        applied = []
    return len(_migrations() - set(applied))


@cache
def _migrations() -> frozenset[tuple[str, str]]:
    """Every migration of this code, by app and name. Files do not change below a running process."""
    return frozenset(MigrationLoader(None).graph.nodes)
