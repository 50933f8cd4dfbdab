"""The command `greenroom` itself: ours, Django's, and what is neither."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from config.cli import main

ROOT = Path(__file__).resolve().parents[2]
OURS = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}


def greenroom(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a process with servers of its own, should it need any."""
    environ = {name: value for name, value in os.environ.items() if name not in OURS}
    argv = [sys.executable, str(ROOT / "manage.py"), *words]
    return subprocess.run(
        argv, env={**environ, **variables}, capture_output=True, text=True, check=False, timeout=120
    )


def test_a_slip_of_the_finger_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["tokn", "create"])
    assert ended.value.code == 2
    assert "Did you mean 'token'?" in capsys.readouterr().err


def test_wrong_settings_are_one_sentence_each(tmp_path: Path) -> None:
    done = greenroom("up", GREENROOM_DATA=str(tmp_path / "data"), GREENROOM_PORT="http")
    assert done.returncode == 1
    assert "GREENROOM_PORT='http'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_taken_port_is_said_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen()
        port = str(door.getsockname()[1])
        done = greenroom("up", GREENROOM_DATA=str(tmp_path / "data"), GREENROOM_PORT=port)
    assert done.returncode == 1
    assert f"Port {port} is taken" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data" / "postgres").exists()


def test_doctor_finds_what_is_wrong_and_how_to_mend_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o711)
    (data / "secret.key").write_text("x" * 60)
    (data / "secret.key").chmod(0o644)
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen()
        port = str(door.getsockname()[1])
        done = greenroom("doctor", GREENROOM_DATA=str(data), GREENROOM_PORT=port)
    assert done.returncode == 1
    assert f"chmod 600 {data / 'secret.key'}" in done.stdout
    assert f"Port {port} is taken" in done.stdout
    assert "✓ git" in done.stdout


def test_a_database_that_does_not_answer_is_a_sentence(tmp_path: Path) -> None:
    url = "postgres://nobody@127.0.0.1:1/none"
    done = greenroom("token", "list", GREENROOM_DATA=str(tmp_path / "data"), DATABASE_URL=url)
    assert done.returncode == 1
    assert "the database does not answer: connection failed" in done.stderr
    assert "refused" in done.stderr
    assert "Traceback" not in done.stderr
