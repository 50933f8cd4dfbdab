"""`greenroom demo`: the main job done once for real, on this data folder, through the public REST API."""

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import click
import requests

from config import env
from core.errors import AuthenticationError, ExternalError, NotFound, Unavailable
from core.supervisor.output import LogFile
from core.supervisor.process import State
from core.supervisor.signals import interrupted_by_signals
from core.supervisor.supervisor import Supervisor

from . import runs, serve
from .checklist import Checklist, Mark
from .client import Client
from .database import let_go, set_up
from .demo_display import Story
from .tokens import new_admin, new_password, new_token

NAME = "parcel-tracker"
OWNER = "group:default/tracking-team"
SYSTEM = "system:default/tracking"
TEMPLATE = "template:default/python-service"
EXPECTED = (OWNER, SYSTEM, TEMPLATE, "user:default/ana")
PATIENCE = 60.0  # seconds for the catalog to read what comes with Greenroom
MARKS = {
    State.WAITING: Mark.RUNNING,  # it is being prepared: the database is made
    State.STARTING: Mark.RUNNING,
    State.READY: Mark.DONE,
    State.DONE: Mark.DONE,
    State.STOPPED: Mark.FAILED,
}
TOLD = {"Group": "groups", "User": "people", "Component": "components", "Template": "templates"}
LABELS = {
    "postgres": "PostgreSQL",
    "redis": "Redis",
    "migrate": "tables of the database",
    "web": "web server",
    "worker": "worker",
    "beat": "timetable",
}


@dataclass(frozen=True)
class Made:
    """The service that the story made."""

    name: str
    entity: dict[str, Any]
    clone_url: str
    run: str


@click.command()
def demo() -> None:
    """Show it: start everything, make a service from a golden path, look at it, and keep serving.

    DEMO_EXIT=1 ends after the story instead, with the exit status that tells whether it went well.
    """
    story = Story()
    files = [serve.GOLDEN_PATHS, serve.EXAMPLE]
    found = serve.surroundings(files)
    environ = serve.children(files)
    output = LogFile(found.data / serve.LOG)
    # Our own Django, loaded while the servers start, is to know the same catalog files.
    os.environ["GREENROOM_CATALOG_LOCATIONS"] = environ["GREENROOM_CATALOG_LOCATIONS"]
    told = False
    try:
        with interrupted_by_signals(), started(serve.supervisor(found, environ, output), story) as supervisor:
            tell(story, found)
            told = True
            if os.environ.get("DEMO_EXIT", "0") not in {"", "0"}:
                return
            story.serving()
            supervisor.wait()
    except KeyboardInterrupt:
        if not told:
            raise
        story.say("Stopped. The data is kept: `make up` or `make demo` goes on with it.")


@contextmanager
def started(supervisor: Supervisor, story: Story) -> Iterator[Supervisor]:
    """Everything runs during the block; while it starts, one sees how far it is. Raises StartRefused."""
    names = list(supervisor.status())
    story.chapter("Start", "with a PostgreSQL and a Redis of its own")
    with story.checklist() as steps:
        for name in names:
            steps.add(name, LABELS.get(name, name))
        over = threading.Event()
        watcher = threading.Thread(target=_watch, args=(supervisor, steps, over))
        watcher.start()
        try:
            supervisor.__enter__()
        finally:
            over.set()
            watcher.join()
    try:
        yield supervisor
    finally:
        supervisor.close()


def tell(story: Story, found: env.Environment) -> None:
    """The story itself. Raises GreenroomError with the reason when it does not go well."""
    url = f"http://127.0.0.1:{found.port}"
    story.chapter("Load", "the golden paths, and Acme Parcels, an example company")
    with story.checklist() as steps:
        steps.add("access", "a token, and an administrator")
        steps.add("catalog", "the catalog")
        steps.set("access", Mark.RUNNING)
        client, token = _come_in(found, url)
        steps.set("access", Mark.DONE)
        steps.set("catalog", Mark.RUNNING)
        steps.set("catalog", Mark.DONE, _await_catalog(client))
    made = _make(story, client, token)
    story.chapter("Look", "what is there now that was not there before")
    with _clone(made.clone_url, token) as clone:
        story.repository(made.clone_url, clone)
    story.entity(
        made.entity, client.get("catalog/entities/by-query", filter="kind=component", limit=0)["totalItems"]
    )
    story.where_to_look(found, made.name, made.clone_url)


def _watch(supervisor: Supervisor, steps: Checklist, over: threading.Event) -> None:
    # Loading Django takes most of a second: it is done while the servers start.
    loading = threading.Thread(target=set_up)
    loading.start()
    while not over.wait(0.05):
        _note(supervisor, steps)
    _note(supervisor, steps)
    loading.join()


