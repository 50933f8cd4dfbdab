"""make.py: when an environment is used again, and what it says on a machine that cannot have one."""

import ast
import importlib.util
import json
import sys
import threading
from pathlib import Path
from types import ModuleType

import pytest

MAKE = Path(__file__).resolve().parents[2] / "make.py"


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """make.py, at work on a checkout with an environment that was just made for development."""
    spec = importlib.util.spec_from_file_location("make", MAKE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "REQUIREMENTS", tmp_path / "requirements")
    monkeypatch.setenv("REDIS_URL", "redis://somewhere")  # no program is needed then
    (tmp_path / "requirements").mkdir()
    for name in ("pyproject.toml", "requirements/runtime.txt", "requirements/dev.txt"):
        (tmp_path / name).write_text(name)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(Path(sys.executable).resolve())
    version = "{}.{}.{}".format(*sys.version_info[:3])
    (tmp_path / ".venv" / "pyvenv.cfg").write_text(f"home = somewhere\nversion = {version}\n")
    (tmp_path / ".venv" / module.STAMP).write_text(json.dumps(module.stamp_of("dev")))
    return module


def test_it_parses_on_the_python_that_it_has_to_refuse() -> None:
    ast.parse(MAKE.read_text(), feature_version=(3, 8))


def test_an_environment_is_used_again(make: ModuleType) -> None:
    assert make.environment_folder() == make.ROOT / ".venv"
    assert make.is_made(make.ROOT / ".venv", "dev")
    assert make.is_made(make.ROOT / ".venv", "runtime")  # whoever develops can run


def test_one_that_only_runs_is_not_enough_to_develop(make: ModuleType) -> None:
    (make.ROOT / ".venv" / make.STAMP).write_text(json.dumps(make.stamp_of("runtime")))
    assert make.is_made(make.ROOT / ".venv", "runtime")
    assert not make.is_made(make.ROOT / ".venv", "dev")


@pytest.mark.parametrize("changed", ["pyproject.toml", "requirements/runtime.txt", "requirements/dev.txt"])
def test_a_changed_requirement_makes_it_anew(make: ModuleType, changed: str) -> None:
    (make.ROOT / changed).write_text("changed")
    assert not make.is_made(make.ROOT / ".venv", "dev")


def test_one_that_is_broken_is_made_anew(make: ModuleType, tmp_path: Path) -> None:
    folder = make.ROOT / ".venv"
    (folder / make.HALF_MADE).touch()
    assert not make.is_made(folder, "runtime")
    (folder / make.HALF_MADE).unlink()
    (folder / make.STAMP).write_text("{")
    assert not make.is_made(folder, "runtime")
    (folder / make.STAMP).write_text(json.dumps({**make.stamp_of("runtime"), "checkout": "/elsewhere"}))
    assert not make.is_made(folder, "runtime")  # a checkout that was moved: its scripts name the old place


def test_another_interpreter_gets_an_environment_of_its_own(make: ModuleType) -> None:
    (make.ROOT / ".venv" / "pyvenv.cfg").write_text("home = somewhere\nversion = 3.99.0\n")
    assert make.environment_folder() == make.ROOT / ".venv-{}.{}".format(*sys.version_info[:2])


@pytest.mark.parametrize("version", [(3, 8, 18), (3, 10, 0), (3, 14, 0)])
def test_a_python_that_will_not_do(
    make: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    version: tuple[int, ...],
) -> None:
    monkeypatch.setattr(make.sys, "version_info", version)
    assert make.main(["demo"]) == 2
    said = capsys.readouterr().err
    assert "needs Python 3.11 to 3.13" in said
    assert "make demo" in said


def test_a_machine_without_git(
    make: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert make.main(["up"]) == 2
    assert "apt-get install git" in capsys.readouterr().err


def test_a_machine_that_cannot_make_environments(
    make: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        make.importlib.util, "find_spec", lambda name: None if name == "ensurepip" else find(name)
    )
    (make.ROOT / ".venv").rename(make.ROOT / "gone")
    assert make.main(["setup"]) == 2
    assert "apt-get install python3-venv" in capsys.readouterr().err
    assert not (make.ROOT / ".venv").exists()


def test_two_set_ups_wait_for_each_other(make: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    inside, order = threading.Event(), list[str]()

    def second() -> None:
        inside.set()
        with make._alone():
            order.append("second")

    with make._alone():
        thread = threading.Thread(target=second)
        thread.start()
        inside.wait(5)
        thread.join(0.1)
        order.append("first")
    thread.join(5)
    assert order == ["first", "second"]
    assert "waiting for it" in capsys.readouterr().err
