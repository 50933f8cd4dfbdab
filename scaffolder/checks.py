"""Start-up checks: what the installation adds and gives to templates, and every golden path, can be used."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from catalog.descriptor import check_envelope
from catalog.kinds import check_kind
from catalog.yaml_documents import parse_documents
from core.errors import GreenroomError
from scaffolder import environment
from scaffolder.expressions.extensions import load
from scaffolder.steps import ACTIONS
from scaffolder.steps.added import load_actions
from scaffolder.template import check_template


def golden_paths() -> Path:
    """The folder of golden paths: in the wheel beside this module, else in the checkout."""
    inside = Path(__file__).parent / "_templates"
    return inside if inside.is_dir() else Path(__file__).resolve().parents[1] / "templates"


@checks.register()
def extensions_are_loaded(**_: Any) -> list[checks.CheckMessage]:
    """What the installation adds to the language and the actions of templates is there, or it is said at the start what is wrong."""
    hint = "Mend the module, or take it out of GREENROOM_SCAFFOLDER_EXTENSIONS."
    modules = settings.GREENROOM_SCAFFOLDER_EXTENSIONS
    problems = dict.fromkeys([*load(modules), *load_actions(modules)])
    return [checks.Error(problem, hint=hint, id="scaffolder.E002") for problem in problems]


@checks.register()
def environment_is_understood(**_: Any) -> list[checks.CheckMessage]:
    """A file that cannot be read, or a secret that is not there, would fail every run: it stops the start instead."""
    try:
        environment.read()
    except ImproperlyConfigured as error:
        hint = "docs/runs.md shows what stands in the file."
        return [checks.Error(str(error), hint=hint, id="scaffolder.E003")]
    return []


@checks.register()
def golden_paths_are_valid(**_: Any) -> list[checks.CheckMessage]:
    """A golden path that cannot run is found here, not by the person who wants a service."""
    return [fault for path in sorted(golden_paths().glob("*/template.yaml")) for fault in faults_of(path)]


def faults_of(path: Path) -> list[checks.CheckMessage]:
    """What is wrong with the templates of a file."""
    try:
        for parsed in parse_documents(path.read_bytes(), str(path)):
            if parsed.problem is not None:
                return [_fault(path, str(parsed.problem))]
            check_envelope(parsed.value)
            check_kind(parsed.value)
            check_template(parsed.value, list(ACTIONS))
    except (GreenroomError, OSError) as error:
        return [_fault(path, str(error))]
    return []


def _fault(path: Path, reason: str) -> checks.CheckMessage:
    return checks.Error(
        f"golden path {path.parent.name}: {reason}", hint=f"Mend {path.name}.", id="scaffolder.E001"
    )
