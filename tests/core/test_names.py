"""Names are safe where they are used, and paths stay in their folder."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.names import confined, dns_label, slug


@given(st.text(max_size=300))
def test_a_label_is_always_a_label(text: str) -> None:
    label = dns_label(text)
    assert 1 <= len(label) <= 63
    assert label[0].isalpha()
    assert not label.endswith("-")
    assert set(label) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def test_long_names_with_one_beginning_stay_apart() -> None:
    assert slug("a" * 80 + "b") != slug("a" * 80 + "c")


@pytest.mark.parametrize(
    "hostile",
    [
        "../x",
        "a/../../x",
        "/etc/passwd",
        "~/x",
        "%2e%2e/x",
        "a/%2E%2e/x",
        "%2fetc/passwd",
        "a\0b",
        "a%00b",
        "..\\x",
        "a\\..\\b",
        "..",
    ],
)
def test_a_path_that_leaves_is_refused(tmp_path: Path, hostile: str) -> None:
    with pytest.raises(InputError, match="leaves its folder"):
        confined(tmp_path, hostile)


def test_a_link_that_leaves_is_refused_and_one_inside_is_followed(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "out").symlink_to("/etc")
    (tmp_path / "in").symlink_to("inside")
    with pytest.raises(InputError, match="through a link"):
        confined(tmp_path, "out/passwd")
    assert confined(tmp_path, "in/file") == tmp_path / "in" / "file"
    assert confined(tmp_path, ".") == tmp_path
