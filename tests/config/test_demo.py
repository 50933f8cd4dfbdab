"""`greenroom demo`, for real: the whole of Greenroom as processes, with servers of its own."""

import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import requests

ROOT = Path(__file__).resolve().parents[2]
GIVEN = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "DEMO_EXIT"}


def start(data: Path, port: int, **variables: str) -> subprocess.Popen[str]:
    environ = {name: value for name, value in os.environ.items() if name not in GIVEN}
    environ |= {"GREENROOM_DATA": str(data), "GREENROOM_PORT": str(port), **variables}
    return subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "demo"],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


def left_over(data: Path) -> list[str]:
    """The processes that still hang on the data folder."""
    return [
        " ".join(process.info["cmdline"])
        for process in psutil.process_iter(["cmdline"])
        if str(data) in " ".join(process.info["cmdline"] or [])
    ]


@pytest.mark.live
def test_the_story_goes_well_twice_and_leaves_nothing_behind(tmp_path: Path) -> None:
    data, port = tmp_path / "with a space", free_port()
    first = start(data, port, DEMO_EXIT="1")
    told, _ = first.communicate(timeout=120)
    assert first.returncode == 0, told
    for expected in (
        "component:default/parcel-tracker",
        "group:default/tracking-team",
        "git clone",
        "README.md",
    ):
        assert expected in told
    assert left_over(data) == []

    secrets = [data / "admin-password", data / "demo-token"]
    log = (data / "logs" / "greenroom.log").read_text()
    for file in secrets:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert file.read_text().strip() not in told + log

    second = start(data, port)
    assert second.stdout is not None
    try:
        for line in second.stdout:
            if "until Ctrl-C" in line:
                break
        url = f"http://127.0.0.1:{port}/api/catalog/entities/by-name/component/default/parcel-tracker-2"
        header = {"Authorization": f"Bearer {secrets[1].read_text().strip()}"}
        assert requests.get(url, headers=header, timeout=10).status_code == 200
    finally:
        second.send_signal(signal.SIGINT)
        said, _ = second.communicate(timeout=60)
    assert second.returncode == 0, said
    assert "The data is kept" in said
    assert left_over(data) == []
    assert not (data / "run" / "lock").exists()
    log = (data / "logs" / "greenroom.log").read_text()
    assert log.rstrip().endswith("database system is shut down")  # in order, not by force
