"""Each attack of the corpus in a whole run: it is refused with a reason, and nothing stays or leaks."""

import json
import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings

from scaffolder import workspace
from scaffolder.models import Effect, Run
from scaffolder.rendering.limits import Limits
from scaffolder.steps import fetch
from tests.conftest import Api
from tests.scaffolder.attacks.corpus import CANARY, HARMLESS, LINKS, PRIVATE, REFUSED, Attack, step
from tests.scaffolder.conftest import TASKS, Workshop

pytestmark = pytest.mark.django_db


def children() -> set[str]:
    """The processes that this one has started and that still run, but for the two that serve forks."""
    own = str(os.getpid())
    found = set()
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            try:
                if (place / "stat").read_text().rpartition(")")[2].split()[1] == own:
                    found.add(place.name)
            except OSError:
                continue
    return found


@pytest.fixture
def aftermath(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Look afterwards that nothing is left of any run: no folder, no process, no half effect, no canary."""
    monkeypatch.setenv("GREENROOM_CANARY", CANARY)
    monkeypatch.setattr(
        django_settings, "GREENROOM_WORKSPACE_KEEP_MINUTES", 0
    )  # else a failed run keeps its files a while
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    monkeypatch.setattr(fetch, "LIMITS", Limits(seconds=5))
    above = {one.name for one in Path(django_settings.GREENROOM_DATA).iterdir()}
    yield
    assert not any(workspace.root().iterdir()) if workspace.root().exists() else True
    assert not list(place.glob("greenroom-render-*"))
    assert {one.name for one in Path(django_settings.GREENROOM_DATA).iterdir()} <= above | {
        "workspaces",
        "repositories",
        "templates",
    }
    assert not Effect.objects.filter(made_at__isnull=True).exists()
    assert not Path("/tmp/hooked-by-template").exists()
    assert not Path("/tmp/out").exists()
    for run in Run.objects.all():
        assert run.state in {"completed", "failed"}
        assert run.secrets is None


def carried_out(workshop: Workshop, attack: Attack, *more: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """The last event of a run that does what the attack says."""
    name = f"attack-{uuid.uuid4().hex[:8]}"
    ref = workshop.offer(name, [*attack.steps, *more], attack.files, **spec)
    before = children()
    run_id = workshop.run(ref, attack.values, secrets={"key": CANARY})
    assert len(children() - before) <= 1, "a child of the run outlived it"  # the server of forks may be new
    assert CANARY not in json.dumps([workshop.events(run_id), workshop.task(run_id)])
    return workshop.completion(run_id)


@pytest.mark.parametrize("attack", REFUSED, ids=lambda attack: attack.name)
def test_it_is_refused_with_a_reason(workshop: Workshop, aftermath: None, attack: Attack) -> None:
    body = carried_out(workshop, attack)
    assert "error" in body, body
    assert attack.expect in body["error"]["message"]
    assert "internal error" not in body["error"]["message"], "an attack must not look like a fault of ours"


@pytest.mark.parametrize("attack", HARMLESS, ids=lambda attack: attack.name)
def test_it_is_plain_text(workshop: Workshop, aftermath: None, attack: Attack) -> None:
    shown = step("fs:read", 9, path=attack.result)
    body = carried_out(workshop, attack, shown, output={"content": "${{ steps.s9.output.content }}"})
    assert body["output"] == {"content": attack.expect}


@pytest.mark.parametrize("url", PRIVATE)
def test_no_address_inside_is_reached(workshop: Workshop, aftermath: None, url: str) -> None:
    """Three ways to ask, each refused before a connection; the tests' own guard would end one that was made."""
    steps = tuple(
        {**step(action, number, **{"url": "${{ parameters.url }}", **given}), "if": "${{ always() }}"}
        for number, (action, given) in enumerate(
            [
                ("fetch:plain", {}),
                ("fetch:plain:file", {"targetPath": "a"}),
                ("http:request", {"continueOnBadResponse": True}),
            ]
        )
    )
    attack = Attack("inside", steps, "", values={"url": url})
    name = f"attack-{uuid.uuid4().hex[:8]}"
    run_id = workshop.run(workshop.offer(name, list(attack.steps)), attack.values)
    failed = [
        event["body"]["message"]
        for event in workshop.events(run_id)
        if event["body"].get("status") == "failed"
    ]
    assert len(failed) == 3
    assert not [message for message in failed if "internal error" in message]


@pytest.mark.parametrize("url", LINKS)
def test_no_link_runs_a_script(workshop: Workshop, aftermath: None, url: str) -> None:
    links = [
        {"title": "Click", "url": "${{ parameters.url }}"},
        {"title": "Good", "url": "https://example.com"},
    ]
    ref = workshop.offer("links", [step("debug:log", message="x")], output={"links": links})
    run_id = workshop.run(ref, {"url": url})
    assert workshop.output(run_id)["links"] == [links[1]]
    assert any("is left out: a link begins with https://" in line for line in workshop.messages(run_id))


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: os.mkfifo(folder / "pipe"),
        lambda folder: (folder / "link").symlink_to("/etc/passwd"),
        lambda folder: (folder / "up").symlink_to("../../.."),
        lambda folder: (folder / "proc").symlink_to("/proc/self/environ"),
    ],
    ids=["a pipe", "a link to a file", "a link up", "a link to the environment"],
)
@pytest.mark.parametrize("action", ["fetch:plain", "fetch:template", "fetch:cookiecutter"])
def test_a_folder_of_this_machine_with_a_trap(
    workshop: Workshop,
    aftermath: None,
    catalog_files: Callable[[Path], str],
    tmp_path: Path,
    make: Callable[[Path], None],
    action: str,
) -> None:
    from tests.scaffolder.conftest import template_document

    steps = [step(action, url="./skeleton", values={})]
    (tmp_path / "skeleton").mkdir()
    (tmp_path / "skeleton" / "a").write_text("a")
    make(tmp_path / "skeleton")
    (tmp_path / "template.yaml").write_text(json.dumps(template_document("trapped", steps)))
    catalog_files(tmp_path / "template.yaml")
    run_id = workshop.run("template:default/trapped")
    error = workshop.completion(run_id)["error"]["message"]
    assert "internal error" not in error
    assert "root:" not in json.dumps(workshop.events(run_id))


