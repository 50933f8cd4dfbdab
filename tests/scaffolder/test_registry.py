"""The template registry: versions, pins, terms, statistics, and what is said of what was made."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from catalog.actions import ingest_now, register
from core.errors import Unavailable
from scaffolder.models import Instance, Run, TemplateVersion
from scaffolder.registry.timetable import look_at_templates
from scaffolder.tasks import execute_run
from scm.local import LocalHost
from scm.registry import publishing_host
from scm.values import RepositoryName
from tests.conftest import Api
from tests.scaffolder.conftest import BY, TASKS, Workshop
from tests.scaffolder.registry_world import AUTHOR, SKELETON, STEPS, change, document, offer

pytestmark = pytest.mark.django_db
OURS = "/api/v1/scaffolder"


def readme(name: str) -> str:
    return publishing_host("local").read_file(RepositoryName("acme", name), "main", "README.md").decode()


def test_a_version_is_recorded_once_and_names_its_commit(workshop: Workshop, api: Api) -> None:
    ref = offer(workshop)
    workshop.run(ref, {"name": "one"})
    workshop.run(ref, {"name": "two"})
    sha = change(workshop, "service", {"skeleton/README.md": "second\n"})
    workshop.run(ref, {"name": "three"})
    found = api.get(f"{OURS}/templates/default/service").json()
    assert [one["number"] for one in found["versions"]] == [2, 1]
    assert found["versions"][0]["commit"] == sha
    assert found["newestVersion"] == 2
    assert Run.objects.filter(template_version__number=1).count() == 2


def test_a_template_that_changes_meanwhile_changes_nothing(workshop: Workshop) -> None:
    ref = offer(workshop)
    run_id = workshop.start(ref, {"name": "one"})
    change(workshop, "service", {"skeleton/README.md": "second\n"})
    execute_run(run_id)
    assert readme("one") == "# one\n\nfirst\n"
    workshop.run(ref, {"name": "two"})
    assert readme("two") == "second\n"


def test_a_template_of_this_machine_is_read_from_the_copy_that_was_kept(
    workshop: Workshop, tmp_path: Path, catalog_files: Callable[[Path], str]
) -> None:
    for path, text in {"template.yaml": json.dumps(document()), **SKELETON}.items():
        (tmp_path / "t" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "t" / path).write_text(text)
    catalog_files(tmp_path / "t" / "template.yaml")
    run_id = workshop.start("template:default/service", {"name": "one"})
    (tmp_path / "t/skeleton/README.md").write_text("second\n")
    execute_run(run_id)
    assert readme("one") == "# one\n\nfirst\n"
    workshop.run("template:default/service", {"name": "two"})
    assert readme("two") == "second\n"
    assert TemplateVersion.objects.filter(unpinned="").count() == 2


def test_a_host_that_is_away_gives_a_version_that_says_so(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = offer(workshop)

    def away(*_: Any, **__: Any) -> Any:
        raise Unavailable("local does not answer")

    monkeypatch.setattr(LocalHost, "commits", away)
    run_id = workshop.run(ref, {"name": "one"})
    version = TemplateVersion.objects.get()
    assert (version.commit, version.unpinned) == ("", "local does not answer")
    assert any("not fixed to a commit: local does not answer" in text for text in workshop.messages(run_id))
    assert workshop.task(run_id)["status"] == "completed"


def test_who_may_run_a_template(workshop: Workshop, as_role: Callable[..., Api]) -> None:
    people = """apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: platform}
