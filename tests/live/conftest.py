"""The whole of Greenroom as processes, started once: what a user meets."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from core.supervisor.output import LogFile
from core.supervisor.stack import greenroom
from core.supervisor.supervisor import Supervisor
from scm.fakes.github import FakeGitHub
from tests.core.waiting import until

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = Path(__file__).parent / "template" / "template.yaml"
PUBLISHED = TEMPLATE.with_name("published.yaml")
TOKEN = "ghp_fake"


@dataclass
class Running:
    """A running Greenroom and a user's tool that speaks to it."""

    data: Path
    url: str
    supervisor: Supervisor
    environ: dict[str, str]
    http: requests.Session

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`greenroom WORDS`, as a person would type it."""
        return subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *words],
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def start(self, name: str, *, seconds: float = 0) -> str:
        values = {"name": name, "repoUrl": f"local?owner=acme&repo={name}", "seconds": seconds}
        return self.start_from("template:default/patient", values)

    def start_from(self, template: str, values: dict[str, Any]) -> str:
        body = {"templateRef": template, "values": values}
        made = self.http.post(f"{self.url}/api/scaffolder/v2/tasks", json=body, timeout=10)
        assert made.status_code == 201, made.text
        return str(made.json()["id"])

    def task(self, task: str) -> dict[str, Any]:
        answer = self.http.get(f"{self.url}/api/scaffolder/v2/tasks/{task}", timeout=10)
        answer.raise_for_status()
        return dict(answer.json())

    def events(self, task: str) -> list[dict[str, Any]]:
        """What the event stream tells until the server closes it."""
        address = f"{self.url}/api/scaffolder/v2/tasks/{task}/eventstream"
        with self.http.get(address, stream=True, timeout=90) as stream:
            assert stream.headers["Content-Type"].startswith("text/event-stream")
            lines = (line for line in stream.iter_lines(decode_unicode=True) if line.startswith("data: "))
            return [json.loads(line.removeprefix("data: ")) for line in lines]

    def messages(self, task: str) -> list[str]:
        answer = self.http.get(f"{self.url}/api/scaffolder/v2/tasks/{task}/events", timeout=40)
        answer.raise_for_status()
        return [str(event["body"].get("message", "")) for event in answer.json()]

    def answers(self) -> bool:
        """Whether it is ready to serve."""
        try:
            return self.http.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except requests.RequestException:
            return False


@pytest.fixture(scope="session")
def hub() -> Iterator[FakeGitHub]:
    """A GitHub with the organisation acme, in this process; the running Greenroom knows it as github.test."""
    with FakeGitHub() as fake:
        fake.state.organisation("acme", "ana")
        yield fake


@pytest.fixture(scope="session")
def running(hub: FakeGitHub) -> Iterator[Running]:
    data = Path(tempfile.mkdtemp(prefix="greenroom live "))  # a path with a space, as people have them
    data.chmod(0o711)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    code_hosts = data / "code-hosts.yaml"
    told = {"type": "github", "name": "github.test", "url": hub.url, "api": hub.api}
    code_hosts.write_text(json.dumps({"hosts": [told | {"token": {"env": "HUB_TOKEN"}}]}))
    environ = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("GREENROOM_", "DATABASE_URL", "REDIS_URL", "DJANGO_", "PYTEST_"))
    } | {
        "GREENROOM_DATA": str(data),
        "GREENROOM_PORT": str(port),
        "GREENROOM_CATALOG_LOCATIONS": f"file:{TEMPLATE},file:{PUBLISHED}",
        "GREENROOM_CODE_HOSTS": str(code_hosts),
        "HUB_TOKEN": TOKEN,
        "GREENROOM_READING_ALLOW": "127.0.0.1",
    }
    supervisor = greenroom(data, port, output=LogFile(data / "greenroom.log"), environ=environ)
    with supervisor:
        found = Running(data, f"http://127.0.0.1:{port}", supervisor, environ, requests.Session())
        token = found.command("token", "create", f"tests-{uuid.uuid4()}", "--role", "admin")
        assert token.returncode == 0, token.stderr
        found.http.trust_env = False
        found.http.headers["Authorization"] = f"Bearer {token.stdout.strip()}"
        for name in ("patient", "published"):
            template = f"{found.url}/api/catalog/entities/by-name/template/default/{name}"
            until(lambda at=template: found.http.get(at, timeout=5).status_code == 200, seconds=30)
        yield found
    shutil.rmtree(data)
