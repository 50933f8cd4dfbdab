"""`fetch:cookiecutter`: what cookiecutters do, and what they may not."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import InputError
from scaffolder.rendering.cookiecutter import CookiecutterOptions
from scaffolder.rendering.fetching import fetch_cookiecutter

from .test_template import grow, tree

DEFINITION = {
    "name": "My App",
    "slug": "{{ cookiecutter.name.lower().replace(' ', '-') }}",
    "license": ["MIT", "Apache-{{ cookiecutter.slug }}"],
    "docker": True,
    "count": 3,
    "labels": {"team": "{{ cookiecutter.slug }}-team"},
    "_hidden": "{{ not.rendered }}",
    "__made": "{{ cookiecutter.slug }}!",
}
SHOWN = (
    "{{ cookiecutter.name }}|{{ cookiecutter.slug }}|{{ cookiecutter.license }}|{{ cookiecutter.docker }}|"
    "{{ cookiecutter.count }}|{{ cookiecutter.labels.team }}|{{ cookiecutter._hidden }}|{{ cookiecutter.__made }}"
)


def baked(
    tmp_path: Path,
    files: dict[str, str | bytes],
    definition: Any = None,
    *,
    options: Any = None,
    **values: Any,
) -> dict[str, str]:
    text = json.dumps(DEFINITION if definition is None else definition)
    skeleton = grow(tmp_path / "skeleton", {"cookiecutter.json": text} | files)
    given = CookiecutterOptions(values=values, **(options or {}))
    try:
        fetch_cookiecutter(skeleton, tmp_path / "work/out", given)
    finally:
        left = [path.name for path in (tmp_path / "work").iterdir()] if (tmp_path / "work").exists() else []
        assert set(left) <= {"out"}, "nothing half made stays"
    return tree(tmp_path / "work/out")


def refusal(tmp_path: Path, files: dict[str, str | bytes], definition: Any = None, **more: Any) -> str:
    with pytest.raises(InputError) as caught:
        baked(tmp_path, files, definition, **more)
    assert tree(tmp_path / "work/out") == {} if (tmp_path / "work/out").exists() else True
    assert not (tmp_path / "pwned").exists()
    assert not [path for path in tmp_path.rglob("escaped*") if tmp_path / "skeleton" not in path.parents]
    return caught.value.message


PROJECT = "{{ cookiecutter.slug }}"


def test_defaults_are_rendered_in_order(tmp_path: Path) -> None:
    found = baked(tmp_path, {f"{PROJECT}/{{{{ cookiecutter.slug }}}}.txt": SHOWN})
    assert found == {"my-app.txt": "My App|my-app|MIT|True|3|my-app-team|{{ not.rendered }}|my-app!"}


def test_what_the_user_gives_comes_first(tmp_path: Path) -> None:
    found = baked(
        tmp_path,
        {f"{PROJECT}/a": SHOWN},
        name="Pay",
        license="Apache-pay",
        docker="no",
        count=5,
        labels={"team": "x"},
    )
    assert found == {"a": "Pay|pay|Apache-pay|False|5|x|{{ not.rendered }}|pay!"}


def test_a_value_is_text_and_never_rendered(tmp_path: Path) -> None:
    attack = "{{ cycler.__init__.__globals__.os.popen('touch pwned') }}{% raw %}"
    found = baked(
        tmp_path,
        {f"{PROJECT}/a": "{{ cookiecutter.name }}|{{ cookiecutter.extra }}"},
        name=attack,
        extra="{{ 7*7 }}",
        slug="x",
    )
    assert found == {"a": f"{attack}|{{{{ 7*7 }}}}"}


def test_the_extensions_of_cookiecutter_work(tmp_path: Path) -> None:
    text = "{{ cookiecutter.name|slugify }} {{ random_ascii_string(7)|length }} {{ cookiecutter.labels|jsonify(0) }}"
    definition = {**DEFINITION, "_extensions": ["jinja2.ext.do"]}
    found = baked(tmp_path, {f"{PROJECT}/a": text + "{% do [].append(1) if false %}"}, definition)
    assert found["a"].split() == ["my-app", "7", "{", '"team":', '"my-app-team"', "}"]


def test_copy_without_render(tmp_path: Path) -> None:
    definition = {**DEFINITION, "_copy_without_render": ["*.html", "raw"]}
    files: dict[str, str | bytes] = {
        f"{PROJECT}/a.html": "{{ x }}",
        f"{PROJECT}/raw/b.txt": "{{ x }}",
        f"{PROJECT}/c.vue": "{{ x }}",
        f"{PROJECT}/d.bin": b"\0\1{{ x }}",
    }
    found = baked(tmp_path, files, definition, options={"copy_without_render": ["*.vue"]})
    assert found == {
        "a.html": "{{ x }}",
        "raw": "/",
        "raw/b.txt": "{{ x }}",
        "c.vue": "{{ x }}",
        "d.bin": "\0\1{{ x }}",
    }


def test_hooks_are_not_run_and_the_log_says_so(tmp_path: Path) -> None:
    hook = "#!/bin/sh\ntouch pwned\nexit 1\n"
    files: dict[str, str | bytes] = {
        "cookiecutter.json": json.dumps(DEFINITION),
        f"{PROJECT}/a": "a",
        "hooks/pre_gen_project.sh": hook,
        "hooks/post_gen_project.py": "open('pwned', 'w')",
        "hooks/pre_prompt.py": "open('pwned', 'w')",
    }
    skeleton = grow(tmp_path / "skeleton", files)
    made, notes = fetch_cookiecutter(skeleton, tmp_path / "out", CookiecutterOptions())
    assert made == ["a"]
    assert notes == ["hooks of the cookiecutter were not run"]
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"license": "GPL"}, "value 'license' is 'GPL'; choose one of MIT, Apache-my-app"),
        ({"docker": "perhaps"}, "value 'docker' is 'perhaps'; the cookiecutter wants yes or no"),
        ({"labels": "x"}, "value 'labels' is 'x'; the cookiecutter wants an object there"),
        ({"slug": "../../escaped"}, "path '../../escaped' leaves its folder"),
        ({"slug": "/tmp/escaped"}, "path '/tmp/escaped' leaves its folder"),
        ({"slug": "%2e%2e/escaped"}, "leaves its folder"),
        ({"slug": "a/b"}, "it must be one name, not a path"),
        ({"slug": "x\0y"}, "leaves its folder"),
        ({"slug": ""}, "it must be one name"),
        ({"slug": ".."}, "leaves its folder"),
        ({"slug": "{{ 7*7 }}"}, "renders to '{{ 7*7 }}', an expression: give a plain name"),
    ],
)
def test_a_value_that_does_not_fit_is_named(tmp_path: Path, given: dict[str, Any], reason: str) -> None:
    assert reason in refusal(tmp_path, {f"{PROJECT}/a": "a"}, **given)


UP = {"slug": "x", "sep": "/", "up": "../", "_copy_without_render": ["raw*"]}
SHELL = "{{ cycler.__init__.__globals__.os.popen('touch pwned').read() }}"


@pytest.mark.parametrize(
    ("files", "definition", "reason"),
    [
        ({f"{PROJECT}/a": SHELL}, None, "does what a template may not"),
        ({f"{PROJECT}/a": "{{ ''.__class__.__mro__ }}"}, None, "does what a template may not"),
        ({f"{PROJECT}/a": "{{ cookiecutter.update({}) }}"}, None, "does what a template may not"),
        ({f"{PROJECT}/a": "a"}, {"slug": SHELL}, "does what a template may not"),
        (
            {f"{PROJECT}/a": "a"},
            {"slug": "x", "_extensions": ["evil.Extension"]},
            "extension 'evil.Extension'",
        ),
        (
            {f"{PROJECT}/a": "a"},
            {"slug": "x", "_extensions": "evil"},
            "_extensions of cookiecutter.json is not a list",
        ),
        (
            {f"{PROJECT}/a": "a"},
            {"slug": "x", "_jinja2_env_vars": {"loader": "x"}},
            "'loader' is not allowed",
        ),
        ({f"{PROJECT}/a": "{{ nope }}"}, None, "'nope' is undefined"),
        ({f"{PROJECT}/a": "\n\n{% if %}"}, None, "cookiecutter file 'a', line 3"),
        ({f"{PROJECT}/{{{{ cookiecutter.up * 2 }}}}escaped": "a"}, UP, "leaves its folder"),
        ({f"{PROJECT}/{{{{ cookiecutter.up * 2 }}}}escaped/a": "a"}, UP, "leaves its folder"),
        ({f"{PROJECT}/{{{{ cookiecutter.sep }}}}tmp/escaped": "a"}, UP, "leaves its folder"),
        ({f"{PROJECT}/{{{{ cookiecutter.up }}}}stray": "a"}, UP, "beside its project folder"),
        (
            {f"{PROJECT}/raw{{{{ cookiecutter.sep ~ cookiecutter.up * 3 }}}}/escaped": "a"},
            UP,
            "leaves its folder",
        ),
        ({"other/a": "a"}, None, "cannot be rendered"),
        ({f"{PROJECT}/a": "{% include '../../cookiecutter.json' %}"}, None, "cannot be rendered"),
        ({f"{PROJECT}/a": "{% include '/etc/passwd' %}"}, None, "cannot be rendered"),
    ],
)
def test_an_attack_ends_in_a_sentence(
    tmp_path: Path, files: dict[str, str | bytes], definition: Any, reason: str
) -> None:
    assert reason in refusal(tmp_path, files, definition)


@pytest.mark.parametrize("definition", ["[]", "{", "5", "[" * 100_000])
def test_a_definition_that_is_none(tmp_path: Path, definition: str) -> None:
    skeleton = grow(tmp_path / "skeleton", {"cookiecutter.json": definition, f"{PROJECT}/a": "a"})
    with pytest.raises(InputError, match=r"cookiecutter\.json is not"):
        fetch_cookiecutter(skeleton, tmp_path / "out", CookiecutterOptions())
    (skeleton / "cookiecutter.json").unlink()
    with pytest.raises(InputError, match=r"the skeleton has no cookiecutter\.json"):
        fetch_cookiecutter(skeleton, tmp_path / "out", CookiecutterOptions())
