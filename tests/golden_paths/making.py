"""Make a repository from a golden path, the way a run's first step does it."""

from functools import cache
from pathlib import Path
from typing import Any

from catalog.yaml_documents import parse_one
from scaffolder.expressions import Environment, ExpressionError, backstage_filters, render_value
from scaffolder.rendering.cookiecutter import CookiecutterOptions
from scaffolder.rendering.fetching import LIMITS, fetch_cookiecutter, fetch_template
from scaffolder.rendering.tree import TemplateOptions, render_tree
from tests.golden_paths.twin import TEMPLATES

PATHS = sorted(file.parent.name for file in TEMPLATES.glob("*/template.yaml"))
HOSTS = {"local": "local", "github.com": "github", "gitlab.com": "gitlab"}
ENVIRONMENT = Environment(filters=backstage_filters(HOSTS))


@cache
def template(path: str) -> dict[str, Any]:
    """The Template entity of a golden path."""
    file = TEMPLATES / path / "template.yaml"
    found: dict[str, Any] = parse_one(file.read_bytes(), str(file))
    return found


def fetch_input(path: str, answers: dict[str, Any]) -> dict[str, Any]:
    """What the fetching step gets for these answers; an expression with an error fails the test."""

    def fail(text: str, error: ExpressionError) -> None:
        raise AssertionError(f"{path}: {text}: {error}")

    (step,) = [step for step in template(path)["spec"]["steps"] if step["action"].startswith("fetch:")]
    context = {"parameters": answers}
    rendered: dict[str, Any] = render_value(step["input"], context, environment=ENVIRONMENT, on_error=fail)
    return rendered


def make(path: str, answers: dict[str, Any], folder: Path) -> Path:
    """The repository in a new folder below `folder`, rendered behind the guards as in a run."""
    wanted, made = fetch_input(path, answers), folder / "made"
    skeleton = TEMPLATES / path / wanted["url"]
    if "cookiecutter" in path:
        fetch_cookiecutter(skeleton, made, CookiecutterOptions(values=wanted["values"]))
    else:
        fetch_template(skeleton, made, TemplateOptions(values=wanted["values"]), hosts=HOSTS)
    return made


def make_here(path: str, answers: dict[str, Any], folder: Path) -> Path:
    """As `make`, for a skeleton and many answers: in this process, so without the guards around it."""
    wanted = fetch_input(path, answers)
    options = TemplateOptions(values=wanted["values"])
    skeleton = TEMPLATES / path / wanted["url"]
    render_tree(skeleton, folder, options, beside=folder / "nothing", environment=ENVIRONMENT, limits=LIMITS)
    return folder


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder: path → content."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}
