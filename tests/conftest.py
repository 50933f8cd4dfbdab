"""A client, a token, a data folder; nothing else."""

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from hypothesis import settings as profile
from pytest_django.fixtures import Settings

from core import notices
from core.api.subjects import System
from identity.actions import create_token
from tests.described import compare

TESTS = System("system:tests")
profile.register_profile("thorough", profile.get_profile("default"))  # tests/catalog/test_properties.py


class Api:
    """A user's tool: speaks JSON with a bearer token to the running routes."""

    def __init__(self, secret: str | None) -> None:
        self.secret = secret
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        self.client = Client(headers=headers, raise_request_exception=False)

    def get(self, path: str, query: Any = None, **headers: str) -> Any:
        return self._compared("get", path, self.client.get(path, query, headers=headers))

    def post(self, path: str, body: Any = None) -> Any:
        return self._sent("post", path, body)

    def put(self, path: str, body: Any = None) -> Any:
        return self._sent("put", path, body)

    def delete(self, path: str) -> Any:
        return self._compared("delete", path, self.client.delete(path))

    def _sent(self, method: str, path: str, body: Any) -> Any:
        answer = self.client.generic(method.upper(), path, json.dumps(body), content_type="application/json")
        return self._compared(method, path, answer)

    def _compared(self, method: str, path: str, answer: Any) -> Any:
        """The answer, when it is one that the API's own description knows."""
        compare(method, path, answer)
        return answer


@pytest.fixture
def as_role(db: None) -> Callable[..., Api]:
    """An Api for a fresh token with that role: `as_role("viewer")`, `as_role("developer", acts_for="user:default/ana")`."""

    def make(role: str, acts_for: str = "") -> Api:
        name = f"{role}-{acts_for or 'service'}"
        _, secret = create_token(name=name, role=role, acts_for=acts_for, by=TESTS)
        return Api(secret)

    return make


@pytest.fixture
def api(as_role: Callable[..., Api]) -> Api:
    """An Api that may do everything."""
    return as_role("admin")


@pytest.fixture
def anonymous(db: None) -> Api:
    return Api(None)


@pytest.fixture(autouse=True)
def data_folder(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder of its own for each test, gone afterwards."""
    folder = tmp_path_factory.mktemp("data")
    settings.GREENROOM_DATA = folder
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def no_listener_left(django_db_setup: None) -> Iterator[None]:
    """The notices' own connection ends before its database is dropped."""
    yield
    for thread in threading.enumerate():
        if thread.name.startswith(
            "cancel-"
        ):  # a run's end does not wait for it; it would start the notices again
            thread.join(10)
    notices.stop()
