"""Children of a fork server are as fresh, as bounded and as mortal as those that are started."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from core import children
from core.forked import ForkServer
from tests.core.waiting import until

ENTRY = "tests.core.forked_work:answer"


@pytest.fixture
def server() -> Iterator[ForkServer]:
    made = ForkServer(ENTRY, ["json"])
    yield made
    made.close()


def ask(server: ForkServer, argument: str, folder: Path, stdin: bytes = b"", **more: Any) -> children.Ended:
    child = server.start(argument, {"HOME": str(folder)}, folder=folder)
    return children.see_through(child, stdin=stdin, **{"timeout": 20.0, "limit": 1 << 24, **more})


def test_each_child_is_a_process_of_its_own_that_knows_nothing(
    server: ForkServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET", "hidden")
    first, second = (json.loads(ask(server, "who", tmp_path).stdout) for _ in range(2))
    assert first["pid"] != second["pid"]
    assert first["server"] == second["server"] != os.getpid()
    assert first["pid"] == first["group"]
    assert first["environment"].keys() == {"PATH", "LANG", "HOME"}
    assert first["cwd"] == str(tmp_path)
    assert set(first["open"]) <= {0, 1, 2, 3}  # the third is the look into the folder itself


def test_much_goes_in_and_out(server: ForkServer, tmp_path: Path) -> None:
    much = b"x" * (3 << 20)
    assert ask(server, "echo", tmp_path, much).stdout == much
    assert ask(server, "length " + "y" * 200_000, tmp_path).stdout == b"200007"


def test_what_fails_says_so(server: ForkServer, tmp_path: Path) -> None:
    ended = ask(server, "fail", tmp_path)
    assert ended.status == 1
    assert b"ValueError: this went wrong" in ended.stderr


def test_a_cancelled_child_goes_with_its_whole_group(server: ForkServer, tmp_path: Path) -> None:
    cancelled = threading.Event()
    child = server.start("hang with a child", {}, folder=tmp_path)
    assert child.stdout is not None
    inner = int(child.stdout.readline())
    threading.Timer(0.05, cancelled.set).start()
    with pytest.raises(children.CancelledError):
        children.see_through(child, timeout=20, limit=100, cancelled=cancelled)
    assert child.returncode == -signal.SIGKILL
    until(lambda: not _lives(inner) and not _lives(child.pid))


def test_a_child_is_killed_at_its_deadline(server: ForkServer, tmp_path: Path) -> None:
    with pytest.raises(children.DeadlineReachedError):
        ask(server, "hang with a child", tmp_path, timeout=0.1)


def test_a_server_that_was_killed_is_replaced(server: ForkServer, tmp_path: Path) -> None:
    first = json.loads(ask(server, "who", tmp_path).stdout)["server"]
    hanging = server.start("hang", {}, folder=tmp_path)
    os.kill(first, signal.SIGKILL)
    until(lambda: not _lives(hanging.pid))  # its children go with it
    assert children.see_through(hanging, timeout=20, limit=100).status == -signal.SIGKILL
    assert json.loads(ask(server, "who", tmp_path).stdout)["server"] != first


def test_many_at_once(server: ForkServer, tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: ask(server, "echo", tmp_path, b"%d" % n).stdout, range(60)))
    assert found == [b"%d" % n for n in range(60)]


def test_a_server_ends_with_the_process_that_asks(tmp_path: Path) -> None:
    program = (
        "import sys, os, json; sys.path[:0] = json.loads(sys.argv[1])\n"
        "from pathlib import Path\n"
        "from core.forked import ForkServer\n"
        f"server = ForkServer({ENTRY!r}, [])\n"
        "child = server.start('hang with a child', {}, folder=Path(sys.argv[2]))\n"
        "print(server._process.pid, child.pid, child.stdout.readline().decode(), flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, json.dumps(sys.path), str(tmp_path)],
        capture_output=True,
        check=False,
        timeout=30,
    )
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    numbers = [int(text) for text in ran.stdout.split()]
    assert len(numbers) == 3
    until(lambda: not any(_lives(number) for number in numbers))


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
