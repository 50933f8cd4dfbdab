"""Answers to a template's form on the command line: `-p NAME=VALUE` and `--values FILE`."""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import click
import yaml

from core.errors import InputError

parameters_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "-p", "--parameter", "given", multiple=True, metavar="NAME=VALUE", help="One answer of the form."
)
values_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--values",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Answers from YAML.",
)


def answers_of(file: Path, option: str = "--values") -> dict[str, Any]:
    """The names and values of a YAML file; InputError when it has none."""
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise InputError(f"{option} {file} is not YAML: {error}") from error
    if not isinstance(found, dict):
        raise InputError(f"{option} {file}: expected names with values")
    return found


def with_words(
    answers: dict[str, Any], words: Iterable[str], pages: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """The answers with those given as words, in the types that the pages of the form ask for."""
    types = _types(pages)
    return answers | dict(_answer(word, types) for word in words)


def _types(pages: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Each answer's type, where the form tells it at its first level."""
    properties = [page.get("schema", {}).get("properties", {}) for page in pages]
    return {name: str(rule.get("type", "")) for group in properties for name, rule in group.items()}


def _answer(word: str, types: dict[str, str]) -> tuple[str, Any]:
    """`port=8080` → ("port", 8080) when the form wants a number; text stays text."""
    name, equals, value = word.partition("=")
    if not equals or not name:
        raise InputError(f"-p {word!r}: expected NAME=VALUE")
    if types.get(name, "string") == "string":
        return name, value
    try:
        return name, json.loads(value)
    except ValueError as error:
        raise InputError(f"-p {name}: {value!r} is not of type {types[name]}; write it as JSON") from error
