"""Nothing in a template or a value reaches Python, and every template ends."""

import time

import pytest

from scaffolder.expressions import (
    Bounds,
    BoundsExceeded,
    Environment,
    ExpressionError,
    Renderer,
    render_text,
    render_value,
)

CONTEXT = {"parameters": {"name": "x" * 5_000, "obj": {"k": 1}, "list": list(range(1000))}}

ESCAPES = [
    "${{ ''.__class__ }}",
    "${{ ''['__class__'] }}",
    "${{ ''['__cl' + 'ass__'] }}",
    "${{ parameters.obj.__init__ }}",
    "${{ parameters.obj['__globals__'] }}",
    "${{ parameters.obj.keys.__self__ }}",
    "${{ range.__globals__ }}",
    "${{ range.body }}",
    "${{ range['__call__'] }}",
    "${{ cycler('a').items }}",
    "${{ joiner().body.__globals__ }}",
    "${{ ''.format }}",
    "${{ ''.format_map }}",
    "${{ ''.encode }}",
    "${{ self }}",
    "${{ self._TemplateReference__context }}",
    "${{ loop.__class__ }}",
    "${{ parameters['__pro' + 'to__'] }}",
    "${{ parameters['con' + 'structor'] }}",
    "${{ parameters.obj | pick('__class__.__mro__') }}",
    "${{ config }}${{ request }}${{ environ }}${{ __builtins__ }}${{ os }}",
    "${{ [] | map('__class__') }}",
    "${{ [parameters.obj] | sort(attribute='__class__') }}",
    "${{ [parameters.obj] | groupby('__class__.__name__') | dump }}",
    "{% for k in parameters.obj.__dict__ %}${{ k }}{% endfor %}",
    "{% macro m() %}{% endmacro %}${{ m.body }}${{ m.__globals__ }}",
]

REFUSED = [
    "${{ parameters.constructor }}",
    "${{ parameters['constructor'] }}",
    "${{ ''.constructor.constructor('return process')() }}",
    "${{ parameters.__proto__ }}",
    "${{ prototype }}",
    "${{ {'__proto__': 1} }}",
    "${{ range.call() }}",
    "${{ parameters.obj.get('k') }}",
    "${{ ''.join.__globals__() }}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}",
    "{% extends 'x' %}",
    "${{ lipsum.__globals__.os.popen('id') }}",
    "${{ cycler.__init__.__globals__.os.popen('id').read() }}",
]

GREEDY = {
    "${{ 'x'.repeat(1000000000) }}": "makes a text",
    "${{ 'x'.padStart(1000000000) }}": "makes a text",
    "${{ 'x' | center(1000000000) }}": "makes a text",
    "${{ 'x\\ny' | indent(1000000000) }}": "makes a text",
    "${{ range(1000000000) | length }}": "makes a list",
    "${{ range(0, 1, 0.000000001) | length }}": "makes a list",
    "${{ [1] | batch(1000000000, 'x') }}": "makes a list",
    "${{ [1] | slice(1000000000) }}": "makes a list",
    "${{ parameters.list.join(parameters.name.concat(parameters.name, parameters.name)) }}": "makes a text",
    "{% set s = parameters.name %}{% for i in range(40) %}{% set s = s + s %}{% endfor %}": "makes a text",
    "{% set s = parameters.name %}{% for i in range(40) %}{% set s = s.concat(s) %}{% endfor %}": "makes a text",
    "{% set s = parameters.name %}{% for i in range(40) %}{% set s = s | replace('x', 'xx') %}{% endfor %}": "text",
    "{% set a = [1] %}{% for i in range(40) %}{% set a = a.concat(a) %}{% endfor %}": "makes a list",
    "{% set a = [1] %}{% for i in range(40) %}{% set a = [a, a] %}{% endfor %}${{ a }}!": "more than",
    "{% set a = [1] %}{% for i in range(40) %}{% set a = [a, a] %}{% endfor %}${{ a | dump }}": "more than",
    "{% set a = [1] %}{% for i in range(40) %}{% set a = [a, a] %}{% endfor %}${{ a.flat(100) }}": "more than",
    "{% set a = [] %}${{ a.push(a) }}${{ a | dump }}": "nested too deeply",
    "{% for a in range(1000) %}{% for b in range(1000) %}{% for c in range(1000) %}{% endfor %}{% endfor %}{% endfor %}": (
        "does more than"
    ),
    "{% for a in range(100000) %}${{ parameters.name }}{% endfor %}": "writes more than",
    "{% macro m() %}${{ m() }}{% endmacro %}${{ m() }}": "levels deep",
    "{% macro m(n) %}${{ m(n + 1) }}${{ m(n + 1) }}{% endmacro %}${{ m(0) }}": "levels deep",
    f"${{{{ {'(' * 3000}1{')' * 3000} }}}}": "nested too deeply",
    f"${{{{ {'[' * 3000} }}}}": "nested too deeply",
    f"${{{{ a{'.b' * 3000} }}}}": "members or filters",
    f"${{{{ a{' | upper' * 3000} }}}}": "members or filters",
    "{% if 1 %}" * 3000: "nested more than",
    "${{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' | replace(r/^(a+)+$/, 'b') }}": "repeats a repeat",
    "${{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' | replace(r/^(a|a|aa)*$/, 'b') }}": "repeats a repeat",
    "${{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' | replace(r/^(a?){50}a{50}$/, 'b') }}": "repeats a repeat",
    "${{ parameters.name | replace(r/.*.*.*.*.*y/, 'b') }}": "too long for the pattern",
    "${{ parameters.name | replace(r/x/g, parameters.name) }}": "makes a text",
}


@pytest.mark.parametrize("template", ESCAPES)
def test_no_way_to_python(template: str) -> None:
    """Such names are undefined, as they are to the contract's engine; or the template is wrong."""
    try:
        text = render_text(template, CONTEXT)
    except ExpressionError:
        return
    assert text.replace("[]", "").replace('{"undefined":[{"k":1}]}', "") == ""


@pytest.mark.parametrize("template", REFUSED)
def test_refused(template: str) -> None:
    with pytest.raises(ExpressionError):
        render_text(template, CONTEXT)


@pytest.mark.parametrize(("template", "reason"), GREEDY.items(), ids=[name[:60] for name in GREEDY])
def test_it_ends_soon_and_says_why(template: str, reason: str) -> None:
    start = time.thread_time()  # a busy machine does not make a template cost more
    with pytest.raises(BoundsExceeded) as caught:
        render_text(template, CONTEXT)
    assert reason in caught.value.message
    assert time.thread_time() - start < 15, "a bound that takes so long is none"


def test_a_bound_is_not_hidden_as_raw_text() -> None:
    with pytest.raises(BoundsExceeded):
        render_value({"a": "${{ range(1000000000) }}"}, CONTEXT)


def test_a_giant_power_is_infinity() -> None:
    assert render_text("${{ 10 ** 400 }} ${{ (0 - 2) ** 1000001 }}", {}) == "Infinity -Infinity"


def test_a_long_template_is_refused() -> None:
    environment = Environment(bounds=Bounds(source=100))
    with pytest.raises(BoundsExceeded, match="longer than 100 characters"):
        Renderer({}, environment=environment).text("x" * 100 + "${{ 1 }}")


def test_a_long_chain_of_operators_is_no_deep_one() -> None:
    assert Renderer({}).value("${{ " + " + ".join(["1"] * 5_000) + " }}") == 5_000
