"""Fifteen hundred templates made at random, against what nunjucks 3.2.4 itself made of them (`nunjucks_peer.py`)."""

import json

from scaffolder.expressions import ExpressionError, Renderer
from tests.scaffolder.expressions.nunjucks_peer import ANSWERS, CONTEXT, COUNT

STRICTER = ("must be a string", "requires an array", "resolved to undefined")
"""What today's engine refuses where nunjucks makes something of it, as recorded in the contract."""


def test_what_nunjucks_makes_we_make_too() -> None:
    answers = json.loads(ANSWERS.read_text())
    assert len(answers) == COUNT
    different: dict[str, object] = {}
    equal = 0
    for template, recorded in answers.items():
        try:
            made = Renderer(CONTEXT).text(template)
        except ExpressionError as error:
            if "value" in recorded and not any(reason in error.reason for reason in STRICTER):
                different[template] = (recorded["value"], error.reason)
            continue
        if "value" not in recorded:
            continue  # a TypeError of JavaScript, where we have an answer
        if made == recorded["value"]:
            equal += 1
        else:
            different[template] = (recorded["value"], made)
    assert not different, json.dumps(different, indent=1)
    assert equal > COUNT * 0.7, "most of them are answered at all"