def _note(supervisor: Supervisor, steps: Checklist) -> None:
    for name, status in supervisor.status().items():
        state = State(status["state"])
        steps.set(name, MARKS[state])
        if state is State.WAITING:
            return  # those after it have not begun


def _come_in(found: env.Environment, url: str) -> tuple[Client, str]:
    """A client with a token of the demo's own, and an administrator; both are kept in the data folder."""
    from catalog.actions import sync_configured  # models: importable once Django is set up
    from identity.actions import revoke_token
    from identity.models import Person

    from .tokens import BY

    try:
        if not Person.objects.filter(username="admin").exists():
            password = _kept(found.data / "admin-password") or new_password()
            new_admin("admin", password)
            _keep(found.data / "admin-password", password)
        token = _kept(found.data / serve.DEMO_TOKEN)
        if not token or not _knows(url, token):
            with suppress(NotFound):  # the first time
                revoke_token(name="demo", by=BY)
            expires = datetime.now(UTC) + timedelta(days=30)
            token = new_token("demo", role="admin", acts_for="user:default/ana", expires_at=expires)
            _keep(found.data / serve.DEMO_TOKEN, token)
        sync_configured(by=BY)  # beat does the same, some seconds later
    finally:
        let_go()
    return Client(url, token), token


def _knows(url: str, token: str) -> bool:
    try:
        Client(url, token).get("catalog/entities/by-query", limit=0)
    except AuthenticationError:
        return False
    return True


def _await_catalog(client: Client) -> str:
    """Wait until what the story needs is there; answer what was found, in words."""
    end = time.monotonic() + PATIENCE
    while True:
        found = client.post("catalog/entities/by-refs", {"entityRefs": list(EXPECTED), "fields": ["kind"]})[
            "items"
        ]
        missing = [ref for ref, entity in zip(EXPECTED, found, strict=True) if entity is None]
        if not missing:
            break
        if time.monotonic() > end:
            raise Unavailable(
                f"after {PATIENCE:.0f} seconds the catalog lacks {', '.join(missing)}: see the log"
            )
        time.sleep(0.1)
    kinds = client.get("catalog/entity-facets", facet="kind")["facets"]["kind"]
    counts = {kind["value"]: kind["count"] for kind in kinds}
    shown = ", ".join(f"{counts.get(kind, 0)} {words}" for kind, words in TOLD.items())
    return f"{sum(counts.values())} entities: {shown}"


def _make(story: Story, client: Client, token: str) -> Made:
    name = _free_name(client, token)
    values = {
        "name": name,
        "description": "Tells a customer where a parcel is, and when it will arrive.",
        "owner": OWNER,
        "system": SYSTEM,
        "repoUrl": f"local?owner=acme&repo={name}",
    }
    story.chapter("Make", "a service from a golden path, through the REST API")
    story.answers({"template": TEMPLATE, **values})
    run = client.post("scaffolder/v2/tasks", {"templateRef": TEMPLATE, "values": values})["id"]
    spec = client.get(f"scaffolder/v2/tasks/{run}")["spec"]
    with story.checklist() as steps:
        for step in spec["steps"]:
            steps.add(step["id"], f"{step['name']} ({step['action']})")
        ended = runs.follow(runs.events(client, run), line=lambda _step, _message: None, steps=steps)
    if not ended.completed:
        story.log_of_failure(ended)
        raise ExternalError(f"the run {run} did not complete: {ended.error or 'no reason was given'}")
    entity = client.get(f"catalog/entities/by-name/component/default/{name}")
    return Made(name, entity, f"{client.url}/git/acme/{name}.git", run)


def _free_name(client: Client, token: str) -> str:
    """`parcel-tracker`, or the first `parcel-tracker-N` that is neither in the catalog nor a repository."""
    taken = client.get(
        "catalog/entities/by-query", filter="kind=component", fields="metadata.name", limit=10_000
    )
    names = {entity["metadata"]["name"] for entity in taken["items"]}
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {token}"
        for number in count(1):
            name = NAME if number == 1 else f"{NAME}-{number}"
            if (
                name not in names
                and session.get(f"{client.url}/git/acme/{name}", timeout=10).status_code == 404
            ):
                return name
    raise AssertionError("count() does not end")


@contextmanager
def _clone(url: str, token: str) -> Iterator[Path]:
    """A clone over smart HTTP, as anybody would make it."""
    from scm.git import Credential, git  # needs Django set up

    with tempfile.TemporaryDirectory(prefix="greenroom-demo-") as place:
        folder = Path(place) / "clone"
        credential = Credential(url, "demo", token)
        git("clone", "--quiet", "--", url, folder, protocols="http", credential=credential)
        yield folder


def _kept(file: Path) -> str:
    return file.read_text().strip() if file.exists() else ""


def _keep(file: Path, secret: str) -> None:
    """Write a secret for the owner of the data folder only."""
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(secret + "\n")
