"""The two ways in: values that keep their type, what a step's `if` decides, filters and functions from outside."""

from typing import Any

import pytest

from core.errors import InputError
from scaffolder.expressions import (
    UNDEFINED,
    Environment,
    ExpressionError,
    backstage_filters,
    render_text,
    render_value,
    truthy,
)

CONTEXT = {"parameters": {"name": "pay", "n": 3, "list": [1, 2], "evil": "${{ parameters.n }}"}}
HOSTS = {
    "github.com": "github",
    "gitlab.com": "gitlab",
    "dev.azure.com": "azure",
    "local": "local",
    "gitea": "gitea",
}
BACKSTAGE = Environment(filters=backstage_filters(HOSTS))


def test_only_texts_are_rendered_and_keys_are_not() -> None:
    value = {
        "${{ parameters.n }}": "${{ parameters.n }}",
        "deep": [{"a": "x${{ parameters.name }}"}, 5, None, True],
    }
    wanted = {"${{ parameters.n }}": 3, "deep": [{"a": "xpay"}, 5, None, True]}
    assert render_value(value, CONTEXT) == wanted


def test_undefined_removes_the_key_and_is_null_in_a_list() -> None:
    found = render_value({"gone": "${{ parameters.no }}", "list": ["${{ parameters.no }}", 1]}, CONTEXT)
    assert found == {"list": [None, 1]}
    assert render_value("${{ parameters.no }}", CONTEXT) is UNDEFINED


def test_an_error_keeps_the_raw_text_and_tells_who_listens() -> None:
    heard: list[str] = []
    found = render_value(
        {"a": "${{ parameters.n | nosuch }}", "b": "${{ parameters.n }}"},
        CONTEXT,
        on_error=lambda text, error: heard.append(f"{text} → {error.reason}"),
    )
    assert found == {"a": "${{ parameters.n | nosuch }}", "b": 3}
    assert heard == ['${{ parameters.n | nosuch }} → Unknown template filter "nosuch"']


def test_what_was_rendered_is_not_rendered_again() -> None:
    assert render_value({"a": "${{ parameters.evil }}"}, CONTEXT) == {"a": "${{ parameters.n }}"}
    assert render_text("${{ parameters.evil }}", CONTEXT) == "${{ parameters.n }}"


@pytest.mark.parametrize(
    ("value", "runs"),
    [
        ("false", True), ("", False), ("x", True), (False, False), (True, True), (0, False), (1, True), (None, False),
        (UNDEFINED, False), ([], False), ([0], True), ({}, True), (float("nan"), False), ("${{ broken", True),
    ],
)  # fmt: skip
def test_when_a_step_runs(value: Any, runs: bool) -> None:
    assert truthy(value) is runs


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("github.com?owner=acme&repo=pay", {"host": "github.com", "owner": "acme", "repo": "pay"}),
        ("local?owner=/acme/&repo=pay", {"host": "local", "owner": "acme", "repo": "pay"}),
        ("gitlab.com?project=7", {"host": "gitlab.com", "owner": "", "repo": "", "project": "7"}),
        (
            "dev.azure.com?owner=a&project=p&repo=r&organization=o",
            {"host": "dev.azure.com", "owner": "a", "repo": "r", "organization": "o", "project": "p"},
        ),
        ("gitea?repo=r", {"host": "gitea", "owner": "", "repo": "r"}),
    ],
)
def test_parse_repo_url(url: str, parts: dict[str, str]) -> None:
    assert render_value("${{ url | parseRepoUrl }}", {"url": url}, environment=BACKSTAGE) == parts


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        (
            "github.com?repo=pay",
            "Invalid repo URL passed to publisher: https://github.com?repo=pay, missing owner",
        ),
        ("local?owner=acme", "missing repo"),
        (
            "nowhere.org?owner=a&repo=b",
            "No matching integration configuration for host nowhere.org, please check",
        ),
        (5, "Invalid repo URL passed to publisher, got 5"),
    ],
)
def test_parse_repo_url_says_what_is_wrong(url: object, wrong: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        render_text("${{ url | parseRepoUrl }}", {"url": url}, environment=BACKSTAGE)
    assert wrong in caught.value.message


def test_the_other_filters_of_backstage() -> None:
    context = {
        "ref": "Group:Team",
        "plain": "team",
        "url": "local?owner=acme&repo=pay",
        "o": {"a": [{"b": 1}]},
    }
    value = {
        "ref": "${{ ref | parseEntityRef }}",
        "defaults": "${{ plain | parseEntityRef({'defaultKind': 'User', 'defaultNamespace': 'x'}) }}",
        "slug": "${{ url | projectSlug }}",
        "pick": "${{ o | pick('a.0.b') }}",
        "nothing": "${{ o | pick('a.b.c') }}",
        "reserved": "${{ o | pick('constructor') }}",
    }
    assert render_value(value, context, environment=BACKSTAGE) == {
        "ref": {"kind": "Group", "namespace": "default", "name": "Team"},
        "defaults": {"kind": "User", "namespace": "x", "name": "team"},
        "slug": "acme/pay",
        "pick": 1,
    }
    with pytest.raises(ExpressionError, match="missing or empty kind"):
        render_text("${{ plain | parseEntityRef }}", context, environment=BACKSTAGE)


def test_a_caller_adds_functions_and_its_refusals_have_a_place() -> None:
    def picky(value: str) -> str:
        raise InputError(f"{value!r} is not for me: give another")

    environment = Environment(functions={"always": lambda: True, "picky": picky})
    assert render_value("${{ always() and true }}", {}, environment=environment) is True
    with pytest.raises(ExpressionError, match=r"column 5: 'x' is not for me: give another"):
        render_text("${{ picky('x') }}", {}, environment=environment)
    with pytest.raises(ExpressionError, match="too many positional arguments"):
        render_text("${{ always(1) }}", {}, environment=environment)
