"""`greenroom scaffold dry-run`, `lint` and `test`, as an author calls them: no server, no database, nothing left behind."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TEMPLATE = """\
apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata: {name: hello}
spec:
  type: service
  parameters:
    required: [name]
    properties:
      name: {type: string, pattern: '^[a-z]+$'}
      count: {type: integer, default: 2}
  steps:
    - id: fetch
      action: fetch:template
      input:
        url: ./skeleton
        values: {name: '${{ parameters.name }}', count: '${{ parameters.count }}'}
    - {id: say, action: 'debug:log', input: {message: '${{ secrets.pw }}'}}
    - {id: publish, action: 'publish:local', input: {repoUrl: 'local?owner=acme&repo=${{ parameters.name }}'}}
  output: {n: '${{ parameters.count }}'}
"""
CASE = "values: {name: orders}\nexpect: {files: {orders.txt: {equals: 'orders 2'}}}\n"


@pytest.fixture
def template(tmp_path: Path) -> Path:
    folder = tmp_path / "hello"
    (folder / "skeleton").mkdir(parents=True)
    (folder / "tests").mkdir()
    (folder / "template.yaml").write_text(TEMPLATE)
    (folder / "skeleton/${{ values.name }}.txt").write_text("${{ values.name }} ${{ values.count }}")
    (folder / "tests/a.yaml").write_text(CASE)
    return folder


def greenroom(*words: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own: without settings, and with a database that is not there."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GREENROOM_")}
    environment |= {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1"}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    call = [sys.executable, "-c", "from config.cli import main; main()", "scaffold", *map(str, words)]
    return subprocess.run(call, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_a_dry_run_leaves_the_workspace_where_it_is_asked_to(template: Path, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.yaml"
    secrets.write_text("pw: s3cr3t-value\n")
    here = tmp_path / "here"
    here.mkdir()
    words = ("dry-run", template, "-p", "name=orders", "-p", "count=5", "--secrets", secrets)
    ended = greenroom(*words, "--out", tmp_path / "out", folder=here)
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "out/orders.txt").read_text() == "orders 5"
    assert "1 files in" in ended.stdout
    assert "***" in ended.stdout
    assert "s3cr3t-value" not in ended.stdout + ended.stderr
    assert list(here.iterdir()) == []
    again = greenroom(*words, "--out", tmp_path / "out", folder=here)
    assert (again.returncode, "is not empty" in again.stderr) == (1, True)


def test_a_dry_run_for_programs(template: Path, tmp_path: Path) -> None:
    values = tmp_path / "values.yaml"
    values.write_text("name: orders\n")
    told = json.loads(greenroom("dry-run", template, "--values", values, "--json", folder=tmp_path).stdout)
    assert (told["files"], told["output"], told["error"]) == (["orders.txt"], {"n": 2}, None)


def test_answers_that_do_not_fit_are_named(template: Path, tmp_path: Path) -> None:
    ended = greenroom("dry-run", template, "-p", "name=UP", folder=tmp_path)
    assert ended.returncode == 1
    assert 'instance.name does not match pattern "^[a-z]+$"' in ended.stderr


def test_lint_and_its_exit_status(template: Path, tmp_path: Path) -> None:
    fine = greenroom("lint", template, folder=tmp_path)
    assert (fine.returncode, "0 errors" in fine.stderr) == (0, True), fine.stdout
    file = template / "template.yaml"
    file.write_text(file.read_text().replace("publish:local", "publish:lokal"))
    wrong = greenroom("lint", template, "--json", folder=tmp_path)
    assert wrong.returncode == 1
    found = {one["rule"]: one for one in json.loads(wrong.stdout)}
    assert found["unknown-action"]["line"] == 18
    assert "publish:local" in found["unknown-action"]["wayOut"]


def test_cases_and_their_exit_status(template: Path, tmp_path: Path) -> None:
    fine = greenroom("test", template, folder=tmp_path)
    assert (fine.returncode, "1 passed, 0 failed" in fine.stderr) == (0, True), fine.stdout
    (template / "tests/a.yaml").write_text(CASE.replace("orders 2", "orders 3"))
    wrong = greenroom("test", template, folder=tmp_path)
    assert wrong.returncode == 1
    assert "-orders 3" in wrong.stdout
    (template / "tests/a.yaml").unlink()
    assert "has no cases" in greenroom("test", template, folder=tmp_path).stderr
