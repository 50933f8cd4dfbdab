"""`greenroom scaffold show|retry|cancel|rollback|approve|reject` against a running server."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from config.cli import deciding, main
from identity.actions import create_token
from scaffolder import runner
from scaffolder.rollback.models import Rollback
from scaffolder.tasks import execute_run, roll_back
from scm.models import LocalRepository
from tests.conftest import TESTS
from tests.scaffolder.approvals.conftest import PLATFORM, Desk, desk, people
from tests.scaffolder.conftest import Workshop, workshop

__all__ = ["desk", "people", "workshop"]

pytestmark = pytest.mark.django_db(transaction=True)

Greenroom = Callable[..., tuple[int, str, str]]
PUBLISH = {
    "id": "publish",
    "action": "publish:local",
    "input": {"repoUrl": "local?owner=acme&repo=shop"},
}
FETCH = {"id": "fetch", "action": "fetch:plain", "input": {"url": "./skeleton"}}
NEEDS = {"id": "needs", "action": "debug:log", "input": {"message": "${{ secrets.pw }}"}}
SKELETON = {"skeleton/README.md": "# Shop\n"}
FAILS = {"id": "fails", "action": "fs:rename", "input": {"files": [{"from": "nothing", "to": "x"}]}}


@pytest.fixture
def greenroom(
    live_server: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Greenroom:
    """Run a command of `scaffold` as an administrator, or for somebody: exit status, output, what was said."""
    monkeypatch.setenv("GREENROOM_URL", live_server.url)
    monkeypatch.setattr(runner, "PAUSE", 0.0)
    tokens: dict[str, str] = {}

    def run(*words: str, by: str = "") -> tuple[int, str, str]:
        if by not in tokens:
            role, person = ("developer", f"user:default/{by}") if by else ("admin", "")
            _, tokens[by] = create_token(name=f"cli-{by}", role=role, acts_for=person, by=TESTS)
        monkeypatch.setenv("GREENROOM_TOKEN", tokens[by])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["scaffold", *words])
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the command waits, a worker takes back what was asked for."""

    def work(_seconds: float) -> None:
        for asked in Rollback.objects.filter(state="requested"):
            roll_back(str(asked.pk))

    monkeypatch.setattr(deciding, "time", SimpleNamespace(sleep=work))


def failed(workshop: Workshop) -> str:
    run_id = workshop.run(workshop.offer("service", [FETCH, PUBLISH, FAILS], SKELETON))
    assert workshop.task(run_id)["status"] == "failed"
    return run_id


def repositories() -> list[str]:
    return [str(one) for one in LocalRepository.objects.exclude(owner="templates")]


def test_a_failed_run_is_shown_with_what_to_do_about_it(greenroom: Greenroom, workshop: Workshop) -> None:
    run_id = failed(workshop)
    status, out, err = greenroom("show", run_id)
    assert (status, err) == (0, "")
    lines = [line.split() for line in out.splitlines()]
    assert ["State", "failed"] in lines
    assert ["repository", "local:acme/shop", "made", "publish"] in lines
    assert [line[:2] for line in lines if line and line[0] in {"publish", "fails"}] == [
        ["publish", "completed"],
        ["fails", "failed"],
    ]
    assert f"greenroom scaffold retry {run_id}" in out
    assert f"greenroom scaffold rollback {run_id}" in out
    told = json.loads(greenroom("show", run_id, "--json")[1])
    assert (told["id"], told["approval"], len(told["effects"])) == (run_id, None, 2)


def test_a_run_is_taken_back(greenroom: Greenroom, workshop: Workshop, worker: None) -> None:
    run_id = failed(workshop)
    status, _, err = greenroom("rollback", run_id)
    assert (status, "is being taken back" in err) == (0, True)
    assert repositories() == ["acme/shop"]
    status, out, _ = greenroom("rollback", run_id, "--follow")
    assert (status, repositories()) == (0, []), out
    assert "undone" in out
    nothing = workshop.run(workshop.offer("none", [FAILS]))
    assert "made nothing outside" in greenroom("rollback", nothing, "--follow")[2]


