"""fs:read, fs:write: the content of a file of the workspace, as text or in base64."""

import base64
import binascii
from typing import Any

from core.errors import Conflict, InputError
from scaffolder.steps.files import LARGEST_READ, encoded, file_of, read_bytes, read_text, write_bytes
from scaffolder.steps.port import Action, Example, StepContext, flag, object_schema, text

_ENCODINGS = ["utf-8", "base64"]


def read(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """The content of a file, for later steps."""
    if given.get("encoding") == "base64":
        return {"content": base64.b64encode(read_bytes(ctx, given["path"])).decode()}
    return {"content": read_text(ctx, given["path"])}


def write(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """Write a file. One that is there stays, unless `overwrite`; one that says the same already is fine."""
    content = _content(given)
    place = file_of(ctx, given["path"])
    if place.is_file() and not given.get("overwrite"):
        if place.stat().st_size == len(content) and place.read_bytes() == content:
            return {"path": given["path"]}
        raise Conflict(
            f"fs:write: {given['path']!r} is there already; set overwrite: true to replace it, or name another file"
        )
    write_bytes(ctx, given["path"], content)
    ctx.log(f"Wrote {len(content)} bytes to {given['path']}")
    return {"path": given["path"]}


def _content(given: dict[str, Any]) -> bytes:
    if given.get("encoding") != "base64":
        return encoded(given["content"])
    try:
        return base64.b64decode(given["content"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError(f"content is no base64: {error}") from error


_PATH = text("The file's path in the workspace.", minLength=1)
_ENCODING = text("How the content is written: utf-8 (default) or base64.", enum=_ENCODINGS)

ACTIONS = (
    Action(
        id="fs:read",
        description=f"Reads a file of the workspace, {LARGEST_READ // 1024} KB at the most, for later steps.",
        input=object_schema(("path",), path=_PATH, encoding=_ENCODING),
        output=object_schema(("content",), content=text("What the file holds.")),
        run=read,
        dry_run=True,
        examples=(
            Example(
                "Show what was rendered",
                "steps:\n  - id: read\n    action: fs:read\n    input: {path: VERSION}\n"
                "  - action: debug:log\n    input:\n      message: ${{ steps.read.output.content }}\n",
            ),
        ),
    ),
    Action(
        id="fs:write",
        description="Writes a file of the workspace.",
        input=object_schema(
            ("path", "content"),
            path=_PATH,
            content=text("What the file is to hold."),
            encoding=_ENCODING,
            overwrite=flag("Whether a file that is there with another content is replaced. Default: no."),
        ),
        output=object_schema(("path",), path=text("The file that was written.")),
        run=write,
        dry_run=True,
        examples=(
            Example(
                "Write a version file",
                "steps:\n  - action: fs:write\n    input:\n      path: VERSION\n      content: ${{ parameters.version }}\n",
            ),
            Example(
                "Replace what the skeleton brought",
                "steps:\n  - action: fs:write\n    input:\n      path: CODEOWNERS\n"
                "      content: '* @acme/${{ parameters.team }}'\n      overwrite: true\n",
            ),
        ),
    ),
)
