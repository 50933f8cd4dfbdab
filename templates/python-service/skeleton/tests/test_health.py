"""The endpoints that the platform asks."""

from fastapi import FastAPI
from fastapi.testclient import TestClient

from ${{ values.package }} import NAME, __version__


def test_alive(client: TestClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_ready_until_a_dependency_fails_and_again_after(app: FastAPI, client: TestClient) -> None:
    assert client.get("/readyz").json() == {"status": "ready", "failures": {}}
    app.state.readiness.checks = {"database": lambda: "connection refused", "cache": lambda: None}
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "unready", "failures": {"database": "connection refused"}}
    assert client.get("/healthz").status_code == 200
    app.state.readiness.checks = {}
    assert client.get("/readyz").status_code == 200


def test_version_names_the_commit(client: TestClient) -> None:
    assert client.get("/version").json() == {"name": NAME, "version": __version__, "git_sha": "0123abc"}
