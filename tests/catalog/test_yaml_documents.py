"""YAML as Backstage reads it: core scalars, documents on their own, and bounds on what a file can cost."""

import pytest

from catalog.problems import Refused
from catalog.yaml_documents import MAX_DEPTH, parse_documents, parse_one


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("off", "off"),
        ("012", 12),
        ("0o14", 12),
        ("0x1F", 31),
        ("1:30", "1:30"),
        ("2026-11-23", "2026-11-23"),
        ("1e3", 1000),
        ("1.50", 1.5),
        ("1.0", 1),
        ("123456789012345678901", 123456789012345680000),
        (".inf", None),
        ("~", None),
        ("''", ""),
        ("'true'", "true"),
        ("True", True),
        ("!!str 3", "3"),
        ("!unknown x", "x"),
        ('"\\x41"', "A"),
        ("|\n  a\n  b\n", "a\nb\n"),
    ],
)
def test_scalars_are_those_of_the_core_schema(text: str, value: object) -> None:
    read = parse_one(f"a: {text}", "url:x")["a"]
    assert read == value
    assert type(read) is type(value)


def test_merge_keys_are_plain_keys_and_keys_become_text() -> None:
    assert parse_one("a: &a {b: 1}\n<<: *a\n1: x\ntrue: y\n", "url:x") == {
        "a": {"b": 1},
        "<<": {"b": 1},
        "1": "x",
        "true": "y",
    }


def test_one_broken_document_does_not_hide_its_neighbours() -> None:
    text = "a: 1\n---\n# nothing\n---\nb: {\n---\nc: 1\nc: 2\n--- d\n...\n"
    documents = parse_documents(text.encode(), "url:x")
    assert [(one.index, one.line, one.value) for one in documents if one.problem is None] == [
        (0, 1, {"a": 1}),
        (1, 2, None),
        (4, 9, "d"),
    ]
    broken, doubled = (one.problem for one in documents if one.problem is not None)
    assert "at line 6" in broken.message
    assert (
        doubled.message == "YAML error at url:x, YAMLParseError: Map keys must be unique at line 8, column 1"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 100_000, f"Nested deeper than {MAX_DEPTH} levels"),
        ("- " * 5_000, f"Nested deeper than {MAX_DEPTH} levels"),
        ("a: &a [*a]", "Unresolved alias"),
        ("? [a]\n: b", "Keys must be plain text"),
        ("a" * (5 * 1024 * 1024 + 1), "Document is longer than"),
        ("\0", "at line 1"),
    ],
)
def test_what_cannot_be_data_is_refused_with_its_line(text: str, reason: str) -> None:
    (document,) = parse_documents(text, "url:x")
    assert document.problem is not None
    assert reason in document.problem.message


def test_an_alias_bomb_is_counted_before_it_is_expanded() -> None:
    levels = ["l0: &l0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 12)]
    (document,) = parse_documents("\n".join(levels), "url:x")
    assert document.problem is not None
    assert "repetitions by alias included" in document.problem.message


def test_text_that_is_not_utf8_is_refused_whole() -> None:
    with pytest.raises(Refused, match=r"YAML error at url:x, .* not UTF-8 .* line 2"):
        parse_documents(b"a: 1\nb: \xff\n", "url:x")
    assert parse_documents(b"\xef\xbb\xbfa: 1", "url:x")[0].value == {"a": 1}


def test_one_document_means_one() -> None:
    with pytest.raises(Refused, match="exactly one"):
        parse_one("a: 1\n---\nb: 1\n", "url:x")
