"""Tests of a template: `tests/*.yaml` beside it, answers → what is made.

values: {name: orders}
expect:
  files:
    README.md: {contains: "# orders"}
    old.txt: {absent: true}
  output: {url: "https://…"}
"""

import difflib
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog.yaml_documents import parse_documents
from core.errors import GreenroomError, InputError, ValidationErrors
from core.names import confined
from scaffolder.authoring.source import Source
from scaffolder.authoring.trial import tried
from scaffolder.dry_run import DryRun
from scaffolder.validation import faults, sentence

_TEXTS: dict[str, Any] = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
_FILE: dict[str, Any] = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": False,
    "properties": {
        "equals": {"type": "string"},
        "contains": _TEXTS,
        "lacks": _TEXTS,
        "matches": _TEXTS,
        "absent": {"const": True},
        "mode": {"enum": ["executable", "plain"]},
    },
}
_CASE: dict[str, Any] = {
    "type": "object",
    "required": ["expect"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string"},
        "values": {"type": "object"},
        "secrets": {"type": "object", "additionalProperties": {"type": "string"}},
        "user": {"type": "object"},
        "defaults": {"type": "boolean"},
        "expect": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": False,
            "properties": {
                "files": {"type": "object", "additionalProperties": _FILE},
                "output": {"type": "object"},
                "effects": {"type": "array", "items": {"type": "string"}},
                "fails": {"type": "string", "minLength": 1},
            },
        },
    },
}
_LONGEST_DIFFERENCE = 60
"""Lines of a difference that are shown."""


@dataclass(frozen=True, slots=True)
class Case:
    """One test: the answers, and what is to come of them."""

    file: Path
    name: str
    document: Mapping[str, Any]

    @property
    def expected(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.document["expect"]
        return found


def read_cases(source: Source) -> list[Case]:
    """The cases beside a template, in order of their files. InputError names the file and what is wrong in it."""
    found = []
    for file in sorted((source.folder / "tests").glob("*.y*ml")):
        for number, parsed in enumerate(parse_documents(file.read_bytes(), str(file)), start=1):
            if parsed.problem is not None:
                raise InputError(str(parsed.problem))
            if parsed.value is None:
                continue
            wrong = faults(_CASE, parsed.value, where="the schema of test cases", root="case")
            if wrong:
                raise InputError(f"{file}:{parsed.line}: {'; '.join(map(sentence, wrong))}")
            name = parsed.value.get("name") or (file.stem if number == 1 else f"{file.stem} {number}")
            found.append(Case(file, name, parsed.value))
    return found


def failures(source: Source, case: Case, into: Path) -> list[str]:
    """What is not as the case expects, a text each; none when it passes. `into` becomes the workspace."""
    document, expected = case.document, case.expected
    try:
        found = tried(
            source,
            values=document.get("values") or {},
            secrets=document.get("secrets") or {},
            user=document.get("user"),
            defaults=document.get("defaults", True),
            into=into,
        )
    except ValidationErrors as error:
        return _ended(expected, "; ".join(f"{one['property']} {one['message']}" for one in error.errors))
    except GreenroomError as error:
        return _ended(expected, error.message)
    if found.failure is not None:
        return _ended(expected, found.failure.message)
    if "fails" in expected:
        return [f"it was to fail with {expected['fails']!r}, and it does not"]
    return [
        *(line for path, rules in (expected.get("files") or {}).items() for line in _file(into, path, rules)),
        *_output(expected.get("output") or {}, found),
        *_effects(expected.get("effects"), found),
    ]


def _ended(expected: Mapping[str, Any], reason: str) -> list[str]:
    if "fails" not in expected:
        return [f"it fails: {reason}"]
    if expected["fails"] in reason:
        return []
    return [f"it was to fail with {expected['fails']!r}; it fails with {reason!r}"]


def _file(workspace: Path, path: str, rules: Mapping[str, Any]) -> Iterator[str]:
    file = confined(workspace, path)
    if rules.get("absent"):
        if file.exists() or file.is_symlink():
            yield f"{path} is there; it was to be absent"
        return
    if not file.is_file():
        yield f"{path} is not made; there is {', '.join(_near(workspace, path)) or 'no file at all'}"
        return
    if "mode" in rules:
        executable = bool(file.stat().st_mode & stat.S_IXUSR)
        if executable != (rules["mode"] == "executable"):
            yield f"{path} is {'executable' if executable else 'plain'}, not {rules['mode']}"
    yield from _text(path, file.read_bytes().decode(errors="replace"), rules)


def _text(path: str, text: str, rules: Mapping[str, Any]) -> Iterator[str]:
    if "equals" in rules and text != rules["equals"]:
        yield f"{path} differs:\n{_difference(rules['equals'], text)}"
    for part in _several(rules.get("contains")):
        if part not in text:
            yield f"{path} does not contain {part!r}{_closest(part, text)}"
    for part in _several(rules.get("lacks")):
        if part in text:
            yield f"{path} contains {part!r}"
    for pattern in _several(rules.get("matches")):
        try:
            if not re.search(pattern, text, re.MULTILINE):
                yield f"{path} does not match {pattern!r}"
        except re.error as error:
            yield f"{path}: {pattern!r} is no regular expression: {error}"


def _several(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def _near(workspace: Path, path: str) -> list[str]:
    there = sorted(str(file.relative_to(workspace)) for file in workspace.rglob("*") if file.is_file())
    return difflib.get_close_matches(path, there, n=3, cutoff=0.4) or there[:5]


def _closest(part: str, text: str) -> str:
    close = difflib.get_close_matches(part, text.splitlines(), n=1, cutoff=0.5)
    return f"; the nearest line is {close[0]!r}" if close else ""


def _difference(wanted: str, got: str) -> str:
    lines = list(difflib.unified_diff(wanted.splitlines(), got.splitlines(), "expected", "made", lineterm=""))
    shown = lines[:_LONGEST_DIFFERENCE] or ["(only the ends of lines differ)"]
    left = len(lines) - _LONGEST_DIFFERENCE
    return "\n".join([*shown, *([f"… {left} lines more"] if left > 0 else [])])


def _output(wanted: Mapping[str, Any], found: DryRun) -> Iterator[str]:
    """Each key that the case names; others may be there."""
    for key, value in wanted.items():
        if key not in found.output:
            yield f"output has no {key!r}; it has {', '.join(found.output) or 'nothing'}"
        elif found.output[key] != value:
            yield f"output {key!r} is {found.output[key]!r}, not {value!r}"


def _effects(wanted: list[str] | None, found: DryRun) -> Iterator[str]:
    """All of them, each as `kind key`."""
    if wanted is None:
        return
    made = [f"{effect.kind} {effect.key}" for effect in found.effects]
    if sorted(made) != sorted(wanted):
        yield f"effects differ:\n{_difference(chr(10).join(sorted(wanted)), chr(10).join(sorted(made)))}"
