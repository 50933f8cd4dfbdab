"""The action of docs/guides/add-an-action.md, as it stands there: loaded, run, run again, rolled back, refused."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from scaffolder.models import Effect, Run
from scaffolder.rollback.actions import roll_back
from scaffolder.rollback.models import Rollback
from scaffolder.rollback.runner import execute as take_back
from scaffolder.steps import ACTIONS
from scaffolder.steps.added import load_actions
from scaffolder.tasks import execute_run
from tests.conftest import Api
from tests.scaffolder.conftest import BY, TASKS, Workshop

pytestmark = pytest.mark.django_db

GUIDE = Path(__file__).parents[2] / "docs/guides/add-an-action.md"
STEPS = [{"id": "open", "action": "acme:ticket:open", "input": {"project": "OPS", "title": "New"}}]


@pytest.fixture
def tracker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The guide's module, loaded as an installation loads it; its tracker is a folder of the test's own."""
    found = re.search(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert found is not None
    folder = tmp_path / "tracker"
    (tmp_path / "acme_actions.py").write_text(found[1].replace("/tmp/acme-tracker", str(folder)))
    monkeypatch.syspath_prepend(tmp_path)
    before = dict(ACTIONS)
    assert load_actions(["acme_actions"]) == []
    yield folder
    load_actions([])
    assert before == ACTIONS
    import sys

    sys.modules.pop("acme_actions", None)


def test_it_runs_once_however_often_it_is_done(tracker: Path, workshop: Workshop, api: Api) -> None:
    ref = workshop.offer("ticket", STEPS, output={"number": "${{ steps.open.output.number }}"})
    run_id = workshop.run(ref)
    assert workshop.output(run_id) == {"number": 1}
    api.post(f"{TASKS}/{run_id}/retry", {})
    execute_run(run_id)
    assert [json.loads(place.read_text())["mark"] for place in tracker.glob("*")] == [run_id]


def test_it_is_taken_back(tracker: Path, workshop: Workshop) -> None:
    run_id = workshop.run(workshop.offer("ticket", STEPS))
    roll_back(run=Run.objects.get(pk=run_id), by=BY)
    take_back(Rollback.objects.get(run_id=run_id).pk)
    assert list(tracker.glob("*")) == []
    assert Effect.objects.get(run_id=run_id).undone_at is not None


def test_it_is_listed_and_its_input_is_checked(tracker: Path, workshop: Workshop, api: Api) -> None:
    listed = api.get("/api/scaffolder/v2/actions").json()
    assert "acme:ticket:open" in [one["id"] for one in listed]
    assert listed == sorted(listed, key=lambda one: str(one["id"]))
    wrong = [{**STEPS[0], "input": {"project": "OPS"}}]
    error = workshop.completion(workshop.run(workshop.offer("wrong", wrong)))["error"]["message"]
    assert 'requires property "title"' in error


@pytest.mark.parametrize(
    ("module", "says"),
    [
        ("ACTIONS = (1,)", "it takes Action"),
        ("from scaffolder.steps.debug import ACTIONS", "is there already"),
        ("from scaffolder.steps.port import Action\nACTIONS = (Action('x', '', {}, print),)", "is no id"),
        ("from scaffolder.steps.port import Action\nACTIONS = (Action('x:y', '', {'type': 7}, print),)", "JSON Schema"),
        ("import nowhere_to_be_found", "nowhere_to_be_found"),
    ],
)  # fmt: skip
def test_a_module_that_is_wrong_adds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, says: str
) -> None:
    name = f"wrong_{abs(hash(module))}"
    (tmp_path / f"{name}.py").write_text(module)
    monkeypatch.syspath_prepend(tmp_path)
    before = dict(ACTIONS)
    (problem,) = load_actions([name])
    assert says in problem
    assert before == ACTIONS
