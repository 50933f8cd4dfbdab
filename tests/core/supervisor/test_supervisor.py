"""The supervisor: order, readiness, back-off, and nothing left when it has stopped."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from core.supervisor import Process, Supervisor
from core.supervisor.errors import StartRefused
from core.supervisor.port import check_port
from core.supervisor.process import BackOff
from tests.core.waiting import until, users_of

LASTS = "import time; time.sleep(600)"
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf")
time.sleep(600)
"""
PARENT = """
import subprocess, sys, time
words = [sys.executable, "-c", "import time; time.sleep(600)", sys.argv[1]]
subprocess.Popen(words, start_new_session=True)
print("born")
time.sleep(600)
"""
FOREGROUND = """
import sys
from core.supervisor import Process, Supervisor
words = [sys.executable, "-c", "import time; time.sleep(600)", sys.argv[1]]
Supervisor([Process("one", words), Process("two", words)]).run_forever(lambda: print("ready", flush=True))
print("stopped", flush=True)
"""


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., Process]:
    """Make a process of a line of Python; its command line names the test's folder: no trace is missed."""

    def make(name: str, code: str = LASTS, **more: object) -> Process:
        return Process(name, [sys.executable, "-u", "-c", code, str(tmp_path)], **more)  # type: ignore[arg-type]

    return make


@pytest.fixture(autouse=True)
def nothing_stays(tmp_path: Path) -> object:
    yield
    assert users_of(tmp_path) == []


def test_each_waits_for_the_one_before_it(made: Callable[..., Process], tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    first = made(
        "first",
        f"import time; time.sleep(.3); open({str(mark)!r}, 'w').close(); time.sleep(600)",
        ready=mark.exists,
    )
    second = made("second", f"import os; assert os.path.exists({str(mark)!r}); import time; time.sleep(600)")
    with Supervisor([first, second]) as supervisor:
        states = {name: row["state"] for name, row in supervisor.status().items()}
    assert states == {"first": "ready", "second": "ready"}
    assert {row["state"] for row in supervisor.status().values()} == {"stopped"}


def test_those_alongside_start_at_once_and_are_waited_for(
    made: Callable[..., Process], tmp_path: Path
) -> None:
    wait = """
import os, sys, time
open(sys.argv[1] + "/{0}", "w").close()
while not os.path.exists(sys.argv[1] + "/{1}"): time.sleep(.01)
print("I am ready.")
time.sleep(600)
"""
    a = made("a", wait.format("a", "b"), alongside=True, ready_line="ready.")
    b = made("b", wait.format("b", "a"), alongside=True, ready_line="ready.")
    with Supervisor([a, b]) as supervisor:
        assert {row["state"] for row in supervisor.status().values()} == {"ready"}


def test_a_step_ends_before_the_next_starts_and_stays_done(
    made: Callable[..., Process], tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    step = made("step", f"import time; time.sleep(.2); open({str(mark)!r}, 'w').close()", once=True)
    after = made("after", f"open({str(mark)!r}); import time; time.sleep(600)")
    with Supervisor([step, after]) as supervisor:
        assert supervisor.status()["step"] == {"state": "done", "pid": None, "restarts": 0}


@pytest.mark.parametrize(
    ("code", "more", "why"),
    [
        (
            "print('no such\\nsetting'); raise SystemExit(3)",
            {"ready": bool},
            "ended with status 3 before it was ready",
        ),
        (
            "print('no such\\nsetting'); raise SystemExit(3)",
            {"once": True},
            "ended with status 3 before it was ready",
        ),
        (
            f"print('no such\\nsetting'); {LASTS}",
            {"ready": bool, "ready_timeout": 0.5},
            "was not ready after 0 seconds",
        ),
        (
            f"print('no such\\nsetting'); {LASTS}",
            {"ready_line": "up", "ready_timeout": 0.5},
            "was not ready after 0 seconds",
        ),
    ],
    ids=["dies", "step fails", "never ready", "never says so"],
)
def test_what_never_gets_ready_ends_everything_and_says_its_last_lines(
    made: Callable[..., Process], code: str, more: dict[str, object], why: str
) -> None:
    with pytest.raises(StartRefused) as refused, Supervisor([made("fine"), made("faulty", code, **more)]):
        pass
    assert str(refused.value) == f"faulty {why}. Its last lines:\n  no such\n  setting"


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StartRefused, match="absent could not be started"):
        Supervisor([Process("absent", [str(tmp_path / "absent")])]).run_forever()


def test_what_dies_is_started_again_and_the_rest_is_left_alone(made: Callable[..., Process]) -> None:
    lines: list[tuple[str, str]] = []
    processes = [made("steady"), made("mortal")]
    with Supervisor(processes, output=lambda name, line: lines.append((name, line))) as supervisor:
        before = supervisor.status()
        for _ in range(2):
            pid = supervisor.status()["mortal"]["pid"]
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            until(lambda: supervisor.status()["mortal"]["pid"] not in {pid, None})  # noqa: B023  # used at once
            until(lambda: supervisor.status()["mortal"]["state"] == "ready")
        assert supervisor.status()["steady"] == before["steady"]
    told = [line for name, line in lines if name == "mortal"]
    assert told == [
        "mortal ended with SIGKILL; next start in 0.2 s",
        "mortal ended with SIGKILL; next start in 0.4 s",
    ]


def test_the_back_off_doubles_up_to_a_limit_and_forgets_after_a_while() -> None:
    back_off = BackOff()
    assert [back_off.after(1) for _ in range(8)] == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]
    assert back_off.after(30) == 0.2
    assert back_off.after(1) == 0.4


