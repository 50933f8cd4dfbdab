"""Starts Greenroom as people run it, on a database that is named, for a measurement; and stops it."""

import argparse
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

from benchmarks.database import server_process
from benchmarks.processes import tree
from benchmarks.server import Unmeasurable, tell

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 60.0
"""Seconds for the start, and for the end."""


def main(argv: list[str]) -> int:
    """`python -m benchmarks serve start --home FOLDER --database URL`, `serve stop --home FOLDER`."""
    parser = argparse.ArgumentParser(prog="benchmarks serve", description=__doc__)
    parser.add_argument("what", choices=["start", "stop"])
    parser.add_argument(
        "--home", type=Path, required=True, help="its data folder: keys, logs, embedded Redis"
    )
    parser.add_argument("--database", help="postgres://…; default: an embedded PostgreSQL in the home")
    parser.add_argument("--data", type=Path, help="a data folder to be read as a file location")
    parser.add_argument("--port", type=int, default=7017)
    parser.add_argument("--role", default="viewer", help="of the token that is made")
    options = parser.parse_args(argv)
    if options.what == "stop":
        stop(options.home)
    else:
        tell(start(options.home, options.port, options.database, options.data, options.role))
    return 0


def start(
    home: Path, port: int, database: str | None = None, data: Path | None = None, role: str = "viewer"
) -> dict[str, object]:
    """Start it and wait until it answers → url, token, pids by name, and `started`, the time when it was told to."""
    home.mkdir(parents=True, exist_ok=True)
    if (pid := _running(home)) is not None:
        raise Unmeasurable(f"process {pid} serves from {home} already: python -m benchmarks serve stop")
    environ = _environ(home, port, database, data)
    started = time.time()
    command = [sys.executable, str(ROOT / "manage.py"), "up", "--no-golden-paths"]
    with (home / "output").open("wb") as output:
        child = subprocess.Popen(
            command,
            env=environ,
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    (home / "pid").write_text(str(child.pid))
    url = f"http://127.0.0.1:{port}"
    while not _answers(url):
        if child.poll() is not None or time.time() - started > PATIENCE:
            said = (home / "output").read_text(errors="replace")[-2000:]
            raise Unmeasurable(f"Greenroom does not start:\n{said}")
        time.sleep(0.05)
    return {
        "url": url,
        "token": _token(environ, role),
        "started": started,
        "processes": {
            "app": child.pid,
            **_found(child.pid, web=b"config.wsgi", worker=b"worker-1@"),
            **({"database": server_process(database)} if database else {}),
        },
    }


def stop(home: Path) -> None:
    """Stop what `start` started, and wait until it is gone."""
    pid = _running(home)
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + PATIENCE
    while _running(home) is not None:
        if time.monotonic() > end:
            raise Unmeasurable(f"process {pid} does not stop")
        time.sleep(0.05)
    (home / "pid").unlink(missing_ok=True)


def _environ(home: Path, port: int, database: str | None, data: Path | None) -> dict[str, str]:
    given = {name: value for name, value in os.environ.items() if not name.startswith("GREENROOM_")}
    given |= {"GREENROOM_DATA": str(home.absolute()), "GREENROOM_PORT": str(port)}
    given["GREENROOM_READING_ALLOW"] = "127.0.0.1"
    given |= {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("GREENROOM_WEB_", "GREENROOM_WORKER_"))
    }
    given.pop("DATABASE_URL", None)
    given.pop("REDIS_URL", None)
    if database:
        given["DATABASE_URL"] = database
    if data:
        given["GREENROOM_CATALOG_LOCATIONS"] = f"file:{data.absolute()}/root.yaml"
    return given


def _token(environ: dict[str, str], role: str) -> str:
    name = f"benchmarks-{time.time_ns()}"
    command = [sys.executable, str(ROOT / "manage.py"), "token", "create", name, "--role", role]
    made = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if made.returncode:
        raise Unmeasurable(f"no token: {made.stderr.strip()}")
    return made.stdout.strip()


def _found(app: int, **marks: bytes) -> dict[str, int]:
    """The processes of the supervisor by what their command lines hold; the outermost of each kind."""
    found: dict[str, int] = {}
    for pid in tree(app):
        with suppress(OSError):
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
            found |= {name: pid for name, mark in marks.items() if mark in line and name not in found}
    return found


def _running(home: Path) -> int | None:
    """The process that serves from this home, when it lives."""
    try:
        pid = int((home / "pid").read_text())
        os.waitpid(pid, os.WNOHANG)  # when it is our own child it would stay as a zombie
    except ChildProcessError:
        pass
    except (OSError, ValueError):
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    return pid


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
