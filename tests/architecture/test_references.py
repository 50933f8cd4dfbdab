"""Every setting and every error is in its reference, and the reference names nothing that is gone."""

import inspect
import re
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import catalog
import core
import identity
import scaffolder
import scm
from config import env
from core.errors import GreenroomError
from scaffolder.steps.reference import markdown

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
ELSEWHERE = {
    "DEMO_EXIT",
    "GREENROOM_URL",
    "GREENROOM_TOKEN",
    "GREENROOM_ADMIN_PASSWORD",
    "GREENROOM_SHARED",
    "GREENROOM_LIVE",
}  # the command's, the tests'


def test_every_setting_is_documented() -> None:
    read = set(re.findall(r'"((?:GREENROOM_|DATABASE_|REDIS_)[A-Z_]+)"', inspect.getsource(env)))
    documented = set(re.findall(r"^\| `([A-Z_]+)`", (REFERENCE / "settings.md").read_text(), re.MULTILINE))
    assert read - documented == set(), "settings without a line in docs/reference/settings.md"
    assert documented - read - ELSEWHERE == set(), "lines about settings that nothing reads"


def test_every_error_is_documented() -> None:
    for package in (core, identity, scm, catalog, scaffolder):
        for found in walk_packages(package.__path__, f"{package.__name__}."):
            if found.name.rsplit(".", 1)[-1] == "errors":
                import_module(found.name)
    errors = {one for one in _below(GreenroomError) if not one.__module__.startswith("tests")}
    text = (REFERENCE / "errors.md").read_text()
    documented = set(re.findall(r"^\| `(\w+)`", text, re.MULTILINE))
    assert {one.__name__ for one in errors} - documented == set(), (
        "errors without a line in docs/reference/errors.md"
    )
    assert documented - {one.__name__ for one in errors} == set(), "lines about errors that are gone"


def test_every_action_is_documented_as_it_is() -> None:
    assert (REFERENCE / "actions.md").read_text() == markdown(), (
        "make it anew: greenroom scaffold actions --markdown > docs/reference/actions.md"
    )


def _below(error: type[GreenroomError]) -> set[type[GreenroomError]]:
    return {error}.union(*(_below(one) for one in error.__subclasses__()))