ECHOES = {
    "as it is": step("debug:log", message="${{ secrets.key }}"),
    "dumped": step("debug:log", message="${{ secrets | dump }}"),
    "urlencoded": step("debug:log", message="${{ secrets.key | urlencode }}"),
    "upper case": step("debug:log", message="${{ secrets.key | upper }}"),
    "backwards": step("debug:log", message="${{ secrets.key | reverse }}"),
    "in pieces": step("debug:log", message="${{ secrets.key | list | join('-') }}"),
    "in an error": step("fs:read", path="../${{ secrets.key }}"),
    "in an address": step("http:request", url="https://example.com/${{ secrets.key }}"),
    "as a key": step("debug:log", message={"${{ secrets.key }}": 1}),
}


@pytest.mark.parametrize("encoding", list(ECHOES))
def test_a_step_that_echoes_a_secret(workshop: Workshop, aftermath: None, encoding: str) -> None:
    ref = workshop.offer("echo", [ECHOES[encoding]])
    run_id = workshop.run(ref, secrets={"key": "S3cret/+value 'x'"})
    said = json.dumps([workshop.events(run_id), workshop.task(run_id)])
    for form in ("S3cret", "s3cret", "S3CRET", "S-3-c-r-e-t", "terc3S"):
        assert form not in said


@pytest.mark.parametrize("before", ["", "a", "ab"])
def test_a_secret_that_comes_back_from_a_file_in_base64(
    workshop: Workshop, aftermath: None, before: str
) -> None:
    import base64

    secret = "Secret-value/that+is-long"
    steps = [
        step("fs:write", 1, path="a", content=before + "${{ secrets.key }}"),
        step("fs:read", 2, path="a", encoding="base64"),
        step("debug:log", 3, message="${{ steps.s2.output.content }}"),
    ]
    run_id = workshop.run(workshop.offer("back", steps), secrets={"key": secret})
    said = json.dumps([workshop.events(run_id), workshop.task(run_id)])
    whole = base64.b64encode((before + secret).encode()).decode()
    assert whole[8:24] not in said


def test_bodies_that_are_too_much(workshop: Workshop, api: Api) -> None:
    ref = workshop.offer("plain", [step("debug:log", message="x")])
    answer = api.post(TASKS, {"templateRef": ref, "values": {"a": "x" * 50_000_000}})
    assert answer.status_code == 413
    deep: Any = "x"
    for _ in range(900):
        deep = [deep]
    answer = api.post(TASKS, {"templateRef": ref, "values": {"a": deep}})
    assert answer.status_code == 400
    assert "levels deep" in answer.json()["error"]["message"]
    assert not Run.objects.exists()


@pytest.mark.parametrize("schema", ["http://127.0.0.1:9/x", "file:///etc/passwd", "https://example.com/s"])
def test_a_schema_that_leads_elsewhere(workshop: Workshop, api: Api, schema: str) -> None:
    parameters = {"properties": {"a": {"$ref": schema}}}
    ref = workshop.offer("refs", [step("debug:log", message="x")], parameters=parameters)
    answer = api.post(TASKS, {"templateRef": ref, "values": {"a": "x"}})
    assert answer.status_code == 400
    assert not Run.objects.exists()


def test_a_taken_name_leaves_the_other_repository_alone(workshop: Workshop) -> None:
    from scm.registry import publishing_host
    from scm.values import RepositoryName

    steps = [step("fs:write", 0, path="a", content="${{ parameters.a }}"), step("publish:local", repoUrl="local?owner=acme&repo=x")]  # fmt: skip
    ref = workshop.offer("taken", steps)
    workshop.run(ref, {"a": "first"})
    second = workshop.run(ref, {"a": "second"})
    assert "choose another name" in workshop.completion(second)["error"]["message"]
    local = publishing_host("local")
    assert local.read_file(RepositoryName("acme", "x"), "main", "a") == b"first"
