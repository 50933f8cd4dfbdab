"""Runs a cookiecutter without trusting it: its answers are worked out here, its own code only writes files.

Cookiecutter renders users' values as templates, imports what a template names and lets paths leave. So only
its `generate_files()` is called, in a sandboxed environment, with values that are final, and hooks never
run.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from core.errors import InputError, TooLarge

EXTENSIONS: Final = frozenset(
    {
        "cookiecutter.extensions.JsonifyExtension",
        "cookiecutter.extensions.RandomStringExtension",
        "cookiecutter.extensions.SlugifyExtension",
        "cookiecutter.extensions.TimeExtension",
        "cookiecutter.extensions.UUIDExtension",
        "jinja2.ext.do",
        "jinja2.ext.loopcontrols",
    }
)
"""What a template may load; the first five are there anyway."""
_JINJA_SETTINGS: Final = frozenset(
    {
        "block_start_string",
        "block_end_string",
        "variable_start_string",
        "variable_end_string",
        "comment_start_string",
        "comment_end_string",
        "line_statement_prefix",
        "line_comment_prefix",
        "trim_blocks",
        "lstrip_blocks",
        "keep_trailing_newline",
    }
)
_NOT_VALUES: Final = frozenset(
    {"_extensions", "_jinja2_env_vars", "__prompts__", "_template", "_output_dir", "_repo_dir"}
)
"""What cookiecutter.json says to cookiecutter itself."""
_YES: Final = frozenset({"1", "true", "t", "yes", "y", "on"})
_NO: Final = frozenset({"0", "false", "f", "no", "n", "off"})
_LARGEST: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class CookiecutterOptions:
    """The input of `fetch:cookiecutter`, less where from and where to."""

    values: Mapping[str, Any] = field(default_factory=dict)
    copy_without_render: Sequence[str] = ()
    extensions: Sequence[str] = ()


def read_definition(skeleton: Path) -> dict[str, Any]:
    """The variables of a cookiecutter in their order. Raises InputError naming what is wrong with the file."""
    path = skeleton / "cookiecutter.json"
    if not path.is_file():
        raise InputError(
            "the skeleton has no cookiecutter.json: does the url of the step name a cookiecutter?"
        )
    if path.stat().st_size > _LARGEST:
        raise TooLarge(f"cookiecutter.json has more than {_LARGEST} bytes: keep data in other files")
    try:
        definition = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"cookiecutter.json is not JSON: {error}") from error
    if not isinstance(definition, dict):
        raise InputError('cookiecutter.json is not a JSON object: write {"name": "default"}')
    return definition


def allowed_extensions(definition: Mapping[str, Any], asked: Sequence[str]) -> list[str]:
    """The extensions to load. Raises InputError for one not on the list: it would import Python code."""
    named = definition.get("_extensions", [])
    if not isinstance(named, list):
        raise InputError("_extensions of cookiecutter.json is not a list: write a list of names")
    for name in [*named, *asked]:
        if name not in EXTENSIONS:
            raise InputError(
                f"extension {name!r} of the cookiecutter is not allowed here, as it would run code of its own: "
                f"use only {', '.join(sorted(EXTENSIONS))}"
            )
    return [*dict.fromkeys([*named, *asked])]


def allowed_settings(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The Jinja2 settings that a cookiecutter may choose: delimiters and blanks."""
    settings = definition.get("_jinja2_env_vars", {})
    if not isinstance(settings, dict):
        raise InputError("_jinja2_env_vars of cookiecutter.json is not an object: write one")
    for name, value in settings.items():
        if name not in _JINJA_SETTINGS or not isinstance(value, str | bool):
            raise InputError(f"_jinja2_env_vars of cookiecutter.json: {name!r} is not allowed: leave it out")
    return settings


class Answers:
    """Works out the values of all variables: what the user gave, as it is, and defaults rendered for the
    rest.
    """

    def __init__(self, environment: Any, given: Mapping[str, Any]) -> None:
        """`environment` is a sandboxed Jinja2 environment."""
        self.environment = environment
        self.given = given
        self.values: dict[str, Any] = {}

    def all(self, definition: Mapping[str, Any]) -> dict[str, Any]:
        """Every variable in the order of the definition, then what was given besides."""
        for name, default in definition.items():
            if name not in _NOT_VALUES:
                self.values[name] = self._value(name, default)
        for name, value in self.given.items():
            if name not in definition and not name.startswith("_"):
                self.values[name] = _plain(value)
        return self.values

    def _value(self, name: str, default: Any) -> Any:
        if name.startswith("_") and not name.startswith("__"):
            return default
        if name in self.given and not name.startswith("__"):
            return self._answer(name, default, self.given[name])
        if isinstance(default, list):
            return self._default(default[0]) if default else ""
        return self._default(default)

    def _default(self, default: Any) -> Any:
        if default is None or isinstance(default, bool):
            return default
        if isinstance(default, dict):
            return {self._default(key): self._default(value) for key, value in default.items()}
        if isinstance(default, list):
            return [self._default(value) for value in default]
        return self.environment.from_string(str(default)).render(cookiecutter=self.values)

    def _answer(self, name: str, default: Any, given: Any) -> Any:
        """A user's value, checked against what the variable may be, and never rendered."""
        if isinstance(default, bool):
            return _truth(name, given)
        if isinstance(default, dict):
            if isinstance(given, dict):
                return given
            raise InputError(f"value {name!r} is {given!r}; the cookiecutter wants an object there")
        if isinstance(default, list) and default:
            choices = [self._default(choice) for choice in default]
            if _plain(given) not in choices:
                raise InputError(f"value {name!r} is {given!r}; choose one of {', '.join(map(str, choices))}")
        return _plain(given)


def _plain(value: Any) -> Any:
    """A value as cookiecutter would hold it: numbers are text."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _truth(name: str, given: Any) -> bool:
    if isinstance(given, bool):
        return given
    word = str(given).strip().lower()
    if word in _YES | _NO:
        return word in _YES
    raise InputError(f"value {name!r} is {given!r}; the cookiecutter wants yes or no")
