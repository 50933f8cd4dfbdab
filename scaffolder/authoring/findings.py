"""What linting says about a template: which rule, where, what is wrong, and the way out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from scaffolder.authoring.source import Place

Level = Literal["error", "warning"]

RULES: dict[str, tuple[Level, str]] = {
    "template-invalid": ("error", "the file or the template cannot be read at all"),
    "schema-invalid": ("error", "a page of the form is no JSON Schema"),
    "unknown-action": ("error", "a step names an action that does not exist"),
    "unknown-input": ("warning", "an input that the action does not have; it would be ignored"),
    "missing-input": ("error", "an input that the action needs is not given"),
    "ignored-input": ("warning", "an input that is accepted and does nothing"),
    "bad-id": ("error", "a step's id that expressions cannot name"),
    "duplicate-id": ("error", "two steps with one id: the later one's output hides the other's"),
    "expression-error": ("error", "an expression that cannot be read: in a step its raw text would be kept"),
    "unknown-filter": ("error", "a filter that does not exist"),
    "undefined-name": ("error", "a name that nothing gives a value"),
    "undefined-parameter": ("error", "a parameter that no page of the form asks for"),
    "undefined-step": ("error", "a step that does not exist, or comes later"),
    "undefined-output": ("error", "an output that the step's action does not give"),
    "undefined-secret": ("warning", "a secret that the form does not ask for"),
    "undefined-value": (
        "warning",
        "a value that the step does not hand to its skeleton: it renders as nothing",
    ),
    "unused-parameter": ("warning", "an answer that nothing uses"),
    "unused-value": ("warning", "a value that no file of the skeleton uses"),
    "secret-in-output": ("error", "the output is shown to everybody who sees the run: secrets are not there"),
    "secret-in-files": (
        "warning",
        "a secret is handed to a skeleton, and so may be written into a repository",
    ),
    "always-true": ("warning", "an `if` that is a text without an expression: every text is true"),
    "old-expression": ("warning", "`{{ }}` is plain text in this version of the language"),
    "skeleton-missing": ("error", "the folder or file that a step fetches is not there"),
    "skeleton-unsafe": (
        "error",
        "a skeleton holds what no run would take: a link out of it, a device, too much",
    ),
    "big-file": ("warning", "a file of a skeleton that is unusually big"),
    "cookiecutter-in-skeleton": (
        "warning",
        "cookiecutter's own form in a skeleton that is rendered without it",
    ),
    "unescaped-actions": ("error", "a workflow's own `${{ }}`, which the template would render away"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `line` and `column` count from 1; 0 stands for the whole file."""

    rule: str
    file: Path
    message: str
    way_out: str
    line: int = 0
    column: int = 0

    @property
    def level(self) -> Level:
        return RULES[self.rule][0]

    @classmethod
    def at(cls, rule: str, file: Path, place: Place, message: str, way_out: str) -> "Finding":
        return cls(rule, file, message, way_out, place.line, place.column)

    def __str__(self) -> str:
        """`template.yaml:12:5: error unknown-action: … (way out)`."""
        where = ":".join([str(self.file), *(str(number) for number in (self.line, self.column) if number)])
        return f"{where}: {self.level} {self.rule}: {self.message}; {self.way_out}"

    def document(self) -> dict[str, Any]:
        """As `--json` shows it."""
        return {
            "rule": self.rule,
            "level": self.level,
            "file": str(self.file),
            "line": self.line,
            "column": self.column,
            "message": self.message,
            "wayOut": self.way_out,
        }
