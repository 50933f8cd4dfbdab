"""The tree and its arrows: `platform` stays the standard library's, imports point one way, modules have one subject."""

import platform
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("platform/config", "platform/core", "platform/identity", "platform/scm", "catalog", "scaffolder")
MODULES = sorted(
    path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if "migrations" not in path.parts
)
LONGEST = 350


def test_platform_is_the_standard_librarys() -> None:
    assert Path(platform.__file__).parent == Path(sys.modules["os"].__file__ or "").parent
    assert not list((ROOT / "platform").glob("*.py"))


def test_imports_follow_the_arrows() -> None:
    ran = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports"))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_what_it_is_for_and_has_one_subject(module: Path) -> None:
    text = module.read_text()
    assert not text or text.startswith('"""'), "open the module with one sentence that says what it is for"
    lines = text.count("\n")
    assert lines <= LONGEST, f"{lines} lines: two subjects in one room"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_names_say_what_a_thing_is_for(module: Path) -> None:
    if module.relative_to(ROOT).as_posix() == "platform/core/postgresql/base.py":
        return  # Django looks for a database backend under this name
    assert module.stem not in {
        "utils",
        "helpers",
        "common",
        "manager",
        "managers",
        "base",
        "services",
        "misc",
    }


@pytest.mark.django_db
def test_migrations_are_in_step_with_the_models() -> None:
    said = StringIO()
    call_command("makemigrations", check=True, dry_run=True, stdout=said)
    assert "No changes detected" in said.getvalue()
