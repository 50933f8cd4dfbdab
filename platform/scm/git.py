"""The git command line: an argv list, an environment from scratch, a deadline, and errors of ours."""

import base64
import functools
import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TypedDict, Unpack
from urllib.parse import urlsplit

from core import children
from core.errors import InputError, TooLarge
from core.redaction import Redactor, redact
from scm.errors import GitCancelled, GitFailed, GitMissing, GitTimedOut
from scm.values import Author

NEEDED = (2, 38)
"""The first git with `merge-tree --write-tree` and with safe.directory read from the environment."""

COMMITTER = Author("Greenroom", "greenroom@localhost")
TIMEOUT = 60.0
OUTPUT_LIMIT = 64 * 1024 * 1024

# Every one of these is here because its default reads something outside of our call, starts
# something, or depends on the machine.
_SETTINGS: tuple[tuple[str, str], ...] = (
    ("core.hooksPath", os.devnull),
    ("core.fsmonitor", "false"),
    ("core.attributesFile", os.devnull),
    ("core.excludesFile", os.devnull),
    ("core.autocrlf", "false"),
    ("core.fileMode", "true"),
    ("core.symlinks", "true"),
    ("core.ignoreCase", "false"),
    ("core.protectHFS", "true"),
    ("core.protectNTFS", "true"),
    ("core.quotePath", "false"),
    ("core.bigFileThreshold", "16m"),
    ("credential.helper", ""),
    ("protocol.ext.allow", "never"),
    ("http.followRedirects", "false"),  # a redirect must not carry the credential elsewhere
    ("safe.directory", "*"),  # the caller names the folder; who owns the data folder is the operator's choice
    ("transfer.fsckObjects", "true"),
    ("gc.autoDetach", "false"),  # a collector in the background would outlive the call
    ("core.filesRefLockTimeout", "2000"),
    ("pack.threads", "1"),
    ("pack.windowMemory", "64m"),
    ("advice.detachedHead", "false"),
    ("init.defaultBranch", "main"),
)
_PASSED_ON = (
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "https_proxy",
    "http_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
)


@dataclass(frozen=True, slots=True)
class Credential:
    """A password for every address that begins with `url`; it travels by environment, never in argv."""

    url: str
    user: str
    password: str = field(repr=False)

    @property
    def header(self) -> str:
        return "Authorization: Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


@functools.cache
def program() -> str:
    """The git binary's path; GitMissing when there is none."""
    found = shutil.which("git")
    if found is None:
        raise GitMissing("git was not found on PATH; install git 2.38 or newer, or put it on PATH")
    return found


@functools.cache
def version() -> tuple[int, ...]:
    """The installed git's version, such as (2, 39, 5); GitMissing when there is none or it is too old."""
    said = git("version").decode()
    numbers = tuple(int(part) for part in re.findall(r"\d+", said)[:3])
    if numbers < NEEDED:
        raise GitMissing(f"{said.strip()} is too old; install git 2.38 or newer")
    return numbers


