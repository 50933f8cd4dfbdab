"""Names from outside: what is refused, with which words, and what passes."""

import pytest

from core.errors import InputError
from scm.names import checked_branch, checked_local_name, checked_path
from scm.values import Author, RepositoryName

HOSTILE = [
    "",
    ".",
    "..",
    "../../x",
    "/etc",
    "a/b",
    "%2e%2e",
    "a%2fb",
    "-oProxyCommand=x",
    "a\0b",
    "a\nb",
    "a b",
    "x.git",
    "x.GIT",
    "x.lock",
    "a..b",
    "x.",
    "ä",
    "x" * 101,
    "a\\b",
    "~root",
    "a:b",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_repository_name_is_refused_with_its_field(text: str) -> None:
    with pytest.raises(InputError, match=r"^repository "):
        RepositoryName("acme", text)


@pytest.mark.parametrize("text", [text for text in HOSTILE if "/" not in text.strip("/")])
def test_a_hostile_owner_is_refused_with_its_field(text: str) -> None:
    with pytest.raises(InputError, match=r"^owner "):
        RepositoryName(text, "payments")


def test_an_owner_may_have_parts_but_none_that_climbs() -> None:
    assert str(RepositoryName("group/team", "api")) == "group/team/api"
    assert RepositoryName.parse("group/team/api").owner == "group/team"
    with pytest.raises(InputError, match="owner"):
        RepositoryName("group/..", "api")


def test_a_repository_without_an_owner_says_how_to_write_it() -> None:
    with pytest.raises(InputError, match="owner/name"):
        RepositoryName.parse("payments")


def test_names_with_a_leading_dot_exist_elsewhere_but_not_on_the_local_host() -> None:
    assert RepositoryName("acme", ".github").name == ".github"
    with pytest.raises(InputError, match="begin with a dot"):
        checked_local_name("repository", ".github")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-x",
        "HEAD",
        "@",
        "a..b",
        "a b",
        "a~1",
        "a^",
        "a:b",
        "a\\b",
        "a//b",
        "/a",
        "a/",
        ".a",
        "a/.b",
        "a.lock",
        "a.lock/b",
        "a@{1}",
        "a\0",
        "a\n",
        "refs/heads/x",
        "a.",
        "a" * 201,
        "a*",
        "a?",
        "a[",
    ],
)
def test_a_branch_that_git_would_misread_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"^branch "):
        checked_branch("branch", text)


@pytest.mark.parametrize("text", ["main", "feature/x", "1.0", "a@b", "größe", "renovate/pin-1.x"])
def test_usual_branches_pass(text: str) -> None:
    assert checked_branch("branch", text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/etc/passwd",
        "../x",
        "a/../../x",
        "a//b",
        "./a",
        "%2e%2e/x",
        "a/%2E%2e/x",
        ".git/config",
        "a/.GIT/hooks",
        "a\0b",
        "a\nb",
        "a\\..\\b",
        "%2fetc",
        "a/%00".replace("%00", "\x01"),
        "x" * 5000,
    ],
)
def test_a_path_that_leaves_the_repository_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"^path "):
        checked_path("path", text)


@pytest.mark.parametrize(
    "text",
    ["a", "a/b.txt", ".github/workflows/ci.yaml", "a b/ü", "..a/b..", "{{cookiecutter.slug}}/x", "100%/a"],
)
def test_usual_paths_pass(text: str) -> None:
    assert checked_path("path", text) == text


@pytest.mark.parametrize(
    ("name", "email"), [("", "a@b"), ("a\nb", "a@b"), ("a <x>", "a@b"), ("a", "a@b>\nx"), ("a", " ")]
)
def test_an_author_that_git_cannot_hold_is_refused(name: str, email: str) -> None:
    with pytest.raises(InputError, match="author"):
        Author(name, email)
