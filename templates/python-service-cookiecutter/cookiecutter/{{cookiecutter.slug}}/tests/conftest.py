"""A fresh application and a client for it."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from {{ cookiecutter.__package }}.main import create_app
from {{ cookiecutter.__package }}.settings import Settings


@pytest.fixture
def app() -> FastAPI:
    return create_app(Settings(git_sha="0123abc"))


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app) as client:
        yield client
