"""Linting of the folders that a template fetches from beside itself: that they are there, are safe, and can be rendered."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.names import confined
from scaffolder.authoring.findings import Finding
from scaffolder.authoring.source import Source
from scaffolder.expressions import Dialect, ExpressionError
from scaffolder.expressions.extensions import LOADED
from scaffolder.expressions.filters import BUILT_IN, backstage_filters
from scaffolder.expressions.references import FilterUse, Reference, references
from scaffolder.rendering.limits import Limits
from scaffolder.rendering.skeleton import Entry, survey
from scaffolder.rendering.tree import TemplateOptions, is_left_alone, is_rendered

BIG = 1024 * 1024
_BINARY_SAMPLE = 8_000
_OF_WORKFLOWS = frozenset(
    {
        "github",
        "env",
        "secrets",
        "matrix",
        "inputs",
        "needs",
        "runner",
        "job",
        "jobs",
        "vars",
        "strategy",
        "steps",
    }
    | {
        "hashFiles",
        "success",
        "failure",
        "always",
        "cancelled",
        "contains",
        "startsWith",
        "format",
        "toJSON",
        "fromJSON",
    }
)
"""Names of GitHub Actions' own expressions."""
_ACTIONS = frozenset(
    {"fetch:template", "fetch:template:file", "fetch:plain", "fetch:plain:file", "fetch:cookiecutter"}
)


def skeleton_findings(source: Source, position: int, step: Mapping[str, Any]) -> Iterator[Finding]:
    """What is wrong with what a step fetches, when it lies beside the template and its address is written out."""
    given = step.get("input")
    if step["action"] not in _ACTIONS or not isinstance(given, Mapping):
        return
    url = given.get("url")
    if not isinstance(url, str) or "${{" in url or ":" in url.split("/")[0]:
        return
    place = source.place("spec", "steps", position, "input", "url")
    try:
        folder = confined(source.root, os.path.relpath(source.folder.absolute() / url, source.root))
    except InputError as error:
        message, way_out = (
            f"url {url!r}: {error.message}",
            "keep the skeleton in the repository of the template",
        )
        yield Finding.at("skeleton-unsafe", source.file, place, message, way_out)
        return
    wanted = "file" if step["action"].endswith(":file") else "folder"
    if not (folder.is_file() if wanted == "file" else folder.is_dir()):
        message = f"url {url!r}: there is no such {wanted} beside the template"
        yield Finding.at("skeleton-missing", source.file, place, message, "mend the path")
        return
    if step["action"] == "fetch:cookiecutter" and not (folder / "cookiecutter.json").is_file():
        message = f"url {url!r}: a cookiecutter has a cookiecutter.json"
        yield Finding.at("skeleton-missing", source.file, place, message, "add it, or use fetch:template")
        return
    yield from _Skeleton(source, position, step, folder).findings()


