"""`${{ … }}`: the language of Software Templates with nunjucks' meaning, interpreted over plain data.

A template is parsed into our own syntax tree and that tree is walked. Nothing is compiled to Python, no
attribute of a Python object is ever looked up, and every step is counted against `Bounds`: so a template
can reach only the values, methods and filters that are written down here, and ends. It is not Jinja2 with
changed settings, because nunjucks differs from it in the things Jinja2 fixes early: line ends (Jinja2 turns
CRLF into LF), `set` inside a loop, columns in errors, and the binding of operators.

Read in this order: `scanner` → `tokens` → `grammar` · `tags` → `syntax` → `evaluator` · `renderer` →
`values` · `members` · `filters` → `rendering`, which has the two ways in.
"""

from .bounds import Bounds
from .environment import Environment
from .errors import BoundsExceeded, ExpressionError
from .filters import backstage_filters
from .renderer import Renderer
from .rendering import render_text, render_value, truthy
from .scanner import Dialect
from .values import UNDEFINED

__all__ = [
    "UNDEFINED",
    "Bounds",
    "BoundsExceeded",
    "Dialect",
    "Environment",
    "ExpressionError",
    "Renderer",
    "backstage_filters",
    "render_text",
    "render_value",
    "truthy",
]
