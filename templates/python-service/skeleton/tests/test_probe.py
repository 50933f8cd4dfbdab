"""The container's health check."""

import socket
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from ${{ values.package }}.probe import healthy


@pytest.mark.parametrize(("status", "expected"), [(200, True), (503, False)])
def test_healthy_only_with_200(status: int, expected: bool) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.handle_request)
        thread.start()
        assert healthy(server.server_port) is expected
        thread.join()


def test_unhealthy_when_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: a connection is refused
        assert not healthy(taken.getsockname()[1])
