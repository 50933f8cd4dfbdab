"""CODEOWNERS by the examples of both hosts' documentation, and by what a stranger may write into one."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.codeowners.globs import name_fits, path_fits
from catalog.codeowners.rules import Syntax, owners_of, read_rules

GITHUB = """
# the example of docs.github.com
*       @global-owner1 @global-owner2
*.js    @js-owner #This is an inline comment.
*.go docs@example.com
*.txt @octo-org/octocats
/build/logs/ @doctocat
docs/*  docs@example.com
apps/ @octocat
/docs/ @doctocat
/scripts/ @doctocat @octocat
**/logs @logs
/apps/ @octocat
/apps/github
with\\ space/ @spaced
"""

GITLAB = """
* @everyone
[Documentation] @docs-team
docs/
README.md @readme
^[Optional]
*.go @group/gophers
[Database][2] @dba
model/db/
config/db/database-setup.md @docs-team @@maintainer
[docs]
/ee/docs/ @ee
[Ruby]
*.rb @ruby
!/config/**/*.rb
[documentation]
later.md @late
"""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("README", ["@global-owner1", "@global-owner2"]),
        ("src/deep/a.js", ["@js-owner"]),
        ("a.go", ["docs@example.com"]),
        ("build/logs/x/y", ["@logs"]),
        ("x/build/logs2/y", ["@global-owner1", "@global-owner2"]),
        ("docs/getting-started.md", ["@doctocat"]),
        ("docs/build-app/troubleshooting.md", ["@doctocat"]),
        ("x/apps/y", ["@octocat"]),
        ("apps/github", []),
        ("apps/github/x", []),
        ("apps/githubx", ["@octocat"]),
        ("deep/logs/z", ["@logs"]),
        ("x/with space/y", ["@spaced"]),
        ("a.txt", ["@octo-org/octocats"]),
    ],
)
def test_github(path: str, owners: list[str]) -> None:
    assert list(owners_of(path, read_rules(GITHUB, Syntax.GITHUB)).owners) == owners


def test_a_single_star_stays_in_its_folder() -> None:
    rules = read_rules("docs/* docs@example.com", Syntax.GITHUB)
    assert owners_of("docs/a.md", rules).owners == ("docs@example.com",)
    assert owners_of("docs/build/a.md", rules).owners == ()


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("x", ["@everyone"]),
        ("docs/a", ["@everyone", "@docs-team"]),
        ("deep/docs/a", ["@everyone", "@docs-team"]),
        ("README.md", ["@everyone", "@readme"]),
        ("a.go", ["@everyone", "@group/gophers"]),
        ("model/db/x", ["@everyone", "@dba"]),
        ("config/db/database-setup.md", ["@everyone", "@docs-team"]),
        ("ee/docs/a", ["@everyone", "@docs-team", "@ee"]),
        ("x/ee/docs/a", ["@everyone", "@docs-team"]),
        ("lib/a.rb", ["@everyone", "@ruby"]),
        ("config/x/a.rb", ["@everyone"]),
        ("later.md", ["@everyone", "@late"]),
    ],
)
def test_gitlab(path: str, owners: list[str]) -> None:
    assert list(owners_of(path, read_rules(GITLAB, Syntax.GITLAB)).owners) == owners


def test_the_deciding_lines_are_told() -> None:
    rules = read_rules("* @a\n\n*.md @b\n", Syntax.GITHUB)
    assert owners_of("x.md", rules).lines == (3,)
    assert owners_of("x", rules).lines == (1,)


@pytest.mark.parametrize(
    "text",
    ["", "\n#\n", "   ", "@a", "* nobody here", "[", "[]", "^", "\\", "!", "* @", "* @@", "[a", "]a[ @b"],
)
@pytest.mark.parametrize("syntax", Syntax)
def test_odd_lines_own_nothing(text: str, syntax: Syntax) -> None:
    assert owners_of("x", read_rules(text, syntax)).owners == ()


def test_a_hostile_pattern_costs_its_length() -> None:
    started = time.process_time()
    rules = read_rules(f"{'a*' * 200}b @x\n{'**/' * 200}b @x\n{'**/a*' * 100}b @x", Syntax.GITHUB)
    assert owners_of("/".join(["a" * 200] * 200), rules).owners == ()
    assert time.process_time() - started < 2


@given(name=st.text(alphabet="ab*?\\", max_size=8))
def test_an_escaped_name_fits_itself_and_a_star_fits_all(name: str) -> None:
    escaped = "".join(f"\\{character}" for character in name)
    assert name_fits(escaped, name)
    assert name_fits("*", name)
    assert path_fits(["**", "*"], [name, name])
    assert not name_fits(escaped, f"{name}x")
