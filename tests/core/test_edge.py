"""The API's edge: Backstage's envelope and texts, request ids, bodies of bounded size."""

from collections.abc import Callable
from typing import Any

import pytest

from core.errors import InputError
from core.redaction import redact


def test_no_credentials_and_wrong_ones(anonymous: Any) -> None:
    for header, text in (
        (None, "Missing credentials"),
        ("Bearer x", "Illegal token"),
        ("Basic eDp5", "Missing credentials"),
    ):
        headers = {"Authorization": header} if header else {}
        answer = anonymous.client.get("/api/catalog/entities?limit=1", headers=headers)
        assert answer.status_code == 401
        assert answer.json() == {
            "error": {"name": "AuthenticationError", "message": text},
            "request": {"method": "GET", "url": "/entities?limit=1"},
            "response": {"statusCode": 401},
        }


def test_a_subject_without_the_permission_is_told_its_name(as_role: Callable[..., Any]) -> None:
    answer = as_role("viewer").post("/api/catalog/locations", {"type": "url", "target": "http://x/y"})
    assert answer.status_code == 403
    assert answer.json()["error"]["name"] == "NotAllowedError"
    assert "catalog.location.create" in answer.json()["error"]["message"]


def test_unknown_paths_and_methods_answer_with_nothing(api: Any) -> None:
    for answer in (api.get("/api/catalog/nope"), api.put("/api/catalog/entities", {}), api.get("/nowhere")):
        assert answer.status_code == 404
        assert answer.content == b""


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("x=1", "Unknown query parameter 'x'"),
        ("filter=", "Empty value found for query parameter 'filter'"),
        ("limit=abc", "request/query/limit must be integer"),
        ("filter=a%00b", "query parameter 'filter' holds a NUL character, which no value may have"),
    ],
)
def test_query_parameters_are_checked(api: Any, query: str, message: str) -> None:
    answer = api.get(f"/api/catalog/entities?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"] == {"name": "InputError", "message": message}


@pytest.mark.parametrize(
    ("body", "content_type", "message"),
    [
        ("{}", "text/plain", "unsupported media type text/plain"),
        ("{", "application/json", "request/body is not JSON"),
        ("[]", "application/json", "request/body must be object"),
        ("{}", "application/json", "request/body must have required property 'entityRefs'"),
        ('{"entityRefs": ["a\\u0000"]}', "application/json", "NUL character"),
    ],
)
def test_bodies_are_checked(api: Any, body: str, content_type: str, message: str) -> None:
    answer = api.client.post("/api/catalog/entities/by-refs", body, content_type=content_type)
    assert answer.status_code == 400
    assert message in answer.json()["error"]["message"]


def test_a_body_that_is_too_large_is_refused_by_its_length(api: Any) -> None:
    answer = api.client.post(
        "/api/catalog/entities/by-refs", b" " * (11 << 20), content_type="application/json"
    )
    assert answer.status_code == 413
    assert "at the most" in answer.json()["error"]["message"]


def test_every_answer_carries_a_request_id(api: Any) -> None:
    assert len(api.get("/healthz").headers["X-Request-ID"]) == 24
    assert (
        api.client.get("/healthz", headers={"X-Request-ID": "from-a-proxy-1"}).headers["X-Request-ID"]
        == "from-a-proxy-1"
    )
    assert (
        api.client.get("/healthz", headers={"X-Request-ID": "bad\nid"}).headers["X-Request-ID"] != "bad\nid"
    )


def test_ready_says_so(api: Any) -> None:
    assert api.get("/readyz").json() == {"status": "ok"}


def test_an_error_carries_its_cause() -> None:
    outer = InputError("outer")
    outer.__cause__ = InputError("inner")
    assert outer.as_error()["cause"] == {"name": "InputError", "message": "inner"}


def test_credentials_in_urls_are_masked() -> None:
    assert redact("git clone https://ana:pw@host/x.git") == "git clone https://***@host/x.git"
