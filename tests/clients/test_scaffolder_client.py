"""Every method of the ScaffolderClient in `@backstage/plugin-scaffolder-common` 2.3.0 works against a running server."""

import base64
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connection
from pytest_django.live_server_helper import LiveServer

from scaffolder.tasks import execute_run
from scm import registry
from scm.fakes.github import FakeGitHub
from scm.github.host import GitHubHost
from tests.clients.conftest import ClientError, NodeClient
from tests.conftest import Api
from tests.contracts.worlds import on_github
from tests.scaffolder.conftest import Workshop, template_document, trap, workshop  # noqa: F401  # fixtures
from tests.scaffolder.traps import TRAP, Trap

pytestmark = [pytest.mark.node, pytest.mark.django_db(transaction=True)]

ANA = "user:default/ana"
HELPERS = {
    "constructor",
    "requestRequired",
    "streamLogsEventStream",
    "streamLogsPolling",
    "getIntegrationsList",
}
"""Of the client's own; the last one asks nobody."""
FORM = {
    "title": "About it",
    "required": ["name"],
    "properties": {"name": {"type": "string", "pattern": "^[a-z]+$", "ui:autofocus": True}},
}
HELLO = {
    "id": "hello",
    "name": "Say hello",
    "action": "debug:log",
    "input": {"message": "Hello ${{ parameters.name }}"},
}


@pytest.fixture
def client(packages: Path, live_server: LiveServer, as_role: Callable[..., Api]) -> Iterator[NodeClient]:
    """The client of a developer."""
    secret = as_role("developer", acts_for=ANA).secret
    made = NodeClient("scaffolder", packages, f"{live_server.url}/api/scaffolder", str(secret))
    yield made
    made.close()


def broken(_ctx: object) -> None:
    raise ValueError


def test_every_method(client: NodeClient, workshop: Workshop, trap: Trap) -> None:  # noqa: F811
    trap.then = broken
    ref = workshop.offer(
        "greeting", [HELLO], parameters=FORM, output={"text": [{"title": "${{ parameters.name }}"}]}
    )
    _forms(client, ref)
    run_id = _runs(client, ref)
    _lists(client, workshop, ref, run_id)
    _ends(client, workshop)
    _authors(client)
    assert client.methods() - HELPERS - client.called == set()


def _forms(client: NodeClient, ref: str) -> None:
    schema = client("getTemplateParameterSchema", ref)
    assert schema["title"] == "greeting"
    assert schema["steps"] == [{"title": "About it", "schema": FORM}]
    with pytest.raises(ClientError) as missing:
        client("getTemplateParameterSchema", "template:default/nowhere")
    assert (missing.value.name, missing.value.status) == ("ResponseError", 404)
    with pytest.raises(ClientError, match="does not match"):
        client("scaffold", {"templateRef": ref, "values": {"name": "NOT SMALL"}})


def _runs(client: NodeClient, ref: str) -> str:
    """A run that is followed as it goes, both ways that a page has."""
    run_id = str(client("scaffold", {"templateRef": ref, "values": {"name": "ana"}})["taskId"])
    assert client("getTask", run_id)["status"] == "open"
    with ThreadPoolExecutor(1) as worker:
        done = worker.submit(_carried_out, run_id)
        streamed = client("streamLogs", {"taskId": run_id})
        done.result()
    said = [(event["type"], event["body"].get("stepId"), event["body"].get("status")) for event in streamed]
    assert said[0][0] == "log"
    assert ("log", "hello", "processing") in said
    assert ("log", "hello", "completed") in said
    assert said[-1][0] == "completion"
    assert streamed[-1]["body"]["output"] == {"text": [{"title": "ana"}]}
    assert client("streamLogs", {"taskId": run_id}, {"polling": True}) == streamed
    assert client("streamLogs", {"taskId": run_id, "after": streamed[-2]["id"]}) == streamed[-1:]
    task = client("getTask", run_id)
    assert (task["status"], task["createdBy"]) == ("completed", ANA)
    assert task["spec"]["templateInfo"]["entityRef"] == ref
    return run_id


def _carried_out(run_id: str) -> None:
    try:
        execute_run(run_id)
    finally:
        connection.close()


def _lists(client: NodeClient, workshop: Workshop, ref: str, run_id: str) -> None:  # noqa: F811
    other = workshop.start(ref, {"name": "bo"})
    owned = client("listTasks", {"filterByOwnership": "owned"})
    assert ([task["id"] for task in owned["tasks"]], owned["totalTasks"]) == ([run_id], 1)
    every = client("listTasks", {"filterByOwnership": "all", "limit": 1, "offset": 1})
    assert ([task["id"] for task in every["tasks"]], every["totalTasks"]) == ([run_id], 2)
    assert client("cancelTask", other) == {"status": "cancelled"}
    assert client("getTask", other)["status"] == "cancelled"


def _ends(client: NodeClient, workshop: Workshop) -> None:  # noqa: F811
    """A run that fails and is retried."""
    run_id = str(
        client(
            "scaffold", {"templateRef": workshop.offer("failing", [HELLO, TRAP]), "values": {"name": "ana"}}
        )["taskId"]
    )
    execute_run(run_id)
    assert client("getTask", run_id)["status"] == "failed"
    assert "error" in client("streamLogs", {"taskId": run_id})[-1]["body"]
    assert client("retry", run_id) == {"id": run_id}
    assert client("getTask", run_id)["status"] == "open"


def _authors(client: NodeClient) -> None:
    actions = {action["id"]: action for action in client("listActions")}
    assert actions["fetch:template"]["schema"]["input"]["required"] == ["url"]
    assert actions["fetch:template"]["examples"][0].keys() == {"description", "example"}
    extensions = client("listTemplatingExtensions")
    assert "parseRepoUrl" in extensions["filters"]
    assert extensions["globals"].keys() == {"functions", "values"}
    content = base64.b64encode(b"# ${{ values.name }}").decode()
    fetch = {
        "id": "fetch",
        "action": "fetch:template",
        "input": {"url": "./skeleton", "values": {"name": "${{ parameters.name }}"}},
    }
    tried = client(
        "dryRun",
        {
            "template": template_document("tried", [fetch]),
            "values": {"name": "ana"},
            "secrets": {},
            "directoryContents": [{"path": "skeleton/README.md", "base64Content": content}],
        },
    )
    (file,) = tried["directoryContents"]
    assert (file["path"], base64.b64decode(file["base64Content"])) == ("README.md", b"# ana")
    assert tried["log"][-1]["body"]["status"] == "completed"
    asked = {"token": "ghp_fake", "provider": "github", "resource": "repositoriesWithOwner", "context": {}}
    with FakeGitHub() as fake:
        fake.state.organisation("acme", "ana")
        fake.state.repository("acme/payments", description="Pays")
        registry.register(GitHubHost(on_github(fake)))
        try:
            found = client("autocomplete", asked)
        finally:
            registry.forget("github.test")
    assert "acme/payments" in [one["id"] for one in found["results"]]
