"""The commands over REST: what goes wrong is one sentence with the way out, and a stream is read as it comes."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from config.cli import main
from config.cli.client import Client, Event, entity_path
from core.errors import InputError
from identity.actions import create_token
from tests.conftest import TESTS


@pytest.fixture
def greenroom(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run a command: exit status, standard output, standard error."""

    def run(*words: str, url: str, token: str | None = None) -> tuple[int, str, str]:
        monkeypatch.setenv("GREENROOM_URL", url)
        monkeypatch.setenv("GREENROOM_TOKEN", token or "")
        with pytest.raises(SystemExit) as ended:
            main(words)
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


def test_nobody_there(greenroom: Callable[..., tuple[int, str, str]]) -> None:
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        status, out, err = greenroom("catalog", "list", url=url)
    assert (status, out) == (1, "")
    assert err == (
        f"greenroom: no Greenroom answers at {url}: start one with `greenroom up`, or name another in GREENROOM_URL\n"
    )


@pytest.mark.parametrize("url", ["127.0.0.1:7007", "ftp://here", "http://"])
def test_an_address_that_is_none(greenroom: Callable[..., tuple[int, str, str]], url: str) -> None:
    status, _, err = greenroom("catalog", "list", url=url)
    assert status == 1
    assert f"GREENROOM_URL={url!r}" in err


@pytest.mark.django_db(transaction=True)
def test_refusals_of_a_greenroom(live_server: Any, greenroom: Callable[..., tuple[int, str, str]]) -> None:
    _, viewer = create_token(name="viewer", role="viewer", by=TESTS)
    url = live_server.url
    for words, token, expected in [
        (["catalog", "list"], None, "GREENROOM_TOKEN is not set"),
        (["catalog", "list"], "grn_aaaaaaaaaa_" + "x" * 43, "does not know this token"),
        (["catalog", "get", "component:nope"], viewer, "nope"),
        (["catalog", "register", "https://example.com/catalog-info.yaml"], viewer, "catalog.location.create"),
        (["catalog", "get", "a/b:c/d/e"], viewer, "expected kind:namespace/name"),
        (["scaffold", "run", "nope", "-p", "broken"], viewer, "nope"),
    ]:
        status, out, err = greenroom(*words, url=url, token=token)
        assert (status, out) == (1, ""), words
        assert expected in err, words
        assert len(err.splitlines()) == 1, err


@pytest.mark.django_db(transaction=True)
def test_an_empty_catalog_is_an_empty_list(
    live_server: Any, greenroom: Callable[..., tuple[int, str, str]]
) -> None:
    _, viewer = create_token(name="viewer", role="viewer", by=TESTS)
    assert greenroom("catalog", "list", "--json", url=live_server.url, token=viewer)[:2] == (0, "[]\n")


@contextmanager
def serving(status: int, content_type: str, body: bytes) -> Iterator[str]:
    """A server that gives one answer to everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("status", [200, 302, 404, 500])
def test_a_server_that_is_no_greenroom(greenroom: Callable[..., tuple[int, str, str]], status: int) -> None:
    with serving(status, "text/html", b"<html>") as url:
        code, _, err = greenroom("catalog", "get", "component:a", url=url)
    assert code == 1
    assert f"answered {status} in no form of ours: is GREENROOM_URL right?" in err


def test_a_stream_is_read_event_by_event() -> None:
    body = (
        b": a comment\n\n"
        b'event: log\ndata: {"id": 1,\ndata: "text": "\xc3\xa4"}\n\n'
        b'data:{"id": 2}\n\n'
        b"event: half\ndata: {"
    )
    with serving(200, "text/event-stream", body) as url:
        found = list(Client(url, None).events("any"))
    assert found == [Event("log", {"id": 1, "text": "ä"}), Event("message", {"id": 2})]


@pytest.mark.parametrize(
    ("ref", "path"),
    [
        ("payments", "component/default/payments"),
        ("API:payments", "api/default/payments"),
        ("group:Acme/Team", "group/acme/team"),
        ("acme/payments", "component/acme/payments"),
    ],
)
def test_references_become_paths(ref: str, path: str) -> None:
    assert entity_path(ref, kind="component") == path


@pytest.mark.parametrize("ref", ["", "component:", "a:/b", "a/b/c:d/e/f"])
def test_what_is_no_reference_is_refused(ref: str) -> None:
    with pytest.raises(InputError, match="expected kind:namespace/name"):
        entity_path(ref, kind="component")