def test_a_start_that_fails_later_is_tried_again(made: Callable[..., Process]) -> None:
    """A full disk, say: `prepare` refuses for a while, then serving resumes."""
    refusals = [True, False]  # popped from the end: first start, second start, then calm

    def prepare() -> None:
        if refusals and refusals.pop():
            raise StartRefused("the disk is full")

    with Supervisor([made("one", prepare=prepare)]) as supervisor:
        pid = supervisor.status()["one"]["pid"]
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        until(
            lambda: (
                supervisor.status()["one"]["restarts"] == 2 and supervisor.status()["one"]["state"] == "ready"
            )
        )


def test_the_deaf_and_the_children_of_children_go_too(made: Callable[..., Process], tmp_path: Path) -> None:
    deaf = made("deaf", STUBBORN, ready_line="deaf", stop_timeout=0.3)
    parent = made("parent", PARENT, ready_line="born", stop_timeout=5)
    with Supervisor([deaf, parent]):
        assert len(users_of(tmp_path)) == 3
    assert users_of(tmp_path) == []


def test_it_stops_in_the_opposite_order(made: Callable[..., Process]) -> None:
    says = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (print("ends"), sys.exit()))
print("up")
time.sleep(600)
"""
    lines: list[tuple[str, str]] = []
    processes = [made(name, says, ready_line="up") for name in ("first", "second", "third")]
    with Supervisor(processes, output=lambda name, line: lines.append((name, line))):
        pass
    assert [name for name, line in lines if line == "ends"] == ["third", "second", "first"]


def test_asked_twice_it_waits_for_nobody(made: Callable[..., Process]) -> None:
    with Supervisor([made("deaf", STUBBORN, ready_line="deaf", stop_timeout=600)]) as supervisor:
        supervisor.stop()
        supervisor.stop()
        threading.Thread(target=supervisor.close).start()
        until(lambda: supervisor.status()["deaf"]["state"] == "stopped")


def foreground(tmp_path: Path) -> subprocess.Popen[str]:
    path = os.pathsep.join(p for p in sys.path if p)
    program = subprocess.Popen(
        [sys.executable, "-c", FOREGROUND, str(tmp_path)],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    assert program.stdout is not None
    assert program.stdout.readline() == "ready\n"
    return program


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_stop_it_in_order(tmp_path: Path, number: signal.Signals) -> None:
    program = foreground(tmp_path)
    program.send_signal(number)
    said, _ = program.communicate()
    assert (program.returncode, said) == (0, "stopped\n")


def test_the_terminals_ctrl_c_does_not_reach_the_processes(made: Callable[..., Process]) -> None:
    with Supervisor([made("one")]) as supervisor:
        pid = supervisor.status()["one"]["pid"]
        assert pid is not None
        assert os.getpgid(pid) == os.getsid(pid) == pid


def test_the_next_one_clears_away_after_a_kill_9(made: Callable[..., Process], tmp_path: Path) -> None:
    """`left` has asked nobody for a signal at its starter's death, so it survives as on a Mac."""
    record = tmp_path / "processes.json"
    words = [sys.executable, "-c", PARENT, str(tmp_path)]
    left = subprocess.Popen(words, start_new_session=True, stdout=subprocess.DEVNULL)
    until(lambda: len(users_of(tmp_path)) == 2)
    born = psutil.Process(left.pid).create_time()
    other = subprocess.Popen(
        [sys.executable, "-c", LASTS]
    )  # has a recycled pid: not the one that was put down
    rows = [{"pid": left.pid, "born": born, "stop": 15}, {"pid": other.pid, "born": born - 60, "stop": 15}]
    record.write_text(json.dumps(rows))
    with Supervisor([made("new")], record=record) as supervisor:
        assert [process.pid for process in users_of(tmp_path)] == [supervisor.status()["new"]["pid"]]
    left.wait()
    assert other.poll() is None
    other.kill()
    other.wait()
    assert not record.exists()


def test_checks_come_before_anything_starts(made: Callable[..., Process]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        started: list[bool] = []
        process = made("one", prepare=lambda: started.append(True))
        with (
            pytest.raises(StartRefused) as refused,
            Supervisor([process], checks=[lambda: check_port("127.0.0.1", port)]),
        ):
            pass
    assert not started
    sentence = str(refused.value)
    assert sentence.startswith(f"Port {port} is taken")
    assert f"(process {os.getpid()})" in sentence
    assert "Stop what listens there, or choose another: GREENROOM_PORT=" in sentence
    assert sentence.endswith(" make up")
