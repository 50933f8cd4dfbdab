"""The whole stack around a tiny project of its own: the real web server and celery come up, come back, and go."""

import os
import signal
import socket
import urllib.request
from pathlib import Path

import psutil
import pytest

from core.supervisor.errors import StartRefused
from core.supervisor.stack import Sizes, greenroom, stack
from tests.core.waiting import until, users_of

SETTINGS = """
import os
import environ
from core.embedded import broker_for
SECRET_KEY = "only for this test"
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["django.contrib.contenttypes"]
DATABASES = {"default": environ.Env.db_url_config(os.environ["DATABASE_URL"])}
CELERY_BROKER_URL = broker_for(os.environ["REDIS_URL"])
CELERY_WORKER_HIJACK_ROOT_LOGGER = False  # with no logging set up at all: next to nothing is said
"""
WSGI = """
import os
from django.core.wsgi import get_wsgi_application
django = get_wsgi_application()
def application(environ, start_response):
    from django.contrib.contenttypes.models import ContentType
    start_response("200 OK", [])
    return [f"{ContentType.objects.count()} at {os.environ['GREENROOM_PORT']}".encode()]
"""
WORKER = """
import celery
app = celery.Celery("tiny")
app.config_from_object("django.conf:settings", namespace="CELERY")
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment whose `config` is a tiny project and not Greenroom's."""
    project = tmp_path / "project" / "config"
    project.mkdir(parents=True)
    for name, text in {
        "__init__": "",
        "settings": SETTINGS,
        "wsgi": WSGI,
        "worker": WORKER,
        "beat": WORKER,
    }.items():
        (project / f"{name}.py").write_text(text)
    ours = Path(__file__).parents[3] / "platform"
    gone = {"DATABASE_URL", "REDIS_URL"}
    return {k: v for k, v in os.environ.items() if k not in gone} | {
        "PYTHONPATH": os.pathsep.join([str(project.parent), str(ours)])
    }


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        number: int = free.getsockname()[1]
    return number


def test_everything_comes_up_comes_back_and_goes(tmp_path: Path, environ: dict[str, str], port: int) -> None:
    data = tmp_path / "data with a space"
    with greenroom(data, port, durable=False, environ=environ) as supervisor:
        before = supervisor.status()
        assert list(before) == ["postgres", "redis", "migrate", "web", "worker", "beat"]
        assert {row["state"] for row in before.values()} == {"ready", "done"}
        assert ask(port) == f"1 at {port}"
        with pytest.raises(StartRefused, match=f"process {os.getpid()}"), greenroom(data, port):
            pass
        web = before["web"]["pid"]
        assert web is not None
        workers = psutil.Process(web).children()
        assert len(workers) == 2
        for name in ("web", "worker", "beat", "redis", "postgres"):
            pid = before[name]["pid"]
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
        until(lambda: not any(worker.is_running() for worker in workers))  # none answers from old code
        until(lambda: all(row["restarts"] or row["state"] == "done" for row in supervisor.status().values()))
        until(lambda: {row["state"] for row in supervisor.status().values()} == {"ready", "done"}, seconds=30)
        assert ask(port) == f"1 at {port}"
    assert users_of(tmp_path) == []
    assert not (data / "run" / "lock").exists()


def test_servers_that_are_given_are_not_started(tmp_path: Path) -> None:
    given = {
        "DATABASE_URL": "postgres://db.example.org/greenroom",
        "REDIS_URL": "redis://redis.example.org/0",
    }
    processes = stack(tmp_path, 7007, environ=given)
    assert [process.name for process in processes] == ["migrate", "web", "worker", "beat"]
    assert all(process.env and given.items() <= process.env.items() for process in processes)


def test_as_many_workers_are_started_as_were_asked_for(tmp_path: Path) -> None:
    processes = stack(
        tmp_path, 7007, sizes=Sizes(worker_processes=3), environ={"DATABASE_URL": "postgres://db/g"}
    )
    workers = [process for process in processes if process.name.startswith("worker")]
    assert [process.name for process in workers] == ["worker", "worker-2", "worker-3"]
    names = [process.argv[process.argv.index("--hostname") + 1] for process in workers]
    assert len(set(names)) == 3


def test_a_taken_port_is_said_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartRefused, match=f"^Port {port} is taken"), greenroom(tmp_path, port):
            pass
    assert not (tmp_path / "postgres").exists()


def ask(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as answer:
        text: str = answer.read().decode()
        return text
