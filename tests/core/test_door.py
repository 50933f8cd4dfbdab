"""The short way in for `/api/`: it answers as Django's own way does, and does what only the edge can do."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from config.wsgi import application, django
from tests.core.wsgi import Answer


@pytest.fixture
def secret(as_role: Callable[..., Any]) -> str:
    return str(as_role("viewer").secret)


LOCATIONS = "/api/catalog/locations"


@pytest.mark.parametrize(
    ("method", "path", "body", "given"),
    [
        ("GET", "/api/catalog/entities?limit=1", b"", {}),
        ("GET", "/api/catalog/entities", b"", {}),
        ("HEAD", "/api/catalog/entities?limit=1", b"", {}),
        ("GET", "/api/catalog/entities?nope=1", b"", {}),
        ("GET", "/api/catalog/entities/by-name/component/default/nope", b"", {}),
        ("GET", "/api/catalog/entities/by-name/component/default/gr%C3%BCn", b"", {}),
        ("GET", "/api/catalog/entities/by-name/component/default/a/b", b"", {}),
        ("GET", "/api/catalog/", b"", {}),
        ("GET", "/api/", b"", {}),
        ("GET", "/api", b"", {}),
        ("PUT", "/api/catalog/entities", b"{}", {}),
        ("OPTIONS", "/api/catalog/entities", b"", {}),
        ("POST", "/api/catalog/entities/by-refs", b'{"entityRefs": ["x"]}', {}),
        ("POST", "/api/catalog/entities/by-refs", b"{", {}),
        ("POST", "/api/catalog/entities/by-refs", b"x", {"CONTENT_TYPE": "text/plain"}),
        ("POST", LOCATIONS, b'{"type": "url", "target": "http://x/y"}', {}),
        ("GET", "/api/catalog/entities", b"", {"HTTP_AUTHORIZATION": "Bearer nope"}),
        ("GET", "/api/catalog/entities", b"", {"HTTP_AUTHORIZATION": "Basic eDp5"}),
        ("GET", "/api/scaffolder/v2/tasks/7/eventstream", b"", {}),
        ("GET", "/api/v1/openapi.json", b"", {}),
    ],
)
def test_it_answers_as_django_s_own_way_does(
    secret: str, method: str, path: str, body: bytes, given: dict[str, str]
) -> None:
    short = Answer(application, method, path, secret=secret, body=body, **given)
    long = Answer(django, method, path, secret=secret, body=body, **given)
    assert (short.status, short.body) == (long.status, long.body if method != "HEAD" else b"")
    for name in ("Content-Type", "Link", "Retry-After", "Allow"):
        assert short.headers.get(name) == long.headers.get(name)


def test_a_request_keeps_its_id_and_an_answer_says_what_it_is(secret: str) -> None:
    answer = Answer(
        application, "GET", "/api/catalog/entities?limit=1", secret=secret, HTTP_X_REQUEST_ID="from-a-proxy-1"
    )
    assert answer.headers["X-Request-ID"] == "from-a-proxy-1"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Length"] == str(len(answer.body))
    made = Answer(application, "GET", "/api/catalog/nope", HTTP_X_REQUEST_ID="no good")
    assert len(made.headers["X-Request-ID"]) == 24


def test_other_names_than_ours_are_refused(secret: str) -> None:
    for _ in range(2):
        answer = Answer(application, "GET", "/api/catalog/entities", secret=secret, HTTP_HOST="evil.example")
        assert answer.status == 400
        assert json.loads(answer.body)["error"]["name"] == "InputError"
    assert Answer(application, "GET", "/api/catalog/entities?limit=1", secret=secret).status == 200


def test_head_has_the_length_and_no_body(secret: str) -> None:
    path = "/api/catalog/entities?limit=1"
    head, get = (Answer(application, method, path, secret=secret) for method in ("HEAD", "GET"))
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


def test_no_connection_stays_with_the_thread(secret: str, transactional_db: None) -> None:
    connection.ensure_connection()  # as an ORM query inside of a view would
    Answer(application, "GET", "/api/catalog/locations", secret=secret)
    assert connection.connection is None


@pytest.mark.parametrize(
    ("asked", "packed"),
    [
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("deflate, GZIP , br", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0, br", False),
        ("br", False),
        ("xgzip", False),
        ("", False),
    ],
)
def test_long_answers_leave_compressed_for_those_who_ask(secret: str, asked: str, packed: bool) -> None:
    path = "/api/v1/openapi.json"
    plain = Answer(application, "GET", path, secret=secret)
    answer = Answer(application, "GET", path, secret=secret, HTTP_ACCEPT_ENCODING=asked)
    assert len(plain.body) > 1024
    assert (answer.headers.get("Content-Encoding") == "gzip") is packed
    assert (gzip.decompress(answer.body) if packed else answer.body) == plain.body
    assert answer.headers["Content-Length"] == str(len(answer.body))
    assert answer.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"


def test_short_answers_and_answers_without_a_body_leave_as_they_are(secret: str) -> None:
    for path in ("/api/catalog/entities?limit=1", "/api/catalog/nope"):
        answer = Answer(application, "GET", path, secret=secret, HTTP_ACCEPT_ENCODING="gzip")
        assert "Content-Encoding" not in answer.headers
