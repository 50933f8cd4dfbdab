"""Our own table of the language: what each rule gives. Checked against nunjitsu 0.6.2 when it was written."""

from typing import Any

import pytest

from scaffolder.expressions import UNDEFINED, Dialect, ExpressionError, Renderer, render_text

CONTEXT = {
    "parameters": {
        "n": 3,
        "name": "My App",
        "arr": ["a", "b"],
        "obj": {"k": 1, "s": "x"},
        "e": "",
        "nul": None,
        "t": True,
        "emoji": "a😀b",
        "code": "${{ 7 * 7 }}",
    },
    "cookiecutter": {"name": "my-app", "arr": ["a", "b"], "obj": {"k": 1}},
}

VALUES = {
    # what an operator binds: as in the JavaScript that nunjucks writes
    "${{ not 1 + 1 }}": 1,
    '${{ not "a" ~ "b" }}': "falseb",
    "${{ 1 ~ 2 + 3 }}": "123",
    "${{ 1 + 2 ~ 3 }}": "33",
    "${{ 1 == 1 < 2 }}": True,
    "${{ 3 > 2 > 1 }}": False,
    "${{ 2 ** 3 ** 2 }}": 64,
    "${{ -2 ** 2 }}": 4,
    "${{ 8 / 4 // 2 }}": 4,
    "${{ 17 // 2 % 5 }}": 3,
    "${{ 7 // 2 * 2 }}": 6,
    "${{ 10 - 2 + 3 }}": 11,
    "${{ -7 // 2 }}": -4,
    "${{ -7 % 3 }}": -1,
    "${{ -3 | abs }}": 3,
    '${{ "a" + "b" | upper }}': "aB",
    "${{ not 1 in [1] }}": False,
    "${{ 1 not in [1] }}": False,
    # what values mean
    '${{ "5" * "2" }}': 10,
    "${{ true + 1 }}": 2,
    "${{ null + 1 }}": 1,
    "${{ [1] + [2] }}": "12",
    '${{ null ~ "a" }}': "nulla",
    '${{ [] == "" }}': True,
    "${{ null == 0 }}": False,
    "${{ null == nope }}": True,
    "${{ [] == [] }}": False,
    '${{ "10" > 9 }}': True,
    '${{ "10" > "9" }}': False,
    "${{ 1 / 0 }}": None,
    "${{ 1 / 0 }}!": "Infinity!",
    "${{ 0.1 + 0.2 }}": 0.30000000000000004,
    "${{ 10 ** 21 }}!": "1e+21!",
    "${{ 0.0000001 }}!": "1e-7!",
    "${{ [1, [2, nope]] }}!": "1,2,!",
    "${{ [nope, null] }}": [None, None],
    '${{ {"a": nope, "b": null} }}': {"b": None},
    "${{ parameters.emoji.length }}": 4,
    "${{ parameters.emoji }}": "a😀b",
    "${{ parameters.emoji.slice(1, 3) }}": "😀",
    # members
    '${{ parameters.arr["1"] }}': "b",
    "${{ [1,2,3][::-1] }}": [3, 2, 1],
    '${{ "abc"[:-1] }}': ["a", "b"],
    "${{ [1,2,3].at(-1) }}": 3,
    "${{ [3,10,2].sort() }}": [10, 2, 3],
    "${{ (1.005).toFixed(2) }}": "1.00",
    "${{ (1.45).toFixed(1) }}": "1.4",
    "${{ (255).toString(16) }}": "ff",
    '${{ "a,b,c".split(",", 2) }}': ["a", "b"],
    '${{ "aa".replace(r/a/g, "b") }}': "bb",
    '${{ "aa".replace("a", "$&$&") }}': "aaa",
    # of the engine before 4.0.3
    '${{ "a.b.c".replaceAll(".", "-") }}': "a-b-c",
    '${{ "7".padStart(3, "0") }}': "007",
    "${{ parameters.n.toString() }}": "3",
    '${{ "a1b2".match(r/\\d/g) }}': ["1", "2"],
    "${{ parameters.obj.toString }}": UNDEFINED,
    # filters
    '${{ "John Smith" | replace(r/(\\w+)\\s(\\w+)/, "$2 $1") }}': "Smith John",
    '${{ "abc" | replace("", "-") }}': "-a-b-c-",
    '${{ "abc def ghi" | truncate(8, false, "!") }}': "abc def!",
    "${{ [1,2,3,4,5] | slice(3) }}": [[1, 2], [3, 4], [5]],
    '${{ [1,2,3] | batch(2, "x") }}': [[1, 2], [3, "x"]],
    '${{ [{"n":2},{"n":1}] | sort(attribute="n") }}': [{"n": 1}, {"n": 2}],
    '${{ [1,2,3] | select("odd") }}': [1, 3],
    '${{ {"b":1,"A":2} | dictsort }}': [["A", 2], ["b", 1]],
    '${{ ["a","b"] | sum }}': "00ab",
    "${{ -2.5 | round }}": -2,
    '${{ "ff" | int(0, 16) }}': 255,
    '${{ "<" | safe | escape }}': "<",
    "${{ [1,[2]] | dump(2) }}": "[\n  1,\n  [\n    2\n  ]\n]",
    '${{ "see http://x.com." | urlize }}': 'see <a href="http://x.com">http://x.com</a>',
    # tags
    "{% set x=1 %}{% for i in [1,2] %}{% set x=i %}{% endfor %}${{ x }}": "2",
    "{% for i in [1,2] %}{% set y=i %}{% endfor %}[${{ y }}]": "[]",
    "{% set x=1 %}{% macro m() %}{% set x=2 %}${{ x }}{% endmacro %}${{ m() }}${{ x }}": "21",
    "{% for i in [1] %}{% macro m(a) %}${{ i }}${{ a }}{% endmacro %}${{ m(2) }}{% endfor %}": "2",
    "{% macro m(a, b=2) %}${{ a }}${{ b }}{% endmacro %}${{ m(1, b=5) }}${{ m(1) }}": "1512",
    "{% macro m() %}[${{ caller(1) }}]{% endmacro %}{% call(x) m() %}hi${{ x }}{% endcall %}": "[hi1]",
    "{% switch 1 %}{% case 1 %}{% case 2 %}two{% default %}d{% endswitch %}": "two",
    "{% for k, v in [[1,2],[3,4]] %}${{ k }}${{ v }};{% endfor %}": "12;34;",
    "{% raw %}a{% raw %}b{% endraw %}c{% endraw %}d": "a{% raw %}b{% endraw %}cd",
    "{% if [] %}y{% endif %}": "y",
    "a {#- c -#} b": "ab",
    "{# c #}${{ parameters.n }}": 3,
    # a form value is data
    "${{ parameters.code }}": "${{ 7 * 7 }}",
    "x ${{ parameters.code }}": "x ${{ 7 * 7 }}",
}

