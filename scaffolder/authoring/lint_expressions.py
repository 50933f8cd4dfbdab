"""Linting of what a template's expressions name: parameters, steps and their outputs, secrets, filters."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from scaffolder.authoring.findings import Finding
from scaffolder.authoring.source import Place, Source
from scaffolder.expressions import Dialect, ExpressionError
from scaffolder.expressions.extensions import LOADED
from scaffolder.expressions.filters import BUILT_IN, backstage_filters
from scaffolder.expressions.references import FilterUse, Reference, references
from scaffolder.steps import ACTIONS
from scaffolder.template import parameter_steps

_DIALECT = Dialect()
_EVERYWHERE = frozenset({"parameters", "steps", "user", "environment", "context", "secrets"})
_ONLY_IN_IF = frozenset({"always", "failure"})
_PARTS = ("dependencies", "properties", "then", "else", "allOf", "oneOf", "anyOf")
Path = tuple[str | int, ...]


class ExpressionRules:
    """The expressions of one template."""

    def __init__(self, source: Source, steps: list[dict[str, Any]]) -> None:
        self.source = source
        self.steps = steps
        spec = source.entity["spec"]
        pages = parameter_steps(source.entity)
        self.parameters = {name: path for page in pages for name, path in _asked(page, ())}
        self.secrets = _secrets(spec, pages)
        self.used: set[str] = set()
        self.uses_all = False

    def findings(self) -> Iterator[Finding]:
        for position, step in enumerate(self.steps):
            for key in ("if", "each", "input"):
                if key in step:
                    yield from self._texts(step[key], ("spec", "steps", position, key), position, key)
        yield from self._texts(
            self.source.entity["spec"].get("output") or {}, ("spec", "output"), len(self.steps), "output"
        )
        yield from self._unused()

    def _unused(self) -> Iterator[Finding]:
        if self.uses_all:
            return
        several = isinstance(self.source.entity["spec"].get("parameters"), list)
        for number, page in enumerate(parameter_steps(self.source.entity)):
            for name, path in _asked(page, ()):
                rule = _at(page, path)
                if name in self.used or (isinstance(rule, Mapping) and rule.get("ui:field") == "Secret"):
                    continue
                where: Path = ("spec", "parameters", *((number,) if several else ()), *path)
                yield self._finding(
                    "unused-parameter",
                    self.source.place(*where),
                    f"the form asks for {name!r}, and no step uses it",
                    f"use ${{{{ parameters.{name} }}}}, or do not ask",
                )

    def _texts(self, value: Any, path: Path, position: int, kind: str) -> Iterator[Finding]:
        if isinstance(value, Mapping):
            for key, inner in value.items():
                yield from self._texts(inner, (*path, key), position, kind)
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                yield from self._texts(inner, (*path, index), position, kind)
        elif isinstance(value, str):
            yield from self._text(value, path, position, kind)

    def _text(self, text: str, path: Path, position: int, kind: str) -> Iterator[Finding]:
        place = self.source.place(*path)
        if "{{" in text and "${{" not in text and any(name in text for name in ("parameters", "steps.")):
            yield self._finding(
                "old-expression", place, f"{text!r} is plain text", "write `${{ … }}` with a dollar sign"
            )
        try:
            found = list(references(text, _DIALECT))
        except ExpressionError as error:
            yield self._finding("expression-error", place, error.message, "mend the expression")
            return
        for one in found:
            where = place.inside(text, one.at)
            if isinstance(one, FilterUse):
                yield from self._filter(one, where)
            else:
                yield from self._reference(one, where, position, kind, path)

    def _filter(self, one: FilterUse, place: Place) -> Iterator[Finding]:
        known = {*BUILT_IN, *backstage_filters({}), *LOADED.filters}
        if one.name not in known:
            yield self._finding(
                "unknown-filter", place, f"there is no filter {one.name!r}", _near(one.name, known)
            )

    def _reference(
        self, one: Reference, place: Place, position: int, kind: str, path: Path
    ) -> Iterator[Finding]:
        match one.name:
            case "parameters":
                yield from self._parameter(one, place)
            case "steps":
                yield from self._step(one, place, position)
            case "secrets":
                yield from self._secret(one, place, position, kind, path)
            case "each":
                if position >= len(self.steps) or "each" not in self.steps[position] or kind == "each":
                    yield self._finding(
                        "undefined-name",
                        place,
                        "`each` is known in a step that has `each`",
                        "give the step one",
                    )
            case name if name in _ONLY_IN_IF and kind == "if":
                return
            case name if name not in _EVERYWHERE | LOADED.values.keys() | LOADED.functions.keys():
                yield self._finding(
                    "undefined-name", place, f"nothing has the name {name!r}", _near(name, _EVERYWHERE)
                )

    def _parameter(self, one: Reference, place: Place) -> Iterator[Finding]:
        if not one.path:
            self.uses_all = True
            return
        name = one.path[0]
        self.used.add(name)
        if name not in self.parameters and not one.guarded:
            yield self._finding(
                "undefined-parameter",
                place,
                f"the form does not ask for {name!r}",
                _near(name, self.parameters),
            )

    def _step(self, one: Reference, place: Place, position: int) -> Iterator[Finding]:
        if not one.path:
            return
        wanted = one.path[0]
        before = {str(step["id"]): step for step in self.steps[:position]}
        if wanted not in before:
            later = any(str(step["id"]) == wanted for step in self.steps)
            what = f"step {wanted!r} comes later" if later else f"there is no step {wanted!r}"
            hint = "put it before" if later else _near(wanted, before)
            yield self._finding("undefined-step", place, what, hint)
            return
        if len(one.path) > 1 and one.path[1] != "output":
            yield self._finding(
                "undefined-output", place, f"a step has no {one.path[1]!r}", f"write steps.{wanted}.output.…"
            )
            return
        action = ACTIONS.get(before[wanted]["action"])
        schema = action.output if action else None
        known = (schema or {}).get("properties")
        if action is None or len(one.path) < 3 or (schema is not None and known is None):
            return
        if one.path[2] not in (known or {}):
            yield self._finding(
                "undefined-output",
                place,
                f"{action.id} gives no output {one.path[2]!r}",
                _near(one.path[2], known or {}),
            )

    def _secret(
        self, one: Reference, place: Place, position: int, kind: str, path: Path
    ) -> Iterator[Finding]:
        if kind == "output":
            yield self._finding(
                "secret-in-output", place, "secrets are not known in the output", "leave it out"
            )
            return
        if kind == "if" and "each" not in self.steps[position]:
            yield self._finding(
                "undefined-name", place, "secrets are not known in an `if`", "decide by a parameter"
            )
            return
        if one.path and one.path[0] not in self.secrets:
            yield self._finding(
                "undefined-secret",
                place,
                f"the form does not ask for the secret {one.path[0]!r}",
                "declare it in spec.secrets.schema, or by a field that puts it into secrets",
            )
        action = self.steps[position]["action"]
        if action in {"fetch:template", "fetch:template:file", "fetch:cookiecutter"} and "values" in path:
            yield self._finding(
                "secret-in-files",
                place,
                "the skeleton gets a secret, and what it renders is published",
                "give the secret to the step that needs it",
            )

    def _finding(self, rule: str, place: Place, message: str, way_out: str) -> Finding:
        return Finding.at(rule, self.source.file, place, message, way_out)


def _near(name: str, known: Any) -> str:
    close = get_close_matches(name, list(known), n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]}?"
    return f"there is {', '.join(sorted(known))}" if known else "there is none"


def _asked(schema: Any, path: Path) -> Iterator[tuple[str, Path]]:
    """Every property that a page may ask for, and where in the page it stands."""
    if not isinstance(schema, Mapping):
        return
    for name in schema.get("properties") or {}:
        yield name, (*path, "properties", name)
    for part in _PARTS:
        inner = schema.get(part)
        if isinstance(inner, list):
            for index, one in enumerate(inner):
                yield from _asked(one, (*path, part, index))
        elif part in {"then", "else"}:
            yield from _asked(inner, (*path, part))
        elif part == "dependencies" and isinstance(inner, Mapping):
            for key, one in inner.items():
                yield from _asked(one, (*path, part, key))


def _secrets(spec: Mapping[str, Any], pages: list[dict[str, Any]]) -> set[str]:
    """Secrets that the form collects: by their schema, by fields for secrets, by asking for a person's token."""
    schema = (spec.get("secrets") or {}).get("schema")
    known = set((schema.get("properties") or {}) if isinstance(schema, Mapping) else {})
    for page in pages:
        for name, path in _asked(page, ()):
            rule = _at(page, path)
            if not isinstance(rule, Mapping):
                continue
            if rule.get("ui:field") == "Secret":
                known.add(name)
            options = rule.get("ui:options")
            asked = options.get("requestUserCredentials") if isinstance(options, Mapping) else None
            if isinstance(asked, Mapping) and isinstance(asked.get("secretsKey"), str):
                known.add(asked["secretsKey"])
    return known


def _at(schema: Any, path: Path) -> Any:
    for key in path:
        schema = schema[key]
    return schema
