"""What a golden path makes is judged by tools that nobody here wrote, and by its own tests."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.golden_paths.answers import GOOD
from tests.golden_paths.making import PATHS, make

PINNED_ACTION = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+")
PINNED_IMAGE = re.compile(r"[\w./-]+:[\w.-]*\d[\w.-]*@sha256:[0-9a-f]{64}")


@pytest.fixture(scope="session", params=PATHS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository made from good answers, one for each golden path."""
    return make(request.param, GOOD, tmp_path_factory.mktemp(request.param))


def tool(name: str, *words: str, cwd: Path) -> None:
    """Run a tool of our environment in the made repository, with nothing of ours in its environment."""
    done = subprocess.run(
        [sys.executable, "-B", "-m", name, *words],
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"{name} {' '.join(words)}\n{done.stdout}{done.stderr}"


def read(made: Path, file: str) -> Any:
    return yaml.safe_load((made / file).read_text(encoding="utf-8"))


def test_its_own_tests_pass(made: Path) -> None:
    tool("pytest", "-q", "-p", "no:cacheprovider", cwd=made)


def test_its_own_linter_is_content(made: Path) -> None:
    tool("ruff", "check", "--no-cache", cwd=made)
    tool("ruff", "format", "--check", "--no-cache", cwd=made)


@pytest.mark.parametrize("name", ["1", "json", "x" * 63])
def test_an_awkward_name_changes_nothing_of_that(name: str, tmp_path: Path) -> None:
    made = make("python-service", GOOD | {"name": name}, tmp_path)
    tool("pytest", "-q", "-p", "no:cacheprovider", cwd=made)
    tool("ruff", "check", "--no-cache", cwd=made)
    tool("ruff", "format", "--check", "--no-cache", cwd=made)


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("vendor.github-workflows", ".github/workflows/ci.yml"),
        ("vendor.gitlab-ci", ".gitlab-ci.yml"),
        ("vendor.dependabot", ".github/dependabot.yml"),
    ],
)
def test_pipelines_fit_their_published_schemas(made: Path, schema: str, file: str) -> None:
    tool("check_jsonschema", "--builtin-schema", schema, file, cwd=made)


def test_nothing_of_the_template_is_left(made: Path) -> None:
    for path in (path for path in made.rglob("*") if path.is_file()):
        name = path.relative_to(made).as_posix()
        text = name + path.read_text(encoding="utf-8")
        assert not re.search(r"\bvalues\.|cookiecutter\.|\{%|%\}|\{#", text), name
        allowed = {".github/workflows/ci.yml", ".gitlab-ci.yml"}  # GitHub's expressions, Docker's format
        assert name in allowed or "{{" not in text, name


def test_every_action_is_pinned_by_commit_and_gets_no_right_it_does_not_need(made: Path) -> None:
    text = (made / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    used = re.findall(r"uses: (.+)", text)
    assert used
    assert all(PINNED_ACTION.fullmatch(action) for action in used), used
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {}
    assert "${{ github.ref }}" in workflow["concurrency"]["group"]
    for name, job in workflow["jobs"].items():
        assert job["permissions"] == {"contents": "read"}, name
        assert job["timeout-minutes"] <= 20, name
        for step in job["steps"]:
            assert "${{" not in step.get("run", ""), (
                f"{name}: an expression in a shell line can be injected into"
            )
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False, name


def test_both_pipelines_lint_then_test_then_build(made: Path) -> None:
    jobs = read(made, ".github/workflows/ci.yml")["jobs"]
    assert {name: job.get("needs") for name, job in jobs.items()} == {
        "lint": None,
        "test": "lint",
        "build": "test",
    }
    gitlab = read(made, ".gitlab-ci.yml")
    assert gitlab["stages"] == ["lint", "test", "build"]
    assert all(gitlab[stage]["stage"] == stage for stage in gitlab["stages"])


def images(made: Path) -> list[str]:
    gitlab = read(made, ".gitlab-ci.yml")
    build = gitlab["build"]
    return [
        *re.findall(r"^FROM (\S+)", (made / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE),
        gitlab["default"]["image"],
        build["image"],
        *(service["name"] for service in build["services"]),
    ]


def test_every_image_is_pinned_by_digest(made: Path) -> None:
    assert all(PINNED_IMAGE.fullmatch(image) for image in images(made)), images(made)


def test_one_version_of_python_everywhere(made: Path) -> None:
    assert len({image for image in images(made) if image.startswith("python:")}) == 1
    (version,) = set(re.findall(r"^FROM python:(\d+\.\d+)", (made / "Dockerfile").read_text(), re.MULTILINE))
    for name, job in read(made, ".github/workflows/ci.yml")["jobs"].items():
        versions = [
            step["with"]["python-version"] for step in job["steps"] if "setup-python" in step.get("uses", "")
        ]
        assert versions in ([version], []), name


def test_the_image_is_built_in_stages_and_runs_without_rights(made: Path) -> None:
    text = (made / "Dockerfile").read_text(encoding="utf-8")
    stages = re.split(r"^(?=FROM )", text, flags=re.MULTILINE)[1:]
    assert len(stages) >= 2
    assert re.search(r"^USER ([1-9]\d*):[1-9]\d*$", stages[-1], re.MULTILINE)
    assert re.search(r"^HEALTHCHECK .*\\\n\s+CMD \[", stages[-1], re.MULTILINE)
    assert re.search(r"^CMD \[", stages[-1], re.MULTILINE), "one process, without a shell in front of it"
    assert f"EXPOSE {GOOD['port']}" in stages[-1]
    assert "pip install" not in stages[-1], "what builds does not run"


def test_every_package_is_locked_by_hash(made: Path) -> None:
    project = tomllib.loads((made / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = {
        "runtime": project["project"]["dependencies"],
        "dev": [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]],
    }
    for kind, requirements in wanted.items():
        text = (made / "requirements" / f"{kind}.txt").read_text(encoding="utf-8")
        entries = re.split(r"^(?=[a-z])", text, flags=re.MULTILINE)[1:]
        assert all(re.match(r"[a-z0-9-]+==\S+ ", entry) and "--hash=sha256:" in entry for entry in entries)
        locked = {entry.partition("==")[0] for entry in entries}
        assert {re.split(r"[<>=!~]", requirement)[0] for requirement in requirements} <= locked, kind


def test_it_takes_nothing_into_the_image_that_is_not_named(made: Path) -> None:
    lines = (made / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert next(line for line in lines if line and not line.startswith("#")) == "*"
