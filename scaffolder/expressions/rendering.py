"""The two ways into the language: values with expressions in them, and the text of a file."""

from collections.abc import Callable, Mapping
from typing import Any

from .environment import Environment
from .errors import BoundsExceeded, ExpressionError
from .renderer import DEFAULT, Renderer
from .scanner import Dialect
from .values import UNDEFINED


def render_value(
    value: Any,
    context: Mapping[str, Any],
    *,
    environment: Environment = DEFAULT,
    on_error: Callable[[str, ExpressionError], None] | None = None,
) -> Any:
    """A copy of `value` with every text in it rendered; keys of dicts are not.

    A text that is exactly one expression becomes that expression's value with its type. Undefined removes a
    key from its dict, is None in a list, and is UNDEFINED at the top. A text with an error stays as it is,
    as the contract says; `on_error` hears the text and the error. Raises BoundsExceeded. What was rendered
    is not rendered again.
    """
    renderer = Renderer(context, environment=environment)

    def walk(part: Any) -> Any:
        if isinstance(part, str):
            try:
                return renderer.value(part)
            except BoundsExceeded:
                raise
            except ExpressionError as error:
                if on_error is not None:
                    on_error(part, error)
                return part
        if isinstance(part, Mapping):
            rendered = ((key, walk(item)) for key, item in part.items())
            return {key: item for key, item in rendered if item is not UNDEFINED}
        if isinstance(part, list | tuple):
            return [None if item is UNDEFINED else item for item in map(walk, part)]
        return part

    return walk(value)


def render_text(
    template: str,
    context: Mapping[str, Any],
    *,
    trim_blocks: bool = False,
    lstrip_blocks: bool = False,
    cookiecutter_compat: bool = False,
    environment: Environment = DEFAULT,
) -> str:
    """The text of a file. Raises ExpressionError, which names line and column."""
    dialect = Dialect(
        cookiecutter_compat=cookiecutter_compat, trim_blocks=trim_blocks, lstrip_blocks=lstrip_blocks
    )
    return Renderer(context, environment=environment, dialect=dialect).text(template)


def truthy(value: Any) -> bool:
    """Whether a step runs whose `if` rendered to this: a list with elements does, else JavaScript judges.

    The text `'false'` is true, as any text that is not empty.
    """
    if isinstance(value, list | tuple):
        return len(value) > 0
    return not (
        value is None or value is UNDEFINED or value is False or value == "" or value == 0 or value != value
    )
