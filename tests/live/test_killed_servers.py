"""The worker, PostgreSQL and Redis are killed in the middle of ingestion: everything arrives all the same, once."""

import os
import random
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.catalog.conftest import FileServer
from tests.catalog.documents import component, group, several
from tests.core.waiting import until

from .conftest import Running

pytestmark = pytest.mark.live
VICTIMS = ("worker", "postgres", "redis")
MANY = 300


@pytest.fixture
def files() -> Iterator[FileServer]:
    """For each victim a file, whose entities all belong to one group and depend on the next file's."""
    server = FileServer()
    for index, victim in enumerate(VICTIMS):
        after = VICTIMS[(index + 1) % len(VICTIMS)]
        documents = [
            component(f"{victim}-{number}", owner="survivors", dependsOn=f"[component:{after}-{number}]")
            for number in range(MANY)
        ]
        server.put(f"{victim}.yaml", several(*documents, group("survivors")))
    yield server
    server.close()


def kill(running: Running, victim: str) -> None:
    before = running.supervisor.status()[victim]
    assert before["pid"] is not None
    os.kill(before["pid"], signal.SIGKILL)
    until(lambda: running.supervisor.status()[victim]["restarts"] > before["restarts"], seconds=30)
    until(running.answers, seconds=30)


def asked(running: Running, path: str, body: Any = None) -> Any:
    url = f"{running.url}/api/catalog/{path}"
    answer = (
        running.http.get(url, timeout=20) if body is None else running.http.post(url, json=body, timeout=20)
    )
    assert answer.status_code in {200, 201}, answer.text
    return answer.json()


def test_nothing_is_lost_and_nothing_is_there_twice(running: Running, files: FileServer) -> None:
    for victim in VICTIMS:
        asked(running, "locations", {"type": "url", "target": files.url(f"{victim}.yaml")})
        until(lambda name=f"{victim}.yaml": name in files.asked, seconds=60)  # type: ignore[misc]
        threading.Event().wait(random.uniform(0, 0.5))
        kill(running, victim)

    def relations() -> int:
        found = asked(running, "entities?filter=kind=group,metadata.name=survivors&fields=relations")
        return len(found[0]["relations"]) if found else 0

    until(lambda: relations() == MANY * len(VICTIMS), seconds=90)
    found = asked(running, "entities?filter=relations.ownedby=group:default/survivors")
    names = [entity["metadata"]["name"] for entity in found]
    assert sorted(names) == sorted(f"{victim}-{number}" for victim in VICTIMS for number in range(MANY))
    for entity in found:
        victim, number = entity["metadata"]["name"].split("-")
        before = VICTIMS[VICTIMS.index(victim) - 1]
        assert {"type": "dependencyOf", "targetRef": f"component:default/{before}-{number}"} in entity[
            "relations"
        ]
        assert "status" not in entity
        assert "backstage.io/orphan" not in entity["metadata"]["annotations"]
