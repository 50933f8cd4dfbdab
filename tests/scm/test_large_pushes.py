"""Git and the real web server: a large push comes in pieces of unknown number, and a large pack goes out."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from django.conf import settings
from django.db import connection

from scm.local import LocalHost
from tests.scm.conftest import NAME, Person, Token

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).parents[2]


@pytest.fixture
def server(repository: LocalHost) -> Iterator[tuple[str, psutil.Process]]:
    """The web server as Greenroom runs it, on the test's database; its address and its one worker process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    database = (
        urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    )
    environ = {
        **os.environ,
        "DATABASE_URL": database,
        "GREENROOM_DATA": str(settings.GREENROOM_DATA),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONPATH": f"{ROOT / 'platform'}{os.pathsep}{ROOT}",
    }
    command = [sys.executable, "-m", "core.supervisor.web", "config.wsgi:application", "--port", str(port)]
    options = ["--workers", "1", "--threads", "4"]
    with subprocess.Popen([*command, *options], env=environ, cwd=ROOT) as process:
        try:
            wait_for(port)
            yield f"http://127.0.0.1:{port}", psutil.Process(process.pid).children()[0]
        finally:
            process.terminate()


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as door:
            door.settimeout(1)
            if door.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"nobody listens on port {port}")


def test_a_push_in_chunks_is_taken_and_memory_stays_flat(
    server: tuple[str, psutil.Process], repository: LocalHost, token: Token, tmp_path: Path
) -> None:
    url, worker = server
    person = Person(f"{url}/git/acme/payments.git", token("developer"), tmp_path / "clone")
    person.get()
    before = worker.memory_info().rss
    for number in range(2):
        person.commit(f"big{number}", os.urandom(16_000_000))
    person.git("push", "--quiet", "origin", "main")
    assert {branch.name: branch.sha for branch in repository.branches(NAME)} == {
        "main": person.git("rev-parse", "HEAD").strip()
    }
    other = Person(person.url, person.secret, tmp_path / "other")
    other.get()
    assert (other.clone / "big1").stat().st_size == 16_000_000
    assert worker.memory_info().rss - before < 16_000_000
