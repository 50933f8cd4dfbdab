"""Expressions made at random: each has a value or is refused, and nothing else ever happens."""

import json
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from scaffolder.expressions import UNDEFINED, ExpressionError, Renderer

CONTEXT = {
    "n": 3,
    "name": "My App 😀",
    "list": ["a", 1, None],
    "obj": {"k": 1, "s": "x"},
    "t": True,
    "nul": None,
}
LEAVES = st.sampled_from(
    [
        *CONTEXT,
        "nope",
        "list[0]",
        "obj.k",
        "0",
        "1",
        "2.5",
        '"a b"',
        '"3"',
        '""',
        "[]",
        '["x", "y"]',
        '{"a": 1}',
        "range(3)",
    ]
)
OPERATORS = st.sampled_from(
    [
        "+",
        "-",
        "*",
        "/",
        "//",
        "%",
        "**",
        "~",
        "==",
        "!=",
        "===",
        "!==",
        "<",
        "<=",
        ">",
        ">=",
        "and",
        "or",
        "in",
    ]
)
FILTERS = st.sampled_from(
    [
        "abs",
        "batch(2)",
        "capitalize",
        "center(9)",
        "default('d',true)",
        "dictsort",
        "dump(1)",
        "escape",
        "first",
        "float",
        "groupby('a')",
        "indent(2)",
        "int",
        "join('-')",
        "last",
        "length",
        "list",
        "nl2br",
        "random",
        "reject('odd')",
        "rejectattr('a')",
        "replace('a','b')",
        "replace(r/[ab]/g,'$&')",
        "reverse",
        "round(1,'ceil')",
        "safe",
        "select('even')",
        "selectattr('a')",
        "slice(2)",
        "sort(true)",
        "string",
        "striptags",
        "sum",
        "title",
        "trim",
        "truncate(2)",
        "upper",
        "urlencode",
        "urlize",
        "wordcount",
    ]
)
MEMBERS = st.sampled_from(
    [
        "length",
        "split('')",
        "trim()",
        "replace('a','b')",
        "substring(2,0)",
        "slice(-1)",
        "indexOf('a')",
        "lastIndexOf('a')",
        "charAt(1)",
        "concat([1])",
        "reverse()",
        "sort()",
        "join('-')",
        "toFixed(1)",
        "toPrecision(2)",
        "toExponential(1)",
        "toString(2)",
        "flat()",
        "at(-1)",
        "push(1)",
        "pop()",
        "shift()",
        "splice(1,1)",
        "fill(0)",
        "copyWithin(0,1)",
        "padStart(5)",
        "repeat(2)",
        "match(r/a/g)",
        "hasOwnProperty('k')",
        "x",
    ]
)


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} {} {})".format, inner, OPERATORS, inner),
        st.builds("{} {} {}".format, inner, OPERATORS, inner),
        st.builds("({} | {})".format, inner, FILTERS),
        st.builds("({}).{}".format, inner, MEMBERS),
        st.builds("({0})[{1}:{2}]".format, inner, st.integers(-3, 3), inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("not {}".format, inner),
        st.builds("(-{})".format, inner),
    )


@settings(max_examples=400, deadline=None)
@given(st.recursive(LEAVES, grown, max_leaves=8))
def test_an_expression_has_a_json_value_or_is_refused(expression: str) -> None:
    renderer = Renderer(CONTEXT)
    for template in (
        f"${{{{ {expression} }}}}",
        f"{{% for a, b in {expression} %}}${{{{ a }}}}{{% endfor %}}",
    ):
        try:
            value = renderer.value(template)
        except ExpressionError:
            continue
        else:
            assert value is UNDEFINED or json.dumps(value, allow_nan=False)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="${}%#- \n|.,()[]'\"/ra1ifendor+=!\\", max_size=40))
def test_any_text_is_a_template_or_is_refused(text: str) -> None:
    for template in (text, f"${{{{ {text} }}}}", f"{{% {text} %}}"):
        with suppress(ExpressionError):
            Renderer(CONTEXT).text(template)
