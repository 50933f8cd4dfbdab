"""http:request: what is sent, what comes back, what is refused, and that nothing is sent twice."""

from collections.abc import Iterator
from typing import Any

import pytest

from scaffolder.models import Effect
from scaffolder.tasks import execute_run
from tests.conftest import Api
from tests.core.outbound.server import RawServer
from tests.scaffolder.conftest import TASKS, Workshop

pytestmark = pytest.mark.django_db

JSON = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nSet-Cookie: a=b\r\nContent-Length: 9\r\n\r\n{"n": 17}'
OUTPUT = {name: f"${{{{ steps.ask.output.{name} }}}}" for name in ("code", "headers", "body")}


@pytest.fixture
def server(settings: Any) -> Iterator[RawServer]:
    made = RawServer()
    settings.GREENROOM_REQUESTS_ALLOW = [f"127.0.0.1:{made.port}"]
    yield made
    made.close()


def ask(workshop: Workshop, name: str = "ask", action: str = "http:request", **given: Any) -> str:
    """A run that sends one request."""
    steps = [{"id": "ask", "action": action, "input": given}]
    return workshop.run(workshop.offer(name, steps, output={"code": OUTPUT["code"], "body": OUTPUT["body"], "headers": OUTPUT["headers"]}), secrets={"key": "k-4711-secret"})  # fmt: skip


@pytest.mark.parametrize("action", ["http:request", "http:backstage:request"])
def test_an_answer_in_json(workshop: Workshop, server: RawServer, action: str) -> None:
    url = server.says("numbers?team=a+b&n=1", JSON)
    run_id = ask(
        workshop,
        action=action,
        url=url.partition("?")[0],
        params={"team": "a b", "n": 1},
        headers={"X-Key": "${{ secrets.key }}"},
    )
    output = workshop.output(run_id)
    assert output["code"] == 200
    assert output["body"] == {"n": 17}
    assert "set-cookie" not in output["headers"]
    (heard,) = server.heard
    assert b"X-Key: k-4711-secret" in heard
    assert b"uthorization" not in heard
    assert "4711" not in str(workshop.events(run_id))


def test_a_refusal_fails_the_step_unless_it_may_go_on(workshop: Workshop, server: RawServer) -> None:
    url = server.says("no", b"HTTP/1.1 418 No\r\nContent-Length: 3\r\n\r\nsad")
    message = workshop.completion(ask(workshop, url=url))["error"]["message"]
    assert "was answered with 418" in message
    assert "continueOnBadResponse" in message
    output = workshop.output(ask(workshop, "on", url=url, continueOnBadResponse=True))
    assert (output["code"], output["body"]) == (418, {"message": "sad"})


def test_what_changes_something_is_sent_once(workshop: Workshop, server: RawServer) -> None:
    url = server.says("things", JSON)
    run_id = ask(workshop, method="POST", url=url, body={"a": 1})
    (heard,) = server.heard
    assert heard.startswith(b"POST /things")
    assert b"Idempotency-Key: " in heard
    assert heard.endswith(b'{"a":1}')
    (effect,) = Effect.objects.filter(run_id=run_id)
    assert (effect.kind, effect.details) == ("request", {"code": 200})
    assert effect.key.startswith(f"POST http://127.0.0.1:{server.port} ")


def test_a_server_that_breaks_off_is_not_asked_to_do_it_again(
    workshop: Workshop, server: RawServer, api: Api
) -> None:
    url = server.says("things", b"")
    run_id = ask(workshop, method="POST", url=url)
    assert "whether it arrived is not known" in workshop.completion(run_id)["error"]["message"]
    assert len(server.heard) == 1
    assert Effect.objects.get(run_id=run_id).made_at is None
    server.says("things", JSON)
    api.post(f"{TASKS}/{run_id}/retry", {})  # somebody decides to
    execute_run(run_id)
    assert workshop.task(run_id)["status"] == "completed"
    assert len(server.heard) == 2


def test_a_redirect_takes_no_header_of_the_template_elsewhere(
    workshop: Workshop, server: RawServer, settings: Any
) -> None:
    other = RawServer()
    settings.GREENROOM_REQUESTS_ALLOW = ["127.0.0.1"]
    try:
        there = other.says("x", JSON)
        url = server.says("x", f"HTTP/1.1 302 F\r\nLocation: {there}\r\nContent-Length: 0\r\n\r\n".encode())
        workshop.output(ask(workshop, url=url, headers={"X-Key": "${{ secrets.key }}"}))
        assert b"X-Key" in server.heard[0]
        assert b"X-Key" not in other.heard[0]
    finally:
        other.close()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"path": "/proxy/snyk/orgs"}, "use catalog:fetch"),
        ({"path": "/api/catalog/entities"}, "use catalog:fetch"),
        ({}, "url is missing"),
        ({"url": "https://a.example", "path": "https://b.example"}, "not both"),
        ({"url": "https://example.com/x"}, "GREENROOM_REQUESTS_ALLOW"),
        ({"url": "http://127.0.0.1:1/x"}, "GREENROOM_REQUESTS_ALLOW"),
        ({"url": "https://user:pw@example.com/x"}, "user name"),
        ({"url": "https://example.com", "headers": {"Host": "x"}}, "cannot be set"),
        ({"url": "https://example.com", "headers": {"X": "a\r\nY: b"}}, "no header can have"),
        ({"url": "https://example.com", "headers": {"X Y": "a"}}, "cannot be set"),
        ({"url": "https://example.com", "body": "${{ 'x' | center(1048577) }}"}, "at the most"),
        ({"url": "https://example.com", "method": "TRACE"}, "not one of"),
    ],
)
def test_what_is_refused(workshop: Workshop, server: RawServer, given: dict[str, Any], says: str) -> None:
    assert says in workshop.completion(ask(workshop, **given))["error"]["message"]
    assert server.heard == []