ERRORS = {
    "${{ a b }}": 'line 1, column 7: Expected eof, received "b"',
    "${{ 1 + }}": "line 1, column 9: Unexpected expression token at end of input",
    "\n\n  ${{ a | nosuch }}": 'line 3, column 11: Unknown template filter "nosuch"',
    "${{ a | uper }}": 'column 9: Unknown template filter "uper"; did you mean "upper"?',
    "${{ 1 is nosuch }}": 'column 10: Unknown template test "nosuch"',
    "${{ 1 in 5 }}": "column 5: Membership requires an array, record, or string",
    "${{ 5 | upper }}": 'column 9: Filter "upper" failed for number input: Filter input must be a string',
    "${{ 1e3 }}": "column 5: Invalid numeric literal",
    "${{ @ }}": 'column 5: Unexpected character "@"',
    "{% do 1 %}": 'column 1: Unknown template tag "do"',
    '{% from "x" import y %}': 'column 1: Unsupported template-loading tag "from"',
    "{% endif %}": 'column 1: Unexpected "endif" tag without a matching opening tag',
    "{% for i in [1] %}x{% endif %}": 'Unexpected "endif" tag; expected "else", or "endfor"',
    "{% set constructor = 1 %}": 'column 8: Template name "constructor" is reserved',
    "{# c": "column 1: Unterminated comment tag",
    "{% switch 1 %}{% endswitch %}": "Switch requires at least one case or default",
}


@pytest.mark.parametrize(("template", "wanted"), VALUES.items(), ids=VALUES)
def test_a_rule_of_the_language(template: str, wanted: Any) -> None:
    found = Renderer(CONTEXT).value(template)
    assert found == wanted
    assert type(found) is type(wanted)


@pytest.mark.parametrize(("template", "wanted"), ERRORS.items(), ids=ERRORS)
def test_an_error_names_the_place_and_the_part(template: str, wanted: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        render_text(template, CONTEXT)
    assert caught.value.message.startswith("Template error at line ")
    assert caught.value.message.endswith(wanted)


def test_a_template_changes_no_value_of_its_caller() -> None:
    renderer = Renderer(CONTEXT)
    assert renderer.value("${{ parameters.arr.push('c') }}${{ parameters.arr }}") == "3a,b,c"
    assert renderer.value("${{ parameters.arr }}") == ["a", "b"]
    assert CONTEXT["parameters"]["arr"] == ["a", "b"]


def test_python_names_work_in_cookiecutter_mode_only() -> None:
    text = "{{ cookiecutter.obj.items() }} {{ cookiecutter.obj.has_key('k') }} {{ cookiecutter.arr.insert(0, 'x') }}"
    assert Renderer(CONTEXT, dialect=Dialect(cookiecutter_compat=True)).text(text) == "k,1 true "
    with pytest.raises(ExpressionError, match=r"parameters.obj.items.* cannot be called"):
        Renderer(CONTEXT).value("${{ parameters.obj.items() }}")
