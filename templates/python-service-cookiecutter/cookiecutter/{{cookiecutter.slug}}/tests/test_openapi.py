"""The committed OpenAPI document, which the catalog publishes, is what the code does."""

import json
from pathlib import Path

from fastapi import FastAPI

COMMITTED = Path(__file__).parent.parent / "openapi.json"


def test_the_committed_document_is_current(app: FastAPI) -> None:
    assert json.loads(COMMITTED.read_text(encoding="utf-8")) == app.openapi(), "run `make openapi` and commit"
