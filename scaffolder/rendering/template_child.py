"""What the child does for `fetch:template` and `fetch:template:file`. Imports no Django and no Jinja2."""

from pathlib import Path
from typing import Any

from core.errors import InputError
from scaffolder.expressions import Environment, backstage_filters
from scaffolder.expressions.extensions import LOADED, load

from .limits import Limits
from .tree import TemplateOptions, render_file, render_tree


def answer(request: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """Render the skeleton or the file of the request into its staging folder."""
    options = TemplateOptions(**request["options"])
    if problems := load(request["extensions"]):
        raise InputError(f"the process that renders lacks an extension of the language: {problems[0]}")
    environment = Environment(
        filters=backstage_filters(request["hosts"]) | LOADED.filter_bodies(),
        functions=LOADED.function_bodies(),
        values=LOADED.plain_values(),
    )
    staging = Path(request["staging"])
    if request["mode"] == "file":
        source = Path(request["skeleton"])
        render_file(source, staging / source.name, options, environment=environment, limits=limits)
        return {"files": [source.name]}
    target = Path(request["target"])
    made = render_tree(
        Path(request["skeleton"]), staging, options, beside=target, environment=environment, limits=limits
    )
    return {"files": made}
