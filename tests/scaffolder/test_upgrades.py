"""A repository made from a template is brought up to a newer version by a pull request."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from catalog.tasks import refresh_location
from identity.actions import create_token
from scaffolder.errors import CannotUndo
from scaffolder.journal import Journal
from scaffolder.models import Effect, Instance, Run, TemplateVersion, Upgrade
from scaffolder.registry.timetable import look_at_templates
from scaffolder.rendering.landing import remove
from scaffolder.rollback.models import Rollback
from scaffolder.steps import action_named
from scaffolder.steps.port import Made, UndoContext
from scaffolder.tasks import execute_run, look_at_event, roll_back
from scaffolder.template import workflow_steps
from scaffolder.upgrades.following import look_at_many
from scm.models import Event
from scm.registry import publishing_host
from scm.values import PullRequest, RepositoryName
from tests.conftest import Api
from tests.scaffolder.conftest import BY, TASKS, Workshop
from tests.scaffolder.registry_world import AUTHOR, SKELETON, change, document, look_now, offer
from tests.scaffolder.traps import Killed, run_out

pytestmark = pytest.mark.django_db
OURS = "/api/v1/scaffolder"
ONE = RepositoryName("acme", "one")
BRANCH = "greenroom/upgrade-service"
LONG = "".join(f"line {number}\n" for number in range(30))
FILES = {**SKELETON, "skeleton/long.txt": LONG, "skeleton/old.txt": "old\n"}


@pytest.fixture
def instance(workshop: Workshop) -> Instance:
    """A repository of version 1."""
    workshop.run(offer(workshop, files=FILES), {"name": "one"})
    return Instance.objects.get()


def local() -> Any:
    return publishing_host("local")


def push(tmp_path: Path, files: dict[str, str | None], branch: str = "main") -> str:
    """What somebody changes in the repository."""
    folder = tmp_path / "pushed"
    remove(folder)
    folder.mkdir()
    for path, text in files.items():
        if text is not None:
            (folder / path).write_text(text)
    gone = [path for path, text in files.items() if text is None]
    return str(local().push_changes(ONE, folder, branch=branch, message="work", author=AUTHOR, delete=gone))


def ask(api: Api, instance: Instance, **body: Any) -> dict[str, Any]:
    answer = api.post(f"{OURS}/instances/{instance.pk}/upgrade", body)
    assert answer.status_code == 202, answer.content
    return dict(answer.json())


def upgraded(workshop: Workshop, api: Api, instance: Instance, **body: Any) -> dict[str, Any]:
    """Ask for an upgrade and carry it out; how it stands then."""
    made = ask(api, instance, **body)
    execute_run(made["run"])
    completion = workshop.completion(made["run"])
    assert "error" not in completion, (completion, workshop.messages(made["run"]))
    return shown(api, instance)["upgrades"][0]


def shown(api: Api, instance: Instance) -> dict[str, Any]:
    return dict(api.get(f"{OURS}/instances/{instance.pk}").json())


def pulls() -> list[PullRequest]:
    return list(local().open_pull_requests(ONE))


def read(path: str, ref: str = BRANCH) -> str:
    return str(local().read_file(ONE, ref, path).decode())


def newer(workshop: Workshop) -> str:
    return change(
        workshop,
        "service",
        {
            "skeleton/long.txt": LONG.replace("line 25\n", "line 25 of ${{ values.name }}\n"),
            "skeleton/old.txt": None,
            "skeleton/fresh/new.txt": "new\n",
        },
    )


def test_what_changed_between_the_versions_is_proposed(
    workshop: Workshop, api: Api, instance: Instance, tmp_path: Path
) -> None:
    push(tmp_path, {"long.txt": LONG.replace("line 3\n", "mine\n"), "own.txt": "own\n"})
    newer(workshop)
    found = upgraded(workshop, api, instance)
    assert (found["state"], found["draft"], found["conflicts"]) == ("open", False, [])
    (pull,) = pulls()
    assert (pull.number, pull.source_branch, pull.target_branch) == (found["pullRequest"], BRANCH, "main")
    assert "from version 1 to version 2" in pull.body
    assert "mine\n" in read("long.txt")
    assert "line 25 of one\n" in read("long.txt")
    assert set(local().list_files(ONE, BRANCH)) == {
        "README.md", "catalog-info.yaml", "long.txt", "own.txt", "fresh/new.txt",
    }  # fmt: skip
    assert workshop.output(found["run"])["links"][0]["url"] == pull.web_url


def test_the_instance_is_of_the_new_version_once_it_is_merged(
    workshop: Workshop, api: Api, instance: Instance
) -> None:
    newer(workshop)
    upgraded(workshop, api, instance)
    assert shown(api, instance)["drift"] == 1
    local().merge_pull_request(ONE, pulls()[0].number, by=AUTHOR)
    look_at_event(str(Event.objects.filter(kind="pull_request").latest("pk").pk))
    found = shown(api, instance)
    assert (found["version"], found["drift"], found["upgrades"][0]["state"]) == (2, 0, "merged")
    refresh_location(str(instance.location))
    entity = api.get("/api/catalog/entities/by-name/component/default/one").json()
    assert entity["metadata"]["annotations"]["greenroom.dev/template-version"] == "2"
    # and the next one starts from there
    change(workshop, "service", {"skeleton/fresh/new.txt": "newer\n"})
    again = upgraded(workshop, api, instance)
    assert (again["fromVersion"], again["toVersion"]) == (2, 3)
    assert read("fresh/new.txt") == "newer\n"


def test_a_declined_one_leaves_the_version_and_can_be_asked_for_again(
    workshop: Workshop, api: Api, instance: Instance
) -> None:
    newer(workshop)
    upgraded(workshop, api, instance)
    local().close_pull_request(ONE, pulls()[0].number, by="tests")
    look_now()
    assert shown(api, instance)["upgrades"][0]["state"] == "closed"
    assert shown(api, instance)["version"] == 1
    again = upgraded(workshop, api, instance)
    assert again["state"] == "open"
    assert len(pulls()) == 1


def test_conflicts_make_a_draft_that_lists_them(
    workshop: Workshop, api: Api, instance: Instance, tmp_path: Path
) -> None:
    push(tmp_path, {"README.md": "# one\n\nmine\n"})
    change(workshop, "service", {"skeleton/README.md": "# ${{ values.name }}\n\nsecond\n"})
    found = upgraded(workshop, api, instance)
    assert (found["draft"], found["conflicts"]) == (True, ["README.md"])
    (pull,) = pulls()
    assert pull.draft
    assert "- `README.md`" in pull.body
    assert read("README.md") == ("# one\n\n<<<<<<< repository\nmine\n=======\nsecond\n>>>>>>> template-2\n")


def test_no_change_makes_no_pull_request_and_says_so(
    workshop: Workshop, api: Api, instance: Instance, tmp_path: Path
) -> None:
    change(workshop, "service", {"skeleton/README.md": "second\n"})
    push(tmp_path, {"README.md": "second\n"})  # somebody has done it by hand
    found = upgraded(workshop, api, instance)
    assert found["state"] == "unchanged"
    assert pulls() == []
    assert any("nothing to propose" in text for text in workshop.messages(found["run"]))
    assert shown(api, instance)["drift"] == 0


def test_asking_again_renews_the_one_that_is_open(workshop: Workshop, api: Api, instance: Instance) -> None:
    newer(workshop)
    first = upgraded(workshop, api, instance)
    change(workshop, "service", {"skeleton/fresh/new.txt": "newest\n"})
    second = upgraded(workshop, api, instance)
    assert second["id"] == first["id"]
    (pull,) = pulls()
    assert pull.number == first["pullRequest"]
    assert "from version 1 to version 3" in pull.body
    assert read("fresh/new.txt") == "newest\n"
    assert Upgrade.objects.count() == 1


def test_a_branch_on_which_people_work_is_left_alone(
    workshop: Workshop, api: Api, instance: Instance, tmp_path: Path
) -> None:
    newer(workshop)
    upgraded(workshop, api, instance)
    theirs = push(tmp_path, {"more.txt": "by hand\n"}, branch=BRANCH)
    change(workshop, "service", {"skeleton/fresh/new.txt": "newest\n"})
    made = ask(api, instance)
    execute_run(made["run"])
    error = workshop.completion(made["run"])["error"]
    assert "Somebody else pushed to greenroom/upgrade-service" in error["message"]
    assert {branch.name: branch.sha for branch in local().branches(ONE)}[BRANCH] == theirs


def test_an_upgrade_that_is_being_prepared_is_not_doubled(
    workshop: Workshop, api: Api, instance: Instance
) -> None:
    newer(workshop)
    first = ask(api, instance)
    assert ask(api, instance)["run"] == first["run"]
    assert Run.objects.filter(serves="upgrade").count() == 1
    other = api.post(f"{OURS}/instances/{instance.pk}/upgrade", {"values": {"name": "other"}})
    assert other.status_code == 409
    api.post(f"{TASKS}/{first['run']}/cancel", {})
    look_now()
    assert shown(api, instance)["upgrades"][0]["state"] == "failed"
    assert upgraded(workshop, api, instance)["state"] == "open"


def test_a_retry_after_a_kill_doubles_nothing(workshop: Workshop, api: Api, instance: Instance) -> None:
    newer(workshop)
    first = upgraded(workshop, api, instance)
    head = {branch.name: branch.sha for branch in local().branches(ONE)}[BRANCH]
    assert api.post(f"{TASKS}/{first['run']}/retry", {}).status_code == 201
    execute_run(first["run"])
    assert "error" not in workshop.completion(first["run"])
    assert [pull.number for pull in pulls()] == [first["pullRequest"]]
    assert {branch.name: branch.sha for branch in local().branches(ONE)}[BRANCH] == head


def test_a_retry_leaves_alone_what_people_pushed_since(
    workshop: Workshop, api: Api, instance: Instance, tmp_path: Path
) -> None:
    newer(workshop)
    first = upgraded(workshop, api, instance)
    theirs = push(tmp_path, {"long.txt": "by hand\n"}, branch=BRANCH)
    api.post(f"{TASKS}/{first['run']}/retry", {})
    execute_run(first["run"])
    error = workshop.completion(first["run"])["error"]
    assert "Somebody else pushed to greenroom/upgrade-service" in error["message"]
    assert {branch.name: branch.sha for branch in local().branches(ONE)}[BRANCH] == theirs


@pytest.mark.parametrize("nth", range(2))
@pytest.mark.parametrize("point", ["intend", "prove"])
def test_a_worker_that_is_killed_while_it_proposes_leaves_one_of_each(
    workshop: Workshop, api: Api, instance: Instance, monkeypatch: pytest.MonkeyPatch, point: str, nth: int
) -> None:
    newer(workshop)
    run_id = ask(api, instance)["run"]
    real, seen = getattr(Journal, point), []

    def dies(journal: Any, *args: Any, **more: Any) -> Any:
        seen.append(args)
        if len(seen) > nth:
            raise Killed
        return real(journal, *args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, point, dies)
        with pytest.raises(Killed):
            execute_run(run_id)
    run_out(run_id)
    execute_run(run_id)
    assert workshop.task(run_id)["status"] == "completed", workshop.messages(run_id)
    assert len(pulls()) == 1
    assert {branch.name for branch in local().branches(ONE)} == {"main", BRANCH}
    assert shown(api, instance)["upgrades"][0]["state"] == "open"
    assert set(Effect.objects.filter(run_id=run_id).values_list("state", flat=True)) == {"made"}


def test_what_the_new_version_asks_has_its_default_or_is_named(
    workshop: Workshop, api: Api, instance: Instance
) -> None:
    form = {
        "required": ["name", "port"],
        "properties": {
            "name": {"type": "string"},
            "port": {"type": "integer"},
            "team": {"type": "string", "default": "core"},
        },
    }
    steps = workflow_steps(document())
    values = {name: "${{ parameters." + name + " }}" for name in ("name", "port", "team")}
    steps[0] = {**steps[0], "input": {"url": "./skeleton", "values": values}}
    changed = json.dumps(document(parameters=form, steps=steps))
    change(
        workshop,
        "service",
        {"template.yaml": changed, "skeleton/own": "${{ values.port }} ${{ values.team }}\n"},
    )
    answer = api.post(f"{OURS}/instances/{instance.pk}/upgrade", {})
    assert answer.status_code == 400
    said = answer.json()["error"]["message"]
    assert 'do not fit version 2: instance requires property "port"' in said
    upgraded(workshop, api, instance, values={"port": 80})
    assert read("own") == "80 core\n"
    local().merge_pull_request(ONE, pulls()[0].number, by=AUTHOR)
    look_now()
    assert shown(api, instance)["values"] == {"name": "one", "port": 80, "team": "core"}


def test_an_old_version_that_cannot_be_read_gives_way_to_what_was_published(
    workshop: Workshop, api: Api, instance: Instance, tmp_path: Path
) -> None:
    push(tmp_path, {"long.txt": LONG.replace("line 3\n", "mine\n")})
    TemplateVersion.objects.filter(number=1).update(commit="0" * 40)
    newer(workshop)
    found = upgraded(workshop, api, instance)
    said = workshop.messages(found["run"])
    assert any("cannot be rendered any more" in text for text in said)
    assert any(f"starts from the commit {instance.commit[:12]}" in text for text in said)
    assert "mine\n" in read("long.txt")
    assert "line 25 of one\n" in read("long.txt")
    assert found["conflicts"] == []


def test_what_is_refused_before_anything_is_made(
    workshop: Workshop, api: Api, instance: Instance, as_role: Any
) -> None:
    address = f"{OURS}/instances/{instance.pk}/upgrade"
    assert api.post(address, {}).status_code == 409  # it is of the newest
    assert api.post(address, {"version": 9}).status_code == 404
    assert api.post(address, {"version": "new"}).status_code == 400
    assert api.post(address, {"verison": 1}).status_code == 400
    assert api.post(f"{OURS}/instances/999999/upgrade", {}).status_code == 404
    assert as_role("viewer").post(address, {}).status_code == 403
    newer(workshop)
    uid = api.get("/api/catalog/entities/by-name/component/default/one").json()["metadata"]["uid"]
    api.delete(f"/api/catalog/entities/by-uid/{uid}")
    answer = api.post(address, {})
    assert answer.status_code == 404
    assert "not in the catalog any more" in answer.json()["error"]["message"]
    assert not Upgrade.objects.exists()


def test_a_template_cannot_name_the_steps_of_an_upgrade(workshop: Workshop, api: Api) -> None:
    ref = workshop.offer(
        "sly", [{"id": "x", "action": "upgrade:propose", "input": {"head": "a", "commit": "b"}}]
    )
    answer = api.post(TASKS, {"templateRef": ref, "values": {}})
    assert answer.status_code == 400
    assert "upgrade:propose" in answer.json()["error"]["message"]
    assert not any("upgrade" in action["id"] for action in api.get("/api/scaffolder/v2/actions").json())


def test_what_an_upgrade_made_is_taken_back(workshop: Workshop, api: Api, instance: Instance) -> None:
    newer(workshop)
    found = upgraded(workshop, api, instance)
    assert api.post(f"{OURS}/runs/{found['run']}/rollback").status_code == 202
    roll_back(str(Rollback.objects.get(run_id=found["run"]).pk))
    assert pulls() == []
    assert [branch.name for branch in local().branches(ONE)] == ["main"]
    states = Effect.objects.filter(run_id=found["run"]).values_list("state", flat=True)
    assert set(states) == {"undone"}
    look_now()
    assert shown(api, instance)["upgrades"][0]["state"] == "closed"
    assert upgraded(workshop, api, instance)["state"] == "open"


def test_an_open_upgrade_is_looked_at_less_and_less_often(
    workshop: Workshop, api: Api, instance: Instance
) -> None:
    newer(workshop)
    upgraded(workshop, api, instance)
    now = timezone.now()
    for age, since, expected in (
        (timedelta(minutes=5), timedelta(seconds=20), False),
        (timedelta(minutes=5), timedelta(seconds=40), True),
        (timedelta(hours=4), timedelta(minutes=11), False),
        (timedelta(days=9), timedelta(minutes=59), False),
        (timedelta(days=9), timedelta(minutes=61), True),
    ):
        before = now - since
        Upgrade.objects.update(created_at=now - age, looked_at=before)
        look_at_many()
        assert (Upgrade.objects.get().looked_at > before) is expected, (age, since)


def test_a_merged_upgrade_is_left_to_a_person(workshop: Workshop, api: Api, instance: Instance) -> None:
    newer(workshop)
    found = upgraded(workshop, api, instance)
    local().merge_pull_request(ONE, pulls()[0].number, by=AUTHOR)
    effect = Effect.objects.get(run_id=found["run"], kind="pull request")
    undo = action_named(effect.action).undo
    assert undo is not None
    with pytest.raises(CannotUndo, match="is merged: revert it"):
        undo(UndoContext(found["run"], print), Made(effect.kind, effect.key, effect.details, True))


def test_upgrades_do_not_count_as_uses(workshop: Workshop, api: Api, instance: Instance) -> None:
    newer(workshop)
    upgraded(workshop, api, instance)
    assert api.get(f"{OURS}/templates/default/service").json()["statistics"]["runs"] == 1


def test_instances_are_found_by_their_entity(api: Api, instance: Instance) -> None:
    found = api.get(f"{OURS}/instances", {"entity": "component:default/one"}).json()["items"]
    assert [one["id"] for one in found] == [instance.pk]
    assert api.get(f"{OURS}/instances").status_code == 400


@pytest.mark.parametrize(
    "conditions",
    [
        {"scaffolder.task.read": {"rule": "IS_TASK_OWNER", "params": {"createdBy": ["user:default/zoe"]}}},
        {"catalog.entity.read": {"rule": "IS_ENTITY_KIND", "params": {"kinds": ["Template"]}}},
    ],
    ids=["runs", "entities"],
)
def test_who_may_not_see_the_run_or_the_entity_sees_no_instance(
    api: Api, workshop: Workshop, instance: Instance, conditions: dict[str, Any]
) -> None:
    newer(workshop)
    assert api.post(f"{OURS}/campaigns", {"template": "service"}).status_code == 202
    _, secret = create_token(name="limited", role="developer", conditions=conditions, by=BY)
    limited = Api(secret)
    assert limited.get(f"{OURS}/templates/default/service/instances").json()["totalItems"] == 0
    assert limited.get(f"{OURS}/instances", {"entity": "component:default/one"}).json()["items"] == []
    assert limited.get(f"{OURS}/instances/{instance.pk}").status_code == 404
    assert limited.post(f"{OURS}/instances/{instance.pk}/upgrade", {}).status_code == 404
    campaign = api.get(f"{OURS}/campaigns").json()["items"][0]["id"]
    assert limited.get(f"{OURS}/campaigns/{campaign}/members").json()["items"] == []


def test_a_template_that_is_again_what_it_was_is_of_a_newer_version(
    workshop: Workshop, api: Api, instance: Instance
) -> None:
    newer(workshop)
    look_at_templates()
    change(
        workshop,
        "service",
        {"skeleton/long.txt": LONG, "skeleton/old.txt": "old\n", "skeleton/fresh/new.txt": None},
    )
    look_at_templates()
    assert shown(api, instance)["drift"] == 2
    TemplateVersion.objects.update(seen_commit="")  # as after a commit that changes files elsewhere
    look_at_templates()
    assert upgraded(workshop, api, instance)["state"] == "unchanged"
    found = shown(api, instance)
    assert (found["version"], found["drift"]) == (3, 0)
