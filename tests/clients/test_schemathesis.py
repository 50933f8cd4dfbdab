"""Schemathesis asks the catalog's API what its description allows, and what it forbids: no 500, no undescribed answer."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from catalog.actions import ingest_now, register
from config.wsgi import application
from core.api.subjects import System
from tests.catalog.conftest import FileServer, web  # noqa: F401  # a fixture
from tests.catalog.documents import component, group, several
from tests.conftest import Api
from tests.described import CATALOG, document

EXAMPLES = 15
"""Of each operation and way; the whole takes about a minute."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
OPERATIONS = [(method, path) for path, methods in document(CATALOG)["paths"].items() for method in methods]


@pytest.fixture
def token(api: Api, web: FileServer) -> str:  # noqa: F811
    """An administrator's token, for a catalog with something in it."""
    text = several(component("a"), group("team-a"), component("b", system="shop"))
    ingest_now(register("url", web.put("a.yaml", text), by=System("system:tests")))
    return str(api.secret)


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """A request's beginning and end leave the test's connection open, as with Django's own test client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.parametrize("way", GenerationMode)
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_an_operation_answers_as_it_says(token: str, method: str, path: str, way: GenerationMode) -> None:
    schema = schemathesis.openapi.from_dict(document(CATALOG))
    schema.app = application
    # its WSGI client reads what comes as it is: it asks for gzip and does not undo it
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=schema[path][method].as_strategy(generation_mode=way))
    def ask(case: Any) -> None:
        place = transaction.savepoint()
        try:
            answer = case.call(headers=headers)
        finally:
            transaction.savepoint_rollback(place)
        case.validate_response(answer, checks=CHECKS)

    ask()
