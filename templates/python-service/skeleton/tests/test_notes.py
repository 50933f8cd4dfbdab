"""The notes resource, through HTTP."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from ${{ values.package }}.notes import Notes


def test_a_note_lives_from_creation_to_deletion(client: TestClient) -> None:
    created = client.post("/v1/notes", json={"text": "  Grüße, 世界 "})
    assert created.status_code == 201
    assert created.json()["text"] == "Grüße, 世界"
    where = created.headers["location"]
    assert client.get(where).json() == created.json()
    assert client.delete(where).status_code == 204
    assert client.get(where).status_code == 404
    assert client.delete(where).status_code == 404


def test_pages_continue_where_the_last_one_ended(client: TestClient) -> None:
    for number in range(5):
        client.post("/v1/notes", json={"text": f"note {number}"})
    seen, after, pages = [], 0, 0
    while after is not None:
        page = client.get("/v1/notes", params={"limit": 2, "after": after}).json()
        seen += [note["text"] for note in page["items"]]
        after, pages = page["next_after"], pages + 1
    assert (seen, pages) == ([f"note {number}" for number in range(5)], 3)


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": "  "}, {"text": 1}, {"text": "x" * 2001}, []])
def test_a_note_that_does_not_fit_is_refused_with_the_field(client: TestClient, body: object) -> None:
    answer = client.post("/v1/notes", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"].startswith("body")


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"after": -1}, {"limit": "many"}])
def test_a_page_outside_the_bounds_is_refused(client: TestClient, query: dict[str, str]) -> None:
    assert client.get("/v1/notes", params=query).status_code == 422


def test_a_full_store_says_so(app: FastAPI, client: TestClient) -> None:
    app.state.notes = Notes(capacity=1)
    assert client.post("/v1/notes", json={"text": "first"}).status_code == 201
    assert client.post("/v1/notes", json={"text": "second"}).status_code == 507
