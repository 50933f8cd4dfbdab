"""What the child does for `fetch:cookiecutter`."""

from pathlib import Path
from typing import Any

import cookiecutter.utils
from cookiecutter.environment import ExtensionLoaderMixin
from cookiecutter.exceptions import CookiecutterException
from cookiecutter.find import find_template
from cookiecutter.generate import generate_files
from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from core.errors import InputError
from core.names import confined

from .cookiecutter import Answers, CookiecutterOptions, allowed_extensions, allowed_settings, read_definition
from .limits import Limits


def answer(request: dict[str, Any], _limits: Limits) -> dict[str, Any]:
    """Render the cookiecutter of the request; gives the name of the project folder, and notes."""
    options = CookiecutterOptions(**request["options"])
    skeleton, staging = Path(request["skeleton"]), Path(request["staging"])
    definition = read_definition(skeleton)
    extensions = allowed_extensions(definition, options.extensions)
    settings = allowed_settings(definition)

    class Sandbox(ExtensionLoaderMixin, ImmutableSandboxedEnvironment):  # type: ignore[misc]  # cookiecutter has no types
        """Cookiecutter's strict environment, in which no Python is reached and only known extensions load."""

        def __init__(self, **wanted: Any) -> None:
            super().__init__(undefined=StrictUndefined, **wanted)

        def _read_extensions(self, context: dict[str, Any]) -> list[str]:
            return extensions

    cookiecutter.utils.StrictEnvironment = Sandbox
    try:
        environment = Sandbox(context={}, keep_trailing_newline=True, **settings)
        values = Answers(environment, options.values).all(definition)
        copied = [*values.get("_copy_without_render", []), *options.copy_without_render]
        context = {"cookiecutter": values | {"_copy_without_render": copied, "_jinja2_env_vars": settings}}
        project = _project_name(skeleton, environment, context, staging)
        generate_files(skeleton, context, staging, accept_hooks=False, keep_project_on_failure=True)
    except SecurityError as error:
        raise InputError(f"the cookiecutter does what a template may not: {error}") from error
    except TemplateSyntaxError as error:
        raise InputError(
            f"cookiecutter file {error.filename or error.name!r}, line {error.lineno}: {error}"
        ) from error
    except (
        TemplateError,
        CookiecutterException,
        TypeError,
        ValueError,
        ArithmeticError,
        LookupError,
    ) as error:
        reason = str(error).replace(f"{staging}/", "")
        raise InputError(f"the cookiecutter cannot be rendered: {reason}") from error
    notes = ["hooks of the cookiecutter were not run"] if (skeleton / "hooks").is_dir() else []
    return {"project": project, "notes": notes}


def _project_name(skeleton: Path, environment: Any, context: dict[str, Any], staging: Path) -> str:
    """The rendered name of the project folder. Raises InputError when it is none, or could be rendered
    again.
    """
    template = Path(find_template(skeleton, environment)).name
    name: str = environment.from_string(template).render(**context)
    confined(staging, name)
    if not name.strip(". ") or "/" in name:
        raise InputError(
            f"the project folder {template!r} renders to {name!r}: it must be one name, not a path"
        )
    opening = (
        environment.variable_start_string,
        environment.block_start_string,
        environment.comment_start_string,
    )
    if any(mark in name for mark in opening):
        raise InputError(
            f"the project folder {template!r} renders to {name!r}, an expression: give a plain name"
        )
    return name
