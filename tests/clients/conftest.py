"""Backstage's own clients in Node, speaking to a running server."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent / "node"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "greenroom-tests"
LONGEST_INSTALL = 300


class ClientError(Exception):
    """What the client threw: `name` and `status` as its users see them, `cause` is the name that we sent."""

    def __init__(self, said: dict[str, Any]) -> None:
        super().__init__(said["message"])
        self.name, self.status, self.cause = said["name"], said.get("status"), said.get("cause")


class NodeClient:
    """A client of Backstage's with a token, driven by `node/<driver>.mjs`; `called` are the methods that were used."""

    def __init__(self, driver: str, packages: Path, base: str, token: str) -> None:
        self.called: set[str] = set()
        self._process = subprocess.Popen(
            ["node", str(HERE / f"{driver}.mjs"), str(packages), base, token],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, method: str, *args: Any) -> Any:
        """The answer of a method; ClientError when it threw. `undefined` is None."""
        self.called.add(method)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"method": method, "args": args}) + "\n")
        self._process.stdin.flush()
        said = json.loads(self._process.stdout.readline())
        if "error" in said:
            raise ClientError(said["error"])
        return said["ok"]

    def methods(self) -> set[str]:
        """All methods that the client has, its own helpers among them."""
        found = set(self(""))
        self.called.discard("")
        return found

    def close(self) -> None:
        self._process.communicate(timeout=10)


@pytest.fixture(scope="session")
def packages() -> Path:
    """The folder with the installed packages; made once on a machine, from the committed lock file."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"there is no {program} on PATH: Backstage's own clients need Node 20 or newer")
    lock = (HERE / "package-lock.json").read_bytes()
    folder = CACHE / hashlib.sha256(lock).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as alone:
        fcntl.flock(alone, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            _install(folder)
    return folder


def _install(folder: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    words = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        done = subprocess.run(
            words, cwd=folder, capture_output=True, text=True, timeout=LONGEST_INSTALL, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.skip(
            f"npm ci did not end within {LONGEST_INSTALL} seconds: is the package registry reachable?"
        )
    if done.returncode:
        pytest.skip(f"npm ci failed, is the package registry reachable? It said: {done.stderr[-500:]}")
    (folder / "ready").touch()
