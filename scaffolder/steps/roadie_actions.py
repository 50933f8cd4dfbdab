"""The actions of `roadie` as templates name them: ids, inputs, outputs, examples."""

from collections.abc import Callable
from typing import Any

from scaffolder.steps import roadie
from scaffolder.steps.port import Action, Example, flag, object_schema, text, texts

_PATH = text("The file's path in the workspace.", minLength=1)
_CONTENT = {"type": ["string", "object"], "description": "What is merged into it: data, or its text."}
_ARRAYS = flag("Whether lists get the new items that they do not have yet. Default: merged item by item.")
_DATA = {"description": "The data."}
_REPLACER = texts("The keys that stay; the others are left out.")
_WRITTEN = object_schema(path=text("The file that was written."))
_SERIALIZED = object_schema(serialized=text("The data as text."))


def _action(
    name: str,
    description: str,
    schema: dict[str, Any],
    run: Callable[..., Any],
    output: dict[str, Any] | None,
    example: tuple[str, str],
) -> Action:
    shown = Example(
        example[0], f"steps:\n  - id: step\n    action: roadiehq:utils:{name}\n    input: {example[1]}\n"
    )
    return Action(f"roadiehq:utils:{name}", description, schema, run, output, (shown,), dry_run=True)


ACTIONS = (
    _action(
        "fs:write",
        "Writes a file of the workspace; JSON is indented.",
        object_schema(
            ("path", "content"),
            path=_PATH,
            content=text("What the file is to hold."),
            preserveFormatting=flag("Whether JSON keeps the form that it has. Default: no."),
        ),
        roadie.write,
        _WRITTEN,
        ("Write a file", "{path: VERSION, content: '1.0'}"),
    ),
    _action(
        "fs:append",
        "Writes at the end of a file of the workspace.",
        object_schema(("path", "content"), path=_PATH, content=text("What comes at the end.")),
        roadie.append,
        _WRITTEN,
        ("Ignore one more folder", '{path: .gitignore, content: "dist/\\n"}'),
    ),
    _action(
        "fs:parse",
        "Reads a file of the workspace, as text or as data.",
        object_schema(
            ("path",),
            path=_PATH,
            parser=text("How it is read. Default: as text.", enum=["yaml", "json", "multiyaml"]),
        ),
        roadie.parse,
        object_schema(content={"description": "What the file says."}),
        ("Read a YAML file", "{path: values.yaml, parser: yaml}"),
    ),
    _action(
        "json:merge",
        "Merges data into a JSON file of the workspace.",
        object_schema(
            ("path", "content"),
            path=_PATH,
            content=_CONTENT,
            mergeArrays=_ARRAYS,
            matchFileIndent=flag("Whether the file keeps its indentation. Default: two blanks."),
        ),
        roadie.merge_json,
        _WRITTEN,
        ("Name the package", "{path: package.json, content: {name: '${{ parameters.name }}'}}"),
    ),
    _action(
        "merge",
        "Merges data into a JSON or a YAML file of the workspace.",
        object_schema(
            ("path", "content"),
            path=_PATH,
            content=_CONTENT,
            mergeArrays=_ARRAYS,
            preserveYamlComments=flag("Accepted; comments are not kept, which the log says."),
            useDocumentIncludingField={
                "type": "object",
                "description": "Which of several YAML documents is meant: those in which this field has this value.",
                "required": ["key", "value"],
                "properties": {
                    "key": text("The field, as a path with dots."),
                    "value": text("Its value."),
                },
            },
            options={"type": "object", "description": "Accepted and not used: how YAML is laid out."},
        ),
        roadie.merge,
        _WRITTEN,
        ("Set the replicas", "{path: values.yaml, content: {replicas: 3}}"),
    ),
    _action(
        "serialize:json",
        "Gives data as JSON.",
        object_schema(
            ("data",),
            data=_DATA,
            replacer=_REPLACER,
            space={
                "type": ["string", "number"],
                "description": "What a level is indented by: a text, or so many blanks.",
            },
        ),
        roadie.to_json,
        _SERIALIZED,
        ("The form's answers as JSON", "{data: '${{ parameters }}', space: 2}"),
    ),
    _action(
        "serialize:yaml",
        "Gives data as YAML.",
        object_schema(
            ("data",),
            data=_DATA,
            replacer=_REPLACER,
            options={
                "type": "object",
                "description": "`indent` (1 to 9) and `sortKeys`; others are ignored.",
            },
        ),
        roadie.to_yaml,
        _SERIALIZED,
        ("The form's answers as YAML", "{data: '${{ parameters }}'}"),
    ),
    _action(
        "sleep",
        "Waits, ten minutes at the most.",
        object_schema(("amount",), amount={"type": "number", "description": "Seconds to wait."}),
        roadie.sleep,
        None,
        ("Wait five seconds", "{amount: 5}"),
    ),
)
