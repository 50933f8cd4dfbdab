"""Records what nunjucks itself makes of templates made at random: `python -m tests.scaffolder.expressions.nunjucks_peer FILE`.

FILE is `browser/nunjucks.js` of the npm package nunjucks 3.2.4 (`npm pack nunjucks@3.2.4`); it runs in V8. The answers go to
`nunjucks_answers.json` beside this module, for `test_against_nunjucks.py`, which needs no nunjucks.
"""

import json
import random
import sys
from pathlib import Path
from typing import Any

from py_mini_racer import MiniRacer

ANSWERS = Path(__file__).with_name("nunjucks_answers.json")
COUNT = 1_500
CONTEXT: dict[str, Any] = {
    "n": 3,
    "name": "My App",
    "list": ["a", 1, None],
    "nums": [3, 1, 2],
    "obj": {"k": 1, "s": "x"},
    "t": True,
    "nul": None,
    "users": [{"n": "b", "a": 2}, {"n": "a", "a": 1}],
    "e": "",
}
LEAVES = [
    "n",
    "name",
    "list",
    "nums",
    "obj.k",
    "obj.s",
    "t",
    "nul",
    "nope",
    "users",
    "e",
    "0",
    "2.5",
    "'a'",
    "'3'",
    "[]",
    "['x','y']",
    "range(3)",
    "users[0].n",
    "nums[1]",
]
OPERATORS = [
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
]
FILTERS = [
    "abs",
    "capitalize",
    "center(9)",
    "default('d')",
    "default('d',true)",
    "dump",
    "first",
    "float",
    "indent(2)",
    "int",
    "join('-')",
    "last",
    "length",
    "list|join(',')",
    "lower",
    "nl2br",
    "replace('a','b')",
    "reverse|join(',')",
    "round",
    "round(1,'ceil')",
    "sort|join(',')",
    "string",
    "striptags",
    "sum",
    "title",
    "trim",
    "truncate(4)",
    "upper",
    "wordcount",
    "batch(2)|dump",
    "slice(2)|dump",
    "sort(false,true,'n')|dump",
    "selectattr('a')|dump",
    "groupby('n')|dump",
]
# Not `safe` and `escape`: what they give is an object to nunjucks, and a text to the engine of today (SCAFFOLDER.md 3.5).
SOURCES = ("list", "nums", "range(3)", "users", "[]", "nul", "name")

_SET_UP = """
var env = new nunjucks.Environment(null, {
  autoescape: false, tags: {variableStart: '${{', variableEnd: '}}'}
});
function answer(template, context) {
  try { return JSON.stringify({value: env.renderString(template, context)}); }
  catch (error) { return JSON.stringify({refused: true}); }
}
"""


class Templates:
    """Templates at random, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def template(self) -> str:
        if self.chance.random() < 0.5:
            return f"${{{{ {self.expression(3)} }}}}"
        return "".join(self.statement(2) for _ in range(self.chance.randint(1, 3)))

    def expression(self, depth: int) -> str:
        pick, inner = self.chance.random(), depth - 1
        if depth == 0 or pick < 0.25:
            return self.chance.choice(LEAVES)
        if pick < 0.55:
            return f"({self.expression(inner)} {self.chance.choice(OPERATORS)} {self.expression(inner)})"
        if pick < 0.8:
            return f"({self.expression(inner)} | {self.chance.choice(FILTERS)})"
        if pick < 0.9:
            return f"({self.expression(inner)} if {self.expression(inner)} else {self.expression(inner)})"
        return f"(not {self.expression(inner)})" if pick < 0.95 else f"(-{self.expression(inner)})"

    def statement(self, depth: int) -> str:
        pick, inner = self.chance.random(), depth - 1
        a, b, c, d = (self.chance.choice(["", "", "-"]) for _ in range(4))
        if depth == 0 or pick < 0.3:
            return f"${{{{ {self.expression(1)} }}}}"
        if pick < 0.45:
            return " \n x "
        if pick < 0.6:
            test, yes, no = self.expression(1), self.statement(inner), self.statement(inner)
            return f"{{%{a} if {test} {b}%}}{yes}{{% else %}}{no}{{%{c} endif {d}%}}"
        if pick < 0.75:
            source, body = self.chance.choice(SOURCES), self.statement(inner)
            shown = "${{ loop.index }}:${{ i if i is string else loop.last }}"
            return f"{{%{a} for i in {source} {b}%}} {shown} {body}{{% else %}}none{{%{c} endfor {d}%}}"
        if pick < 0.83:
            return f"{{% set q = {self.expression(1)} %}}${{{{ q }}}}{self.statement(inner)}${{{{ q }}}}"
        if pick < 0.9:
            calls = f"${{{{ m({self.expression(1)}) }}}}${{{{ m(1, b={self.expression(0)}) }}}}"
            return f"{{% macro m(a, b='z') %}}${{{{ a }}}}-${{{{ b }}}}{{% endmacro %}}{calls}"
        if pick < 0.95:
            return f"{{% filter upper %}}{self.statement(inner)}{{% endfilter %}}"
        return f"{{% for k, v in obj %}}${{{{ k }}}}=${{{{ v }}}};{{% endfor %}}{self.statement(inner)}"


def record(nunjucks: Path) -> None:
    """Ask nunjucks, and keep what it answers."""
    engine = MiniRacer()
    engine.eval("var window = this, self = this, setTimeout = function (work) { work(); };")
    engine.eval(nunjucks.read_text())
    engine.eval(_SET_UP)
    made = Templates(seed=20261127)
    answers: dict[str, Any] = {}
    while len(answers) < COUNT:
        template = made.template()
        call = f"answer({json.dumps(template)}, {json.dumps(CONTEXT)})"
        answers[template] = json.loads(str(engine.eval(call)))
    lines = ",\n".join(f"{json.dumps(template)}: {json.dumps(given)}" for template, given in answers.items())
    ANSWERS.write_text(f"{{\n{lines}\n}}\n")


if __name__ == "__main__":
    record(Path(sys.argv[1]))