def test_what_is_left_to_a_person_is_told_and_is_no_success(
    greenroom: Greenroom, workshop: Workshop, worker: None
) -> None:
    run_id = failed(workshop)
    LocalRepository.objects.filter(owner="acme").delete()
    LocalRepository.objects.create(owner="acme", name="shop", made_by="somebody")
    status, out, err = greenroom("rollback", run_id, "--follow")
    assert status == 1
    assert "Left to a person:\n  repository local:acme/shop: " in out, out
    assert f"run {run_id} is not taken back whole" in err
    assert repositories() == ["acme/shop"]


def test_a_run_goes_on_with_new_secrets(greenroom: Greenroom, workshop: Workshop, tmp_path: Path) -> None:
    run_id = workshop.run(
        workshop.offer("service", [FETCH, PUBLISH, FAILS, NEEDS], SKELETON), secrets={"pw": "first-pw"}
    )
    secrets = tmp_path / "secrets.yaml"
    secrets.write_text("pw: s3cr3t-value\n")
    status, out, err = greenroom("retry", run_id, "--secrets", str(secrets))
    assert (status, out, err) == (0, "", f"Run {run_id} is asked to go on.\n")
    assert workshop.task(run_id)["status"] == "open"
    status, _, err = greenroom("retry", run_id)
    assert (status, "cannot be retried" in err) == (1, True)
    execute_run(run_id)
    assert repositories() == ["acme/shop"]


def test_a_run_is_stopped_once(greenroom: Greenroom, workshop: Workshop) -> None:
    run_id = workshop.start(workshop.offer("service", [PUBLISH]))
    assert greenroom("cancel", run_id) == (0, "", f"Run {run_id} is asked to stop.\n")
    assert greenroom("cancel", run_id) == (0, "", f"Run {run_id} has ended already: cancelled.\n")
    assert repositories() == []


def test_a_plan_is_approved_by_its_hash(greenroom: Greenroom, desk: Desk) -> None:
    run_id = desk.planned(desk.offer(approval=PLATFORM))
    digest = desk.request(run_id)["digest"]
    out = greenroom("show", run_id)[1]
    assert "It waits for an approval: " in out
    assert f"The plan has the hash {digest}" in out
    status, _, err = greenroom("approve", run_id, by="pat")
    assert (status, "give --hash" in err) == (1, True)
    status, _, err = greenroom("approve", run_id, "--hash", "0" * 64, by="pat")
    assert (status, digest in err) == (1, True)
    status, _, err = greenroom("approve", run_id, "--hash", digest, by="ana")
    assert (status, "nobody approves what they asked for" in err) == (1, True)
    assert greenroom("approve", run_id, "--hash", digest, by="pat") == (
        0,
        "",
        f"Run {run_id} is approved; it begins.\n",
    )
    execute_run(run_id)
    assert desk.workshop.task(run_id)["status"] == "completed"


def test_a_run_is_rejected_with_a_reason(greenroom: Greenroom, desk: Desk) -> None:
    run_id = desk.planned(desk.offer(approval=PLATFORM))
    status, _, err = greenroom("reject", run_id, by="pat")
    assert (status, "--reason" in err) == (2, True)
    assert greenroom("reject", run_id, "--reason", "not now", by="pat")[0] == 0
    assert "not now" in greenroom("show", run_id)[1] + json.dumps(desk.request(run_id))
    assert desk.workshop.task(run_id)["status"] == "cancelled"


@pytest.mark.parametrize("words", [["show"], ["retry"], ["cancel"], ["rollback"]])
def test_a_run_that_is_not_there_is_one_sentence(greenroom: Greenroom, words: list[str]) -> None:
    status, out, err = greenroom(*words, "00000000-0000-4000-8000-000000000000")
    assert (status, out, len(err.splitlines())) == (1, "", 1)
