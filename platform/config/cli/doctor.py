"""`greenroom doctor`: every dependency, server, migration and permission: well, or how to mend it."""

import http.client
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import psutil
import psycopg
import redis
from django.core.exceptions import ImproperlyConfigured

from config import env
from core.embedded import postgres as embedded_postgres
from core.embedded import redis as embedded_redis
from core.embedded.folders import FREE_NEEDED
from core.embedded.lock import DataLock
from core.errors import GreenroomError, Unavailable
from core.supervisor.port import check_port

from .database import let_go, set_up
from .output import console, json_option, show_json

OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 13)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `mend` says what to do when it is not well."""

    subject: str
    well: bool
    found: str
    mend: str = ""


class Trouble(Exception):  # a finding, not a fault of ours
    """What was looked at is not well."""

    def __init__(self, found: str, mend: str) -> None:
        super().__init__(found)
        self.found, self.mend = found, mend


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Look at everything that Greenroom needs: well, or how to mend it. Exits with 1 when not all is well."""
    findings = [_look(subject, check) for subject, check in _checks()]
    if as_json:
        show_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            sign, style = ("✓", "green") if finding.well else ("✗", "red")
            console().print(
                f"{sign} {finding.subject:<12} {finding.found}", style=None if finding.well else style
            )
            if finding.mend:
                console().print(f"               {finding.mend}")
    if not all(finding.well for finding in findings):
        raise click.exceptions.Exit(1)


def _checks() -> list[tuple[str, Callable[[], str]]]:
    """What is looked at, in an order in which the first trouble is the cause of the later ones."""
    serving = _serving()
    checks: list[tuple[str, Callable[[], str]]] = [
        ("python", _python),
        ("git", _git),
        ("data folder", _data_folder),
        ("settings", _settings),
        ("port", lambda: _web() if serving else _port()),
        ("postgresql", lambda: _postgres(serving)),
        ("redis", lambda: _redis(serving)),
    ]
    if serving or os.environ.get("DATABASE_URL"):
        checks.append(("migrations", _migrations))
    if serving:
        checks.append(("worker", _worker))
    return checks


def _look(subject: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, well=True, found=check())
    except Trouble as trouble:
        return Finding(subject, well=False, found=trouble.found, mend=trouble.mend)
    except (GreenroomError, ImproperlyConfigured) as error:  # their sentences hold the way out
        return Finding(subject, well=False, found=str(error))


def _serving() -> bool:
    """Whether a Greenroom serves this data folder now."""
    lock = DataLock(env.data_folder())
    holder = lock.holder()
    return holder is not None and not holder.brief and psutil.pid_exists(holder.pid)


def _python() -> str:
    version = "{}.{}.{}".format(*sys.version_info[:3])
    if not OLDEST_PYTHON <= sys.version_info[:2] <= NEWEST_PYTHON:
        wanted = "{}.{} to {}.{}".format(*OLDEST_PYTHON, *NEWEST_PYTHON)
        raise Trouble(
            f"{version} at {sys.executable}", f"Greenroom is tested with Python {wanted}: install one."
        )
    return f"{version} at {sys.executable}"


def _git() -> str:
    from scm.git import program, version  # needs Django's settings

    return f"{'.'.join(map(str, version()))} at {program()}"


def _settings() -> str:
    found = env.read()
    return f"{found.base_url}, organisation {found.organisation}"


def _data_folder() -> str:
    data = env.data_folder()
    there = next(folder for folder in (data, *data.parents) if folder.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        raise Trouble(
            f"{there} cannot be written by this account",
            "Choose another with GREENROOM_DATA, or mend its permissions.",
        )
    for secret in ("secret.key", "encryption.key", "admin-password", "demo-token"):
        file = data / secret
        if file.exists() and file.stat().st_mode & 0o077:
            raise Trouble(f"{file} can be read by other accounts", f"chmod 600 {file}")
    free = shutil.disk_usage(there).free
    if free < FREE_NEEDED:
        raise Trouble(
            f"{data}: {free // 2**20} MB free, {FREE_NEEDED // 2**20} MB needed",
            "Free some, or choose another folder with GREENROOM_DATA.",
        )
    return f"{data}, {free / 2**30:.1f} GB free{'' if data.exists() else ' (will be made)'}"


def _port() -> str:
    port = env.read().port
    check_port("127.0.0.1", port)
    return f"{port} is free; nothing serves this data folder"


def _web() -> str:
    port = env.read().port
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        line.request("GET", "/readyz")
        answer = line.getresponse()
        said = answer.read(500).decode(errors="replace")
    except OSError as error:
        raise Trouble(
            f"{port}: the web server does not answer ({error})",
            "Is GREENROOM_PORT that of the running Greenroom?",
        ) from error
    finally:
        line.close()
    if answer.status != 200:
        raise Trouble(f"{port}: not ready: {said}", "What follows says more.")
    return f"{port}: the web server is ready"


def _postgres(serving: bool) -> str:
    given = os.environ.get("DATABASE_URL")
    if not given:
        program = _program_in(embedded_postgres.command(env.data_folder()))
        if not serving:
            return f"embedded: {program}"
    try:
        with psycopg.connect(given or embedded_postgres.url(env.data_folder()), connect_timeout=5) as line:
            row = line.execute("SHOW server_version").fetchone()
    except psycopg.OperationalError as error:
        way = (
            "Is the address in DATABASE_URL right, and the server up?"
            if given
            else "Start again: greenroom up"
        )
        raise Trouble(f"does not answer: {str(error).strip()}", way) from error
    return f"{'DATABASE_URL' if given else 'embedded'}: {row[0] if row else '?'} answers"


def _redis(serving: bool) -> str:
    given = os.environ.get("REDIS_URL")
    if not given:
        program = _program_in(embedded_redis.command(env.data_folder()))
        if not serving:
            return f"embedded: {program}"
    try:
        with redis.Redis.from_url(
            given or embedded_redis.url(env.data_folder()), socket_connect_timeout=5
        ) as line:
            version = dict(line.info("server"))["redis_version"]
    except redis.RedisError as error:
        way = (
            "Is the address in REDIS_URL right, and the server up?" if given else "Start again: greenroom up"
        )
        raise Trouble(f"does not answer: {error}", way) from error
    return f"{'REDIS_URL' if given else 'embedded'}: {version} answers"


def _migrations() -> str:
    set_up()
    from config.health import missing_migrations  # after the set-up

    try:
        missing = missing_migrations()
    except Unavailable as error:
        raise Trouble("cannot be read", "The database has to answer first.") from error
    finally:
        let_go()
    if missing:
        raise Trouble(f"{missing} are missing", "greenroom migrate")
    return "in step"


def _worker() -> str:
    set_up()
    from config.worker import app

    answers = app.control.ping(timeout=1.0)
    if not answers:
        raise Trouble(
            "none answers",
            f"See {Path(env.data_folder()) / 'logs' / 'greenroom.log'}; greenroom up starts one.",
        )
    return ", ".join(name for answer in answers for name in answer)


def _program_in(command: list[str]) -> str:
    return command[command.index("--") + 1]
