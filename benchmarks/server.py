"""The server that is measured: its address, who asks, and its answers as data."""

import argparse
import json
import os
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

TOKEN = "BENCHMARK_TOKEN"  # noqa: S105 - a variable's name
CATALOG = "/api/catalog"
LONGEST_ANSWER = 1_800
"""Seconds for one answer; an import answers when all of it is stored."""


class Unmeasurable(Exception):
    """One sentence that says why there is no figure, and the way out."""


@dataclass(frozen=True)
class Server:
    """A Backstage-compatible server. `token` may be empty for one that asks for none."""

    url: str
    token: str = field(default="", repr=False)

    def get(self, path: str) -> Any:
        """The answer to a GET, as data. Unmeasurable for a refusal or when nothing answers."""
        return self.ask("GET", path)[1]

    def post(self, path: str, body: Any) -> Any:
        """The answer to a POST, as data; None for an empty one."""
        return self.ask("POST", path, json.dumps(body).encode())[1]

    def send(self, path: str, file: Path, media_type: str) -> Any:
        """The answer to a POST of a whole file, which is streamed."""
        with file.open("rb") as body:
            headers = {"Content-Type": media_type, "Content-Length": str(file.stat().st_size)}
            return self._asked("POST", path, body, headers)[1]

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
        """One request → size of the answer in bytes, and the answer as data."""
        return self._asked(method, path, body, {"Content-Type": "application/json"} if body else {})

    def _asked(
        self, method: str, path: str, body: bytes | IO[bytes] | None, headers: dict[str, str]
    ) -> tuple[int, Any]:
        request = urllib.request.Request(  # noqa: S310 - the address is the operator's
            self.url + path, data=body, headers={**self.headers(), **headers}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=LONGEST_ANSWER) as answer:  # noqa: S310 - see above
                raw = answer.read()
        except urllib.error.HTTPError as error:
            said = error.read(500).decode(errors="replace")
            hint = f" The token is read from {TOKEN}." if error.code in (401, 403) else ""
            raise Unmeasurable(f"{method} {path} at {self.url}: {error.code} {said}{hint}") from error
        except OSError as error:
            raise Unmeasurable(f"nothing answers at {self.url}: {error}") from error
        return len(raw), json.loads(raw) if raw else None

    def headers(self, *, with_body: bool = False) -> dict[str, str]:
        """What each request carries."""
        headers = {"Accept": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if with_body:
            headers["Content-Type"] = "application/json"
        return headers


def by_name(ref: str) -> str:
    """The path of an entity: `component:default/a` → `/api/catalog/entities/by-name/component/default/a`."""
    kind, _, rest = ref.partition(":")
    return f"{CATALOG}/entities/by-name/{quote(kind)}/{quote(rest)}"


def add_server(parser: argparse.ArgumentParser) -> None:
    """The options that name a server. Its token is never one of them: everybody can read a command line."""
    port = os.environ.get("GREENROOM_PORT") or "7007"
    default = os.environ.get("GREENROOM_URL") or f"http://127.0.0.1:{port}"
    parser.add_argument("--url", default=default, help=f"the server; its token is read from {TOKEN}")
    parser.add_argument(
        "--server", type=Path, metavar="FILE", help="what `serve start` said: address, token and processes"
    )
    parser.add_argument("--label", default="", help="a name for it, kept with each figure")
    parser.add_argument(
        "--process",
        action="append",
        default=[],
        metavar="NAME=PID",
        help="a process tree to account for, as app=4711 or database=815; may be given again",
    )


def server_of(options: argparse.Namespace) -> Server:
    """The server that the options name."""
    if options.server:
        said = json.loads(options.server.read_text())
        return Server(said["url"], said.get("token", ""))
    token = os.environ.get(TOKEN) or os.environ.get("GREENROOM_TOKEN", "")
    return Server(options.url.rstrip("/"), token)


def tell(line: dict[str, Any], out: str = "") -> None:
    """Write one figure as a line of JSON: to standard output, and at the end of a file when one is named."""
    text = json.dumps(line) + "\n"
    sys.stdout.write(text)
    sys.stdout.flush()
    if out:
        with open(out, "a") as file:  # noqa: PTH123 - a plain program
            file.write(text)
