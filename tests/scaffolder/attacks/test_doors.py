"""Attacks that come by another door than a template's steps: its own address, its annotations, bodies, and who watches."""

import json
from pathlib import Path
from typing import Any

import pytest

from catalog.ingest.refresh import refresh
from catalog.models import Entity, Location
from scaffolder.api.streams import EventStream, Seat
from scaffolder.models import Run
from tests.conftest import Api
from tests.scaffolder.attacks.corpus import step
from tests.scaffolder.conftest import TASKS, Workshop, template_document

pytestmark = pytest.mark.django_db

PROGRAMS = [
    "ext::sh -c id",
    "ext::sh%20-c%20id",
    "fd::17",
    "--upload-pack=id",
    "-oProxyCommand=id",
    "file:///etc/passwd",
    "ssh://-oProxyCommand=id/x",
    "git://127.0.0.1/x",
    "local?owner=--bare",
]
"""What git would run, or read, or take for an option."""
LARGE = 50_000_000


@pytest.mark.parametrize("target", PROGRAMS)
def test_a_templates_own_address_is_no_program(api: Api, target: str) -> None:
    answer = api.post("/api/catalog/locations", {"type": "url", "target": target})
    assert answer.status_code in {201, 400, 403}  # as in Backstage, what cannot be read may be registered
    for location in Location.objects.filter(target=target):
        refresh(str(location.pk))
        location.refresh_from_db()
        assert location.errors
        assert "root:" not in str(location.errors)
    assert not Entity.objects.exclude(kind="Location").exists()


@pytest.mark.parametrize("source", [*(f"url:{target}" for target in PROGRAMS), "file:/etc/", "ext::sh -c id"])
def test_a_source_that_the_author_made_up_leads_nowhere(workshop: Workshop, source: str) -> None:
    document = template_document("forged", [step("fetch:plain", url="./passwd")])
    document["metadata"]["annotations"] = {"backstage.io/source-location": source}
    ref = workshop.offer_files("forged", {"template.yaml": json.dumps(document)})
    run_id = workshop.run(ref)
    message = workshop.completion(run_id)["error"]["message"]
    assert "internal error" not in message
    assert "root:" not in json.dumps(workshop.events(run_id))


def test_a_template_from_a_repository_cannot_say_that_it_lies_on_this_machine(
    workshop: Workshop, settings: Any, tmp_path: Path
) -> None:
    """Not even in a folder that an operator lets the catalog read: what is there is the operator's."""
    folder = tmp_path / "configured" / "docs"
    folder.mkdir(parents=True)
    (folder / "private.txt").write_text("the operator's canary")
    settings.GREENROOM_CATALOG_LOCATIONS = [f"file:{tmp_path}/configured/all.yaml"]
    steps = [step("fetch:plain", 1, url="./docs"), step("fs:read", 2, path="private.txt")]
    document = template_document("forged", steps, output={"found": "${{ steps.s2.output.content }}"})
    document["metadata"]["annotations"] = {
        "backstage.io/source-location": f"file:{tmp_path}/configured/template.yaml",
        "backstage.io/managed-by-location": f"file:{tmp_path}/configured/template.yaml",
    }
    ref = workshop.offer_files("forged", {"template.yaml": json.dumps(document)})
    run_id = workshop.run(ref)
    assert "error" in workshop.completion(run_id)
    assert "canary" not in json.dumps([workshop.events(run_id), workshop.task(run_id)])


@pytest.mark.parametrize("host", ["ext::sh -c id", "--upload-pack=id", "file:///etc", "-oProxyCommand=id"])
@pytest.mark.parametrize("action", ["publish:gitlab", "publish:gitlab:merge-request"])
def test_no_program_as_the_host_of_a_project(workshop: Workshop, action: str, host: str) -> None:
    given = {"repoUrl": f"{host}?owner=acme&repo=x"}
    if action.endswith("merge-request"):
        given |= {"branchName": "b", "title": "t", "description": "d"}
    ref = workshop.offer("hostile", [step("fs:write", 1, path="a", content="a"), step(action, 2, **given)])
    message = workshop.completion(workshop.run(ref))["error"]["message"]
    assert "internal error" not in message


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 413),
        ("application/x-www-form-urlencoded", 400),
        ("multipart/form-data; boundary=x", 400),
        ("text/plain", 400),
    ],
)
@pytest.mark.parametrize("path", [TASKS, "/api/scaffolder/v2/dry-run"])
def test_a_form_of_50_mb_is_refused_before_it_is_looked_at(
    api: Api, path: str, kind: str, status: int
) -> None:
    """It is no JSON at all, and refused for its size, or for its kind: nobody has tried to read it."""
    answer = api.client.post(path, b"{" * LARGE, content_type=kind)
    assert answer.status_code == status
    words = "at the most" if status == 413 else "unsupported media type"
    assert words in answer.json()["error"]["message"]
    assert not Run.objects.exists()


def test_watchers_who_never_read_leave_room_for_all_others(
    workshop: Workshop, api: Api, settings: Any
) -> None:
    run_id = workshop.start(workshop.offer("log", [step("debug:log", message="x")]))
    watched = f"{TASKS}/{run_id}/eventstream"
    answers = [api.get(watched) for _ in range(settings.GREENROOM_STREAMS)]
    assert {answer.status_code for answer in answers} == {200}
    refused = api.get(watched)
    assert (refused.status_code, bool(refused.headers["Retry-After"])) == (503, True)
    assert api.get(f"{TASKS}/{run_id}").status_code == 200
    for answer in answers:  # the server closes what its client has left, read or not
        answer.close()
    assert Seat._taken == 0


def test_a_stream_keeps_no_more_for_a_slow_reader_than_there_is_to_tell(workshop: Workshop) -> None:
    run_id = workshop.run(workshop.offer("log", [step("debug:log", message="x")]))
    stream = EventStream(Run.objects.get(pk=run_id), None)
    next(stream)
    told = len(stream._frames) + 1
    assert told == len(workshop.events(run_id))
    assert len(list(stream)) == told - 1
    assert Seat._taken == 0
