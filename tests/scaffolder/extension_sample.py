"""What an installation might add to the language of templates."""

from typing import Any

from core.errors import InputError
from scaffolder.expressions.extensions import TemplateFilter, TemplateFunction, TemplateValue


def shouted(value: Any, marks: int = 1) -> str:
    if not isinstance(value, str):
        raise InputError("shout takes a text")
    return value.upper() + "!" * marks


def broken() -> None:
    raise KeyError("sorry")


FILTERS = (
    TemplateFilter("shout", shouted, "Louder.", {"input": {"type": "string"}}, ({"example": "x | shout"},)),
)
FUNCTIONS = (TemplateFunction("year", lambda: 2026), TemplateFunction("broken", broken))
VALUES = (TemplateValue("company", {"name": "Acme"}, "Who we are."),)
