"""Is it alive, is it ready: what a supervisor, a load balancer and a person ask."""

import logging

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse

from core.api.responses import json_data

log = logging.getLogger(__name__)


def live(request: HttpRequest) -> HttpResponse:
    """200 while the process can answer at all."""
    return json_data({"status": "ok"})


def ready(request: HttpRequest) -> HttpResponse:
    """200 when requests can be served: the database answers and no migration is missing; else 503 with the reason."""
    try:
        missing = missing_migrations()
    except DatabaseError as error:
        log.warning("not ready", extra={"error": str(error)})  # strangers ask too: the reason is for the log
        return json_data({"status": "error", "message": "the database does not answer"}, 503)
    if missing:
        return json_data(
            {"status": "error", "message": f"{missing} migrations are missing: greenroom migrate"}, 503
        )
    return json_data({"status": "ok"})


def missing_migrations() -> int:
    """How many migrations the database lacks. Raises DatabaseError when it does not answer."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