spec: {type: team, children: [core]}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: core}
spec: {type: team, children: [], members: [ana]}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: ana}
spec: {memberOf: [core]}
"""
    host, name = publishing_host("local"), RepositoryName("acme", "people")
    host.create_repository(name, description="", default_branch="main", private=False, made_by="tests")
    folder = workshop.folder / "people"
    folder.mkdir()
    (folder / "people.yaml").write_text(people)
    host.push_tree(name, folder, branch="main", message="people", author=AUTHOR)
    ingest_now(register("url", host.contents_url(name, "main", "people.yaml"), BY))
    ref = offer(workshop, annotations={"greenroom.dev/run-by": "platform, user:default/zoe"})
    wanted = {"templateRef": ref, "values": {"name": "one"}}
    for refused in (as_role("developer"), as_role("developer", acts_for="user:default/bob")):
        answer = refused.post(TASKS, wanted)
        assert answer.status_code == 403
        assert "group:default/platform, user:default/zoe only" in answer.json()["error"]["message"]
    assert not Run.objects.exists()
    # ana is in a group below the one that is named
    assert as_role("developer", acts_for="user:default/ana").post(TASKS, wanted).status_code == 201


def test_a_deprecated_template_runs_and_warns_until_its_last_day(workshop: Workshop, api: Api) -> None:
    today = timezone.now().date()
    said = {
        "greenroom.dev/deprecated": "Python 3.9 is over",
        "greenroom.dev/successor": "service-2",
        "greenroom.dev/removed-after": today.isoformat(),
    }
    ref = offer(workshop, annotations=said)
    run_id = workshop.run(ref, {"name": "one"})
    assert any(
        f"deprecated: Python 3.9 is over. It can be run until {today}. Use template:default/service-2 instead."
        in text
        for text in workshop.messages(run_id)
    )
    found = api.get(f"{OURS}/templates/default/service").json()
    assert found["deprecated"] == "Python 3.9 is over"
    assert found["successor"] == "template:default/service-2"
    gone = {**said, "greenroom.dev/removed-after": (today - timedelta(days=1)).isoformat()}
    old = offer(workshop, name="old", annotations=gone)
    answer = api.post(TASKS, {"templateRef": old, "values": {"name": "two"}})
    assert answer.status_code == 409
    assert "use template:default/service-2 instead" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("greenroom.dev/run-by", "group:a b:c/"),
        ("greenroom.dev/removed-after", "soon"),
        ("greenroom.dev/minutes-saved", "many"),
        ("greenroom.dev/minutes-saved", "-5"),
    ],
)
def test_terms_that_cannot_be_read_keep_everybody_out(
    workshop: Workshop, api: Api, name: str, value: str
) -> None:
    ref = offer(workshop, annotations={name: value})
    answer = api.post(TASKS, {"templateRef": ref, "values": {"name": "one"}})
    assert answer.status_code == 400
    assert name in answer.json()["error"]["message"]
    (listed,) = api.get(f"{OURS}/templates").json()["items"]
    assert name in listed["problem"]


def test_statistics_count_what_was_run(workshop: Workshop, api: Api) -> None:
    ref = offer(workshop, annotations={"greenroom.dev/minutes-saved": "90"})
    workshop.run(ref, {"name": "one"})
    workshop.run(ref, {"name": "two"})
    workshop.run(ref, {"name": "two"})  # the name is taken
    workshop.start(ref, {"name": "four"})
    (found,) = api.get(f"{OURS}/templates").json()["items"]
    figures = found["statistics"]
    assert (figures["runs"], figures["completed"], figures["failed"], figures["cancelled"]) == (4, 2, 1, 0)
    assert figures["successRate"] == 0.6667
    assert figures["minutesSaved"] == 180
    assert figures["medianSeconds"] > 0
    assert figures["lastRunAt"].endswith("Z")


def test_lists_are_bounded_and_ask_the_database_a_fixed_number_of_times(
    workshop: Workshop, api: Api, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(4):
        ref = offer(workshop, name=f"t{number}")
        workshop.run(ref, {"name": f"made{number}"})
    with django_assert_max_num_queries(6):
        page = api.get(f"{OURS}/templates", {"limit": 3}).json()
    assert [one["ref"][-2:] for one in page["items"]] == ["t0", "t1", "t2"]
    assert page["totalItems"] == 4
    rest = api.get(f"{OURS}/templates", {"limit": 3, "cursor": page["pageInfo"]["nextCursor"]}).json()
    assert [one["ref"][-2:] for one in rest["items"]] == ["t3"]
    assert rest["pageInfo"] == {}
    with django_assert_max_num_queries(6):
        api.get(f"{OURS}/templates/default/t0")
    assert api.get(f"{OURS}/templates", {"limit": 501}).status_code == 400
    assert api.get(f"{OURS}/templates/default/nowhere").status_code == 404


def test_what_a_run_registers_tells_its_template_and_version(workshop: Workshop, api: Api) -> None:
    ref = offer(workshop)
    run_id = workshop.run(ref, {"name": "one"})
    entity = api.get("/api/catalog/entities/by-name/component/default/one").json()
    annotations = entity["metadata"]["annotations"]
    assert annotations["backstage.io/source-template"] == ref
    assert annotations["greenroom.dev/template-version"] == "1"
    assert {"type": "scaffoldedFrom", "targetRef": ref} in entity["relations"]
    template = api.get("/api/catalog/entities/by-name/template/default/service").json()
    assert {"type": "scaffolderOf", "targetRef": "component:default/one"} in template["relations"]
    (instance,) = Instance.objects.all()
    assert (instance.entity_ref, instance.repository, str(instance.run_id)) == (
        "component:default/one", "acme/one", run_id,
    )  # fmt: skip
    assert instance.values == {"name": "one"}


def test_what_a_run_registers_elsewhere_is_not_its_own(workshop: Workshop, api: Api) -> None:
    workshop.run(offer(workshop), {"name": "one"})
    Instance.objects.all().delete()
    host, name = publishing_host("local"), RepositoryName("acme", "other")
    host.create_repository(name, description="", default_branch="main", private=False, made_by="tests")
    folder = workshop.folder / "other"
    folder.mkdir()
    text = SKELETON["skeleton/catalog-info.yaml"].replace("${{ values.name }}", "other")
    (folder / "catalog-info.yaml").write_text(text)
    host.push_tree(name, folder, branch="main", message="other", author=AUTHOR)
    url = host.contents_url(name, "main")
    step = {"id": "r", "action": "catalog:register", "input": {"repoContentsUrl": url}}
    workshop.run(workshop.offer("foreign", [step]))
    entity = api.get("/api/catalog/entities/by-name/component/default/other").json()
    assert "backstage.io/source-template" not in entity["metadata"]["annotations"]
    assert not Instance.objects.exists()


def test_instances_are_listed_with_their_drift(
    workshop: Workshop, api: Api, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    ref = offer(workshop)
    for name in ("one", "two"):
        workshop.run(ref, {"name": name})
    change(workshop, "service", {"skeleton/README.md": "second\n"})
    workshop.run(ref, {"name": "three"})
    uid = api.get("/api/catalog/entities/by-name/component/default/two").json()["metadata"]["uid"]
    api.delete(f"/api/catalog/entities/by-uid/{uid}")
    with django_assert_max_num_queries(6):
        page = api.get(f"{OURS}/templates/default/service/instances").json()
    assert [(one["entityRef"], one["version"], one["drift"]) for one in page["items"]] == [
        ("component:default/one", 1, 1),
        ("component:default/two", 1, "unknown"),
        ("component:default/three", 2, 0),
    ]
    assert {one["newestVersion"] for one in page["items"]} == {2}
    first = api.get(f"{OURS}/templates/default/service/instances", {"limit": 2}).json()
    cursor = first["pageInfo"]["nextCursor"]
    rest = api.get(f"{OURS}/templates/default/service/instances", {"limit": 2, "cursor": cursor}).json()
    assert [one["entityRef"] for one in rest["items"]] == ["component:default/three"]
    assert rest["totalItems"] == 3


def test_drift_is_told_although_nobody_uses_the_newer_version(workshop: Workshop, api: Api) -> None:
    workshop.run(offer(workshop), {"name": "one"})
    change(workshop, "service", {"skeleton/README.md": "second\n"})
    look_at_templates()
    (found,) = api.get(f"{OURS}/templates/default/service/instances").json()["items"]
    assert (found["version"], found["newestVersion"], found["drift"]) == (1, 2, 1)


def in_one_repository(workshop: Workshop, **template: Any) -> str:
    """A template in a folder of a repository that holds other things too."""
    files = {"t/template.yaml": json.dumps(document(**template)), "shared/README.md": "shared\n"}
    files |= {f"t/{path}": text for path, text in SKELETON.items()}
    folder = workshop.folder / "mono"
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    host, name = publishing_host("local"), RepositoryName("templates", "mono")
    host.create_repository(name, description="", default_branch="main", private=False, made_by="tests")
    host.push_tree(name, folder, branch="main", message="templates", author=AUTHOR)
    ingest_now(register("url", host.contents_url(name, "main", "t/template.yaml"), BY))
    return "template:default/service"


def push_to_mono(workshop: Workshop, path: str, text: str) -> None:
    (workshop.folder / "mono" / path).write_text(text)
    host, name = publishing_host("local"), RepositoryName("templates", "mono")
    host.push_tree(name, workshop.folder / "mono", branch="main", message="more", author=AUTHOR)


def test_a_commit_that_changes_other_things_makes_no_version(workshop: Workshop) -> None:
    ref = in_one_repository(workshop)
    workshop.run(ref, {"name": "one"})
    first = TemplateVersion.objects.get()
    push_to_mono(workshop, "shared/README.md", "other\n")
    workshop.run(ref, {"name": "two"})
    again = TemplateVersion.objects.get()
    assert again.commit == first.commit
    assert again.seen_commit != first.seen_commit
    push_to_mono(workshop, "t/skeleton/README.md", "second\n")
    workshop.run(ref, {"name": "three"})
    assert TemplateVersion.objects.count() == 2
    assert readme("three") == "second\n"


def test_a_template_that_reads_beside_its_folder_has_a_version_for_each_commit(workshop: Workshop) -> None:
    steps = [{**STEPS[0], "input": {**STEPS[0]["input"], "url": "../shared"}}, STEPS[1]]
    ref = in_one_repository(workshop, steps=steps)
    workshop.run(ref, {"name": "one"})
    push_to_mono(workshop, "shared/README.md", "other\n")
    workshop.run(ref, {"name": "two"})
    assert TemplateVersion.objects.count() == 2
    assert (readme("one"), readme("two")) == ("shared\n", "other\n")