def environment(
    *,
    protocols: str = "",
    credential: Credential | None = None,
    settings: Sequence[tuple[str, str]] = (),
    variables: Mapping[str, str] | None = None,
    alone: bool = False,
) -> dict[str, str]:
    """All that git may know. `protocols` is what it may speak, such as "https:http"; "" is none.

    `alone` keeps our environment's proxies and CA from it.
    """
    pairs = [*_SETTINGS, *settings]
    if credential is not None:
        pairs.append((f"http.{credential.url}.extraHeader", credential.header))
    made = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.devnull,
        "LC_ALL": "C",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_ALLOW_PROTOCOL": protocols or "none",
        "GIT_CONFIG_COUNT": str(len(pairs)),
    }
    for index, (key, value) in enumerate(pairs):
        made[f"GIT_CONFIG_KEY_{index}"], made[f"GIT_CONFIG_VALUE_{index}"] = key, value
    for role, who in (("AUTHOR", COMMITTER), ("COMMITTER", COMMITTER)):
        made[f"GIT_{role}_NAME"], made[f"GIT_{role}_EMAIL"] = who.name, who.email
    if "http" in protocols and not alone:
        made |= {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return made | dict(variables or {})


class Options(TypedDict, total=False):
    """How a call of git may differ from the usual."""

    folder: Path | None
    """The repository: its `.git` or bare folder."""
    work_tree: Path
    stdin: bytes
    timeout: float
    limit: int
    allowed: frozenset[int]
    """Exit statuses that are answers and not failures."""
    protocols: str
    credential: Credential
    settings: Sequence[tuple[str, str]]
    variables: Mapping[str, str]
    alone: bool


class Reach(TypedDict):
    """Those of the options with which git gets out over the network."""

    timeout: float
    protocols: str
    credential: Credential
    settings: Sequence[tuple[str, str]]
    alone: bool


def git(*arguments: str | Path, **options: Unpack[Options]) -> bytes:
    """Run git and answer what it wrote to standard output; `call` tells the errors."""
    return call(*arguments, **options).stdout


def call(*arguments: str | Path, **options: Unpack[Options]) -> children.Ended:
    """Run git and answer how it ended.

    A status outside `allowed` raises GitFailed, more than `limit` bytes TooLarge, more than `timeout`
    seconds GitTimedOut. Callers put `--` or `--end-of-options` before a value that came from outside.
    """
    timeout, limit = options.get("timeout", TIMEOUT), options.get("limit", OUTPUT_LIMIT)
    credential, work_tree = options.get("credential"), options.get("work_tree")
    command = _command(arguments, options.get("folder"))
    made = environment(
        protocols=options.get("protocols", ""),
        credential=credential,
        settings=options.get("settings", ()),
        variables=options.get("variables"),
        alone=options.get("alone", False),
    )
    if work_tree is not None:
        made["GIT_WORK_TREE"] = str(work_tree)
    stdin = options.get("stdin", b"")
    try:
        ended = children.run(command, made, stdin=stdin, folder=work_tree, timeout=timeout, limit=limit)
    except children.DeadlineReachedError as error:
        raise GitTimedOut(
            f"git {_verb(arguments)} took longer than {timeout:g} seconds and was stopped"
        ) from error
    except children.CancelledError as error:
        raise GitCancelled(
            f"git {_verb(arguments)} was stopped, since what it worked for was cancelled"
        ) from error
    except children.OutputTooLongError as error:
        raise TooLarge(f"git {_verb(arguments)} answered more than {limit} bytes; ask for less") from error
    if ended.status not in options.get("allowed", frozenset({0})):
        raise failed(arguments, ended.status, ended.stderr, credential)
    return ended


@contextmanager
def streaming(
    *arguments: str | Path,
    folder: Path | None = None,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    timeout: float = TIMEOUT,
    settings: Sequence[tuple[str, str]] = (),
    variables: Mapping[str, str] | None = None,
) -> Iterator[IO[bytes]]:
    """The output of a running git, to be read piece by piece; whatever happens, no process stays.

    Output that was read to its end raises GitFailed when git ended badly or was stopped after `timeout`.
    """
    made = environment(settings=settings, variables=variables)
    with tempfile.TemporaryFile() as stderr:
        process = children.start(_command(arguments, folder), made, stdin=stdin, stderr=stderr)
        alarm = threading.Timer(timeout, process.kill_group)
        alarm.daemon = True
        alarm.start()
        try:
            output = process.stdout
            if output is None:
                raise ValueError("git was started without a pipe")
            yield output
            if output.read(1) == b"" and process.wait() != 0:
                stderr.seek(0)
                raise failed(arguments, process.returncode, stderr.read(children.CHUNK))
        finally:
            alarm.cancel()
            children.stop(process)


def failed(
    arguments: tuple[str | Path, ...], status: int, stderr: bytes, credential: Credential | None = None
) -> GitFailed:
    """The error for a git that ended badly: its own words without secrets."""
    secrets = [credential.password, credential.header.rpartition(" ")[2]] if credential else []
    said = redact(Redactor(secrets)(stderr.decode(errors="replace"))).strip()
    return GitFailed(f"git {_verb(arguments)} ended with status {status}: {said[:2000] or 'it said nothing'}")


def checked_url(url: str) -> str:
    """A repository's address as given from outside: http(s) with a host, and no credential in it."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise InputError(f"url {redact(url)!r} is not an address: {error}") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or not url.isprintable() or " " in url:
        raise InputError(f"url {redact(url)!r} must begin with https:// or http:// and name a host")
    if parts.username is not None or parts.password is not None:
        raise InputError(
            f"url https://…@{parts.hostname} must not hold a credential; give the token separately"
        )
    return url


def _command(arguments: tuple[str | Path, ...], folder: Path | None) -> list[str]:
    place = [] if folder is None else [f"--git-dir={folder}"]
    texts = [str(argument) for argument in arguments]
    if any("\0" in text for text in texts):
        raise InputError("a value for git holds a NUL character; leave it out")
    return [program(), *place, *texts]


def _verb(arguments: tuple[str | Path, ...]) -> str:
    return next((str(argument) for argument in arguments if not str(argument).startswith("-")), "")
