"""GitHub by `emulate`, with git joined to it: one address where emulate answers REST and git's http-backend answers git.

    with EmulatedGitHub(emulate) as hub:
        hub.url                     # what a Connection takes for the web, for the API and for git

A translator, which decides nothing but which tokens there are. Before git is answered, its bare repository is brought to where emulate is. Before
a branch moves, git's `update` hook asks here, what is new is made in emulate by its git data API with the pusher's
token, and emulate's refusal is git's.
"""

import requests

from scm.fakes.git import GitDoor, refused
from scm.fakes.repository import FakeRepository
from scm.fakes.server import Asked, FakeServer, Reply
from tests.contracts.mirrors import MOVES, Mirrors, NotTakenError
from tests.contracts.worlds import Emulate

_OWN = {"host", "connection", "content-length", "accept-encoding"}
_HOPS = {"connection", "keep-alive", "content-length", "content-encoding", "transfer-encoding", "date"}
"""Headers of a connection, not of what is asked or answered."""


class EmulatedGitHub(FakeServer):
    """What a Connection needs of a GitHub, at one address."""

    def __init__(self, emulate: Emulate) -> None:
        super().__init__()
        self.emulate = emulate
        self.mirrors = Mirrors(emulate=emulate, port=self._httpd.server_address[1])
        GitDoor(self, self.mirrors, self._refusal)
        self.route("POST", MOVES, self._move)
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            self.route(method, ".*", self._passed_on)

    def _refusal(self, secret: str, found: FakeRepository | None, writing: bool) -> Reply | None:
        """Emulate takes a token that it does not know for its first user's, so tokens are judged here."""
        who = next((login for login, token in self.emulate.tokens.items() if token == secret), None)
        if who is None:
            return refused(401, "Invalid username or token.")
        if found is None or not self.emulate.ask("GET", f"/repos/{found.full_name}", by=who).ok:
            return refused(404, "Repository not found.")
        if writing:
            # An empty blob changes nothing, and tells who may push.
            may = self.emulate.ask("POST", f"/repos/{found.full_name}/git/blobs", by=who, content="")
            if not may.ok:
                return refused(may.status_code, may.json()["message"])
            self.mirrors.pushers[found.id] = who
        return None

    def _move(self, asked: Asked) -> Reply:
        try:
            self.mirrors.move(*asked.body.decode().split())
        except NotTakenError as error:
            return Reply(409, body=str(error).encode())
        return Reply(204)

    def _passed_on(self, asked: Asked) -> Reply:
        """Emulate's own answer, with our address where it names its own."""
        answer = requests.request(
            asked.method,
            f"{self.emulate.url}{asked.path}",
            params=dict(asked.query),
            data=asked.body,
            headers={name: value for name, value in asked.headers.items() if name not in _OWN},
            timeout=10,
            allow_redirects=False,
        )
        headers = {
            name: value.replace(self.emulate.url, self.url)
            for name, value in answer.headers.items()
            if name.lower() not in _HOPS
        }
        body = answer.content.replace(self.emulate.url.encode(), self.url.encode())
        return Reply(answer.status_code, headers=headers, body=body)
