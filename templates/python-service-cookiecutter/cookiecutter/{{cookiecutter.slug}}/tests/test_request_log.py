"""Request ids, log lines and unexpected errors."""

import io
import json

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from {{ cookiecutter.__package }} import NAME, logs

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def log(client: TestClient) -> io.StringIO:
    """What the service logs; asked for after the client, since making an application configures logs."""
    stream = io.StringIO()
    logs.configure("INFO", stream)
    return stream


def lines(log: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_one_json_line_for_each_request(client: TestClient, log: io.StringIO) -> None:
    headers = {"X-Request-ID": "order-7", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    answer = client.get("/version", headers=headers)
    assert answer.headers["x-request-id"] == "order-7"
    (line,) = [line for line in lines(log) if line["message"] == "request"]
    assert line["service"] == NAME
    assert (line["request_id"], line["trace_id"]) == ("order-7", TRACE)
    assert (line["method"], line["path"], line["status"]) == ("GET", "/version", 200)


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", 'a","level":"FAKE'])
def test_an_id_that_could_do_harm_is_replaced(client: TestClient, given: str) -> None:
    answer = client.get("/version", headers={"X-Request-ID": given})
    assert len(answer.headers["x-request-id"]) == 32


def test_health_checks_do_not_fill_the_log(client: TestClient, log: io.StringIO) -> None:
    client.get("/healthz")
    client.get("/readyz")
    assert [line for line in lines(log) if line["message"] == "request"] == []


def test_an_unexpected_error_is_logged_and_kept_from_the_caller(
    app: FastAPI, client: TestClient, log: io.StringIO
) -> None:
    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("the password is swordfish")

    answer = client.get("/broken")
    assert answer.status_code == 500
    assert "swordfish" not in answer.text
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    errors = [line for line in lines(log) if line["level"] == "ERROR"]
    assert "swordfish" in str(errors[0]["exception"])
    assert errors[0]["request_id"] == answer.json()["request_id"]


def test_an_unknown_path_is_a_problem_too(client: TestClient) -> None:
    answer = client.get("/nowhere")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json()["title"] == "Not Found"
