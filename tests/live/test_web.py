"""The web server as a process: what holds across its workers, and what only a real socket shows."""

import gzip
import json
import socket
import time
import uuid
from urllib.parse import urlsplit

import pytest
import requests

from tests.core.waiting import until

from .conftest import Running

pytestmark = pytest.mark.live

ENTITIES = "/api/catalog/entities?limit=1"


def connected(running: Running) -> socket.socket:
    place = urlsplit(running.url)
    return socket.create_connection((place.hostname, place.port), timeout=10)


def test_a_revoked_token_opens_no_worker_any_more(running: Running) -> None:
    name = f"revoked-{uuid.uuid4()}"
    made = running.command("token", "create", name, "--role", "viewer")
    headers = {"Authorization": f"Bearer {made.stdout.strip()}"}
    lines = [requests.Session() for _ in range(12)]  # each its own connection: some to either worker
    for line in lines:
        assert line.get(running.url + ENTITIES, headers=headers, timeout=10).status_code == 200
    assert running.command("token", "revoke", name).returncode == 0
    for line in lines:
        assert line.get(running.url + ENTITIES, headers=headers, timeout=10).status_code == 401
        line.close()


def test_answers_are_compressed_for_those_who_ask(running: Running) -> None:
    path = f"{running.url}/api/v1/openapi.json"
    with running.http.get(path, headers={"Accept-Encoding": "gzip"}, stream=True, timeout=10) as answer:
        packed = answer.raw.read(decode_content=False)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(packed))["openapi"]
    plain = running.http.get(path, headers={"Accept-Encoding": "identity"}, timeout=10)
    assert len(plain.content) > 3 * len(packed)


def test_head_sends_the_length_and_keeps_the_connection(running: Running) -> None:
    head = running.http.head(running.url + ENTITIES, timeout=10)
    get = running.http.get(running.url + ENTITIES, headers={"Accept-Encoding": "identity"}, timeout=10)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(get.content))


@pytest.mark.parametrize(
    ("start", "refusal"),
    [
        (b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Large: " + b"a" * 300_000, b"431"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"414"),
    ],
)
def test_heads_have_a_bound(running: Running, start: bytes, refusal: bytes) -> None:
    with connected(running) as line:
        line.sendall(start)
        assert line.recv(100).split()[1] == refusal


def test_a_watcher_who_leaves_frees_its_place(running: Running) -> None:
    task = running.start(f"watched-{uuid.uuid4().hex[:8]}", seconds=20)
    place = f"/api/scaffolder/v2/tasks/{task}/eventstream"
    head = f"GET {place} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {running.http.headers['Authorization']}\r\n\r\n"
    before = time.monotonic()
    refused = 0
    for _ in range(40):  # far more than there are places in both workers
        with connected(running) as line:
            line.sendall(head.encode())
            refused += line.recv(100).split()[1] != b"200"
    assert time.monotonic() - before < 15
    assert refused < 40
    until(lambda: stream_opens(running, place), seconds=20)
    running.http.post(f"{running.url}/api/scaffolder/v2/tasks/{task}/cancel", timeout=10)


def test_watchers_who_never_read_leave_room_for_all_others(running: Running) -> None:
    task = running.start(f"unread-{uuid.uuid4().hex[:8]}", seconds=20)
    place = f"/api/scaffolder/v2/tasks/{task}/eventstream"
    head = f"GET {place} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {running.http.headers['Authorization']}\r\n\r\n"
    lines = [connected(running) for _ in range(40)]  # far more than there are places in both workers
    try:
        for line in lines:
            line.sendall(head.encode())
        for _ in range(20):  # some to either worker
            with requests.Session() as other:
                answer = other.get(running.url + ENTITIES, headers=dict(running.http.headers), timeout=5)
                assert answer.status_code == 200
    finally:
        for line in lines:
            line.close()
    until(lambda: stream_opens(running, place), seconds=20)
    running.http.post(f"{running.url}/api/scaffolder/v2/tasks/{task}/cancel", timeout=10)


def stream_opens(running: Running, place: str) -> bool:
    with running.http.get(running.url + place, stream=True, timeout=20) as answer:
        return answer.status_code == 200
