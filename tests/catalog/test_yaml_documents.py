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
        ('"\\ud83d\\uDE00"', "😀"),
        ('"\\\\ud83d\\\\ude00"', "\\ud83d\\ude00"),
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
        ("{a: " * 100_000, f"Nested deeper than {MAX_DEPTH} levels"),
        ("".join(" " * level + "a:\n" for level in range(1_000)), f"Nested deeper than {MAX_DEPTH} levels"),
        (f"a: &a {'x' * 100_000}\nb: [{'*a, ' * 1_000}]", "Aliases repeat more than 10 times"),
        (f"a: [{'1, ' * 200_001}]", "More than 200000 values"),
        ('a: "\\ud800"', "at line 1"),
        ("a: \x07", "at line 1"),
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
    assert "Aliases repeat more than 10 times" in document.problem.message


def test_a_few_aliases_are_what_aliases_are_for() -> None:
    text = f"a: &a {{note: {'x' * 300}}}\nb: [{', '.join(['*a'] * 10)}]\n"
    assert len(parse_one(text, "url:x")["b"]) == 10


def test_so_many_documents_are_no_file_for_people() -> None:
    with pytest.raises(Refused, match="more than 100000 documents in one file: split it"):
        parse_documents("---\n" * 1_000_000, "url:x")


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-32", "latin-1"])
def test_other_encodings_are_told_as_such(codec: str) -> None:
    with pytest.raises(Refused, match=r"not UTF-8 text|Control characters"):
        parse_one("a: ü".encode(codec), "url:x")


@pytest.mark.parametrize(
    "tag", ["!!python/object/apply:os.system", "!!python/name:os.system", "!!binary", "!local", "!!timestamp"]
)
def test_a_tag_makes_no_object(tag: str) -> None:
    assert parse_one(f"a: {tag} 'ls'\nb: {tag} [ls]\n", "url:x") == {"a": "ls", "b": ["ls"]}


def test_text_that_is_not_utf8_is_refused_whole() -> None:
    with pytest.raises(Refused, match=r"YAML error at url:x, .* not UTF-8 .* line 2"):
        parse_documents(b"a: 1\nb: \xff\n", "url:x")
    assert parse_documents(b"\xef\xbb\xbfa: 1", "url:x")[0].value == {"a": 1}


def test_one_document_means_one() -> None:
    with pytest.raises(Refused, match="exactly one"):
        parse_one("a: 1\n---\nb: 1\n", "url:x")