class _Skeleton:
    """One skeleton, as one step uses it."""

    def __init__(self, source: Source, position: int, step: Mapping[str, Any], folder: Path) -> None:
        self.source, self.position, self.step, self.folder = source, position, step, folder
        given = step["input"]
        self.options = TemplateOptions(
            copy_without_templating=_texts(given.get("copyWithoutTemplating")),
            template_file_extension=_extension(given.get("templateFileExtension")),
        )
        self.compat = given.get("cookiecutterCompat") is True
        values = given.get("values")
        self.values = set(values) if isinstance(values, Mapping) else None
        self.used: set[str] = set()
        self.uses_all = False

    def findings(self) -> Iterator[Finding]:
        if self.folder.is_file():
            yield from self._file(Entry(self.folder.name, "file", 0o644, self.folder.stat().st_size))
            return
        try:
            entries = survey(self.folder, Limits())
        except InputError as error:
            yield Finding("skeleton-unsafe", self.folder, error.message, "a run would refuse it")
            return
        left_alone = is_left_alone(self.options)
        for entry in entries:
            if entry.size > BIG:
                message = f"the file has {entry.size >> 20} MiB"
                yield Finding("big-file", self.folder / entry.path, message, "fetch it when it is built")
            if not self.step["action"].startswith("fetch:template"):
                continue
            yield from self._rendered(entry.path, self.folder / entry.path, is_path=True)
            if entry.kind == "file" and is_rendered(entry, self.options, left_alone):
                yield from self._file(entry)
        if self.step["action"] == "fetch:template":
            yield from self._unused()

    def _file(self, entry: Entry) -> Iterator[Finding]:
        if not self.step["action"].startswith("fetch:template"):
            return
        path = self.folder if self.folder.is_file() else self.folder / entry.path
        content = path.read_bytes()
        if b"\0" in content[:_BINARY_SAMPLE]:
            return
        try:
            text = content.decode()
        except UnicodeDecodeError:
            return
        yield from self._rendered(text, path, is_path=False)

    def _rendered(self, text: str, file: Path, *, is_path: bool) -> Iterator[Finding]:
        def at(offset: int) -> tuple[int, int]:
            if is_path:
                return 0, 0
            return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1

        if not self.compat and (index := text.find("{{cookiecutter")) >= 0:
            message = "`{{cookiecutter` is plain text to fetch:template"
            way_out = "set cookiecutterCompat, use fetch:cookiecutter, or write ${{ values.… }}"
            yield Finding("cookiecutter-in-skeleton", file, message, way_out, *at(index))
        try:
            found = list(references(text, Dialect(cookiecutter_compat=self.compat)))
        except ExpressionError as error:
            line, column = (0, 0) if is_path else (error.line, error.column)
            yield Finding(
                "expression-error",
                file,
                error.reason,
                "mend it, or put it between {% raw %} and {% endraw %}",
                line,
                column,
            )
            return
        for one in found:
            if isinstance(one, FilterUse):
                yield from self._filter(one, file, at(one.at))
            else:
                yield from self._reference(one, file, at(one.at))

    def _filter(self, one: FilterUse, file: Path, at: tuple[int, int]) -> Iterator[Finding]:
        known = {*BUILT_IN, *backstage_filters({}), *LOADED.filters} | ({"jsonify"} if self.compat else set())
        if one.name not in known:
            message = f"there is no filter {one.name!r}"
            yield Finding("unknown-filter", file, message, "see docs/guides/write-a-template.md", *at)

    def _reference(self, one: Reference, file: Path, at: tuple[int, int]) -> Iterator[Finding]:
        root = "cookiecutter" if self.compat else "values"
        if one.name == root:
            if not one.path:
                self.uses_all = True
                return
            self.used.add(one.path[0])
            if self.values is not None and one.path[0] not in self.values and not one.guarded:
                message = f"step {self.step['id']!r} hands over no value {one.path[0]!r}"
                yield Finding("undefined-value", file, message, "add it to the step's input.values", *at)
        elif one.name in LOADED.values or one.name in LOADED.functions:
            return
        elif one.name in _OF_WORKFLOWS:
            message = f"${{{{ {one.name}… }}}} would be rendered away"
            way_out = "put it between {% raw %} and {% endraw %}, or name the file in copyWithoutTemplating"
            yield Finding("unescaped-actions", file, message, way_out, *at)
        else:
            message = f"a skeleton knows `{root}` only, not {one.name!r}"
            yield Finding("undefined-name", file, message, f"hand it over: write {root}.{one.name}", *at)

    def _unused(self) -> Iterator[Finding]:
        if self.uses_all or self.values is None:
            return
        for name in sorted(self.values - self.used):
            place = self.source.place("spec", "steps", self.position, "input", "values", name)
            message = f"no file of the skeleton uses the value {name!r}"
            yield Finding.at("unused-value", self.source.file, place, message, "leave it out")


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _extension(value: Any) -> bool | str:
    return value if isinstance(value, bool | str) and "${{" not in str(value) else False
