"""The embedded servers: they start anywhere, keep what was committed, and leave nothing running."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from core.embedded import postgres, redis, running
from core.embedded.folders import socket_folder
from core.embedded.lock import held
from core.embedded.servers import postgres_process, redis_process
from core.supervisor import Supervisor
from core.supervisor.errors import StartRefused
from tests.core.waiting import until, users_of

SERVE = """
import signal, sys
from pathlib import Path
from core.embedded import running
with running(Path(sys.argv[1])):
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "data"
    yield folder
    assert users_of(folder) == []


def other_program(code: str, *words: object) -> subprocess.Popen[str]:
    """A second Greenroom; returns when it has said its first line."""
    path = os.pathsep.join(p for p in sys.path if p)
    started = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    return started


def end(program: subprocess.Popen[Any], *, by: signal.Signals | None = None) -> int:
    if by is not None:
        program.send_signal(by)
    program.communicate()
    return program.returncode


def postmaster(data: Path) -> int:
    """The process id of the server; its children come and go."""
    return int((data / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def say(data: Path, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(postgres.url(data), autocommit=True) as line:
        cursor = line.execute(statement)  # type: ignore[arg-type]
        return cursor.fetchall() if cursor.description else []


@pytest.mark.parametrize("name", ["plain", "with a space", 'com,ma %20 é "quote"', "long" * 30])
def test_they_serve_in_any_folder_and_leave_nothing(tmp_path: Path, name: str) -> None:
    data = tmp_path / name
    with running(data, durable=False) as servers:
        with psycopg.connect(servers.postgres_url) as line:
            assert line.execute("SELECT current_database(), 'Straße' < 'Stz'").fetchone() == (
                "greenroom",
                True,
            )
        assert redis.ready(data)
    assert users_of(data) == []
    left = [
        p.name
        for p in data.rglob("*")
        if p.name in {"lock", "processes.json", "postmaster.pid"} or p.is_socket()
    ]
    assert left == []
    assert socket_folder(data) == data / "run" or not socket_folder(data).exists()


def test_there_is_no_tcp_port(data: Path) -> None:
    with Supervisor([postgres_process(data, durable=False), redis_process(data)]) as supervisor:
        pids = {row["pid"] for row in supervisor.status().values()}
        assert not [c for c in psutil.net_connections("inet") if c.pid in pids]


def test_commits_survive_kill_9_of_the_postmaster(data: Path) -> None:
    with Supervisor([postgres_process(data)]) as supervisor:
        say(data, "CREATE TABLE kept AS SELECT 42 AS answer")
        first = supervisor.status()["postgres"]["pid"]
        assert first is not None
        os.kill(first, signal.SIGKILL)
        until(lambda: supervisor.status()["postgres"]["restarts"] and postgres.ready(data))
        assert say(data, "TABLE kept") == [(42,)]


def test_commits_survive_kill_9_of_everything(data: Path) -> None:
    program = other_program(SERVE, data)
    say(data, "CREATE TABLE kept AS SELECT 42 AS answer")
    end(program, by=signal.SIGKILL)
    with running(data):
        assert say(data, "TABLE kept") == [(42,)]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent was killed")
def test_servers_go_when_their_starter_is_killed(data: Path) -> None:
    program = other_program(SERVE, data)
    end(program, by=signal.SIGKILL)
    until(lambda: users_of(data) == [])


def test_a_server_left_running_is_replaced(data: Path) -> None:
    postgres.prepare(data, durable=False)
    orphan = subprocess.Popen(postgres.command(data), env=postgres.environment(), stderr=subprocess.DEVNULL)
    until(lambda: postgres.ready(data))
    with running(data, durable=False, with_redis=False):
        assert orphan.wait() == 0
        assert postgres.ready(data)


@pytest.mark.parametrize("pid", [1, os.getpid(), 4_000_000], ids=["init", "a stranger", "nobody"])
def test_files_of_a_killed_server_are_no_obstacle(data: Path, pid: int) -> None:
    with running(data, durable=False):
        pass
    sockets = socket_folder(data)
    for name in ("postgres", "redis"):  # a folder beneath the temporary one goes with its servers
        (sockets / name).mkdir(parents=True, exist_ok=True, mode=0o700)
    (data / "postgres/postmaster.pid").write_text(
        f"{pid}\n{data / 'postgres'}\n0\n5432\n{sockets / 'postgres'}\n\n"
    )
    (sockets / "postgres/.s.PGSQL.5432").touch()
    (sockets / "postgres/.s.PGSQL.5432.lock").write_text(f"{pid}\n")
    (sockets / "redis/redis.sock").touch()
    (data / "run/lock").write_text(json.dumps({"pid": pid, "brief": False}))
    with running(data, durable=False):
        assert say(data, "SELECT 1") == [(1,)]


def test_a_kill_9_while_the_database_is_made_leaves_nothing_half_made(data: Path) -> None:
    path = os.pathsep.join(p for p in sys.path if p)
    program = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(data)],
        stdin=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    )
    until(lambda: [*data.glob(f"{postgres.MAKING}*/base/*")])
    end(program, by=signal.SIGKILL)
    assert not (data / "postgres").exists()
    with running(data, durable=False, with_redis=False):
        assert say(data, "SELECT 1") == [(1,)]
    until(lambda: users_of(data) == [])
    with running(data, durable=False, with_redis=False):
        assert sorted(path.name for path in data.iterdir()) == ["postgres", "run"]


def test_a_guest_uses_what_runs_and_is_waited_for(data: Path) -> None:
    owner = other_program(SERVE, data)
    before = postmaster(data)
    with running(data) as servers:
        assert postmaster(data) == before
        assert owner.stdin is not None
        owner.stdin.close()  # it would stop now
        with pytest.raises(subprocess.TimeoutExpired):
            owner.wait(timeout=0.5)
        psycopg.connect(servers.postgres_url).close()
    assert owner.wait(timeout=30) == 0
    assert owner.stdout is not None
    owner.stdout.close()


def test_a_second_greenroom_is_refused_with_the_pid_of_the_first(data: Path) -> None:
    with held(data), pytest.raises(StartRefused) as refused, Supervisor([], guard=held(data)):
        pass
    assert f"process {os.getpid()}" in str(refused.value)
    assert str(data) in str(refused.value)
    assert "GREENROOM_DATA" in str(refused.value)


@pytest.mark.skipif(os.getuid() != 0, reason="only root has to change the account")
def test_root_keeps_one_right_only_and_only_in_closed_folders(data: Path) -> None:
    closed = data / "closed"
    closed.mkdir(parents=True, mode=0o700)
    with Supervisor([postgres_process(closed, durable=False)]) as supervisor:
        pid = supervisor.status()["postgres"]["pid"]
        status = Path(f"/proc/{pid}/status").read_text()
        assert psutil.Process(pid).uids().effective != 0
    masks = {
        line.split()[0]: int(line.split()[1], 16) for line in status.splitlines() if line.startswith("Cap")
    }
    assert masks["CapEff:"] == masks["CapPrm:"] == masks["CapAmb:"]
    assert masks["CapEff:"] in {1 << 2, 1 << 1}  # read-search, or override where that is all there is
