"""The recorded conversation with a real Backstage, replayed but for what differs on purpose (SCAFFOLDER.md 5)."""

import json
import re
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from scaffolder.tasks import execute_run
from scaffolder.workspace import root
from tests.conftest import Api
from tests.shared import SHARED, needs_shared

pytestmark = needs_shared

GOLDEN = (SHARED or Path()) / "contract/golden"
DIFFERENT = "deliberately different (docs/backstage-differences.md): "
STREAMS = {17, 18}
"""Records of event streams with Express's own headers; streams are tested in test_api."""
NOT_REPLAYED: dict[int, str] = {
    34: DIFFERENT + "an id that is no UUID is not found, not a 500",
    35: DIFFERENT + "an id that is no UUID is not found, not a 500",
    42: DIFFERENT + "a retry goes on at the failed step, and does not say again what is done",
}
OWN_LINES = {"tpl", "cat", "ft"}
"""Steps whose actions tell what they do in words of our own."""
UNKNOWN_ACTION = '"no:such"'
"""An action that does not exist is refused before the run (deliberately different); the replay puts another in."""
PROSE = {"description", "notes", "example"}
"""Of filters: texts for people, which are our own words; what programs read is the same."""
COLOURED = "\u001b["


def _records() -> list[dict[str, Any]]:
    path = GOLDEN / "http/scaffolder.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []


class Replay:
    """Sends the records in order and compares; remembers ids, which are never the same."""

    def __init__(self, api: Api, anonymous: Api, fixtures: Path) -> None:
        self.api, self.anonymous, self.fixtures = api, anonymous, fixtures
        self.ids: dict[str, str] = {}
        self.worker: threading.Thread | None = None

    def send(self, record: dict[str, Any]) -> Any:
        path = re.sub(r"<uuid:\d+>", lambda found: self.ids[found[0]], record["path"])
        api = self.anonymous if record["auth"] == "none" else self.api
        return api.get(path) if record["method"] == "GET" else api.post(path, record.get("body"))

    def differences(self, record: dict[str, Any], answer: Any) -> list[str]:
        if answer.status_code != record["status"]:
            return [f"status {answer.status_code}, recorded {record['status']}: {answer.content[:300]!r}"]
        if not answer.content:
            return ["an empty body"]
        wanted, got = record.get("response"), json.loads(answer.content)
        if record["path"].split("?")[0].endswith("/events"):
            wanted, got = self.lines(wanted), self.lines(got)
        if record["path"].endswith("/dry-run") and "log" in got:
            wanted, got = ({**each, "log": self.dry_lines(each["log"])} for each in (wanted, got))
        if record["path"].endswith("/templating-extensions"):
            wanted, got = self.without_prose(wanted, "filters"), self.without_prose(got, "filters")
        return self.compare(wanted, got, "")

    def without_prose(self, value: Any, under: str) -> Any:
        """The texts of descriptions and examples by their presence only, outside of schemas."""
        if isinstance(value, list):
            return [self.without_prose(item, under) for item in value]
        if not isinstance(value, dict):
            return value
        return {
            key: bool(item) if key in PROSE else item if key == "schema" else self.without_prose(item, key)
            for key, item in value.items()
        }

    def lines(self, events: list[dict[str, Any]]) -> list[Any]:
        """The events without ids and stacks; an action's own lines have no order among those of its step."""
        said: list[Any] = []
        own: dict[str, list[str]] = {}
        for event in events:
            body = event["body"]
            message = body.get("message", "")
            if message.startswith(COLOURED):
                own.setdefault(body["stepId"], []).append(message)
            else:
                body = {**body, "message": message.split("\n    at ")[0]} if message else body
                said.append({"type": event["type"], "body": body})
        return [said, {step: sorted(texts) for step, texts in own.items() if step not in OWN_LINES}]

    def dry_lines(self, log: list[dict[str, Any]]) -> list[Any]:
        """The lines of a dry run without those that actions say in words of their own."""
        return [
            body
            for body in (line["body"] for line in log)
            if not (body["message"].startswith(COLOURED) and body["stepId"] in OWN_LINES)
            or "in dry-run mode with inputs" in body["message"]
        ]

    def compare(self, wanted: Any, got: Any, at: str) -> list[str]:
        match wanted, got:
            case dict(), dict():
                if wanted.keys() != got.keys():
                    return [f"{at}: keys {sorted(got)}, recorded {sorted(wanted)}"]
                return [line for key in wanted for line in self.compare(wanted[key], got[key], f"{at}.{key}")]
            case list(), list():
                if len(wanted) != len(got):
                    return [f"{at}: {len(got)} items, recorded {len(wanted)}: {got!r:.600}"]
                pairs = zip(wanted, got, strict=True)
                return [line for i, pair in enumerate(pairs) for line in self.compare(*pair, f"{at}[{i}]")]
            case str(), str():
                return [] if self.same_text(wanted, got) else [f"{at}: {got!r}, recorded {wanted!r}"]
        return [] if wanted == got else [f"{at}: {got!r}, recorded {wanted!r}"]

    def same_text(self, wanted: str, got: str) -> bool:
        if wanted.startswith("<uuid:") and wanted not in self.ids:
            self.ids[wanted] = got
        if wanted == "<ts>":
            return bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", got))
        if wanted == "<etag>":
            return bool(got)
        put_in = wanted if "is not registered" in wanted else wanted.replace("no:such", "debug:log")
        known = put_in.replace("<FIXTURES>", str(self.fixtures))
        known = known.replace("<WORKDIR>/work-golden", str(root()))
        return re.sub(r"<uuid:\d+>", lambda found: self.ids.get(found[0], found[0]), known) == got

    def carry_out(self, record: dict[str, Any], answer: Any) -> None:
        """What the recording's worker did between the requests."""
        if answer.status_code == 201:
            self.worker = threading.Thread(target=_work, args=[answer.json()["id"]])
            self.worker.start()
            if "slow" not in str(record.get("body")):
                self.worker.join(30)
            else:
                self.wait_for(answer.json()["id"], "Beginning step Wait")
        elif record["path"].endswith("/cancel") and self.worker is not None:
            self.worker.join(30)

    def wait_for(self, run_id: str, message: str) -> None:
        deadline = time.monotonic() + 20
        while message not in self.api.get(f"/api/scaffolder/v2/tasks/{run_id}/events").content.decode():
            assert time.monotonic() < deadline


def _work(run_id: str) -> None:
    try:
        execute_run(run_id)
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_the_recording_is_answered_alike(
    as_role: Any, anonymous: Api, tmp_path: Path, catalog_files: Callable[[Path], str]
) -> None:
    fixtures = tmp_path / "fixtures"
    shutil.copytree(GOLDEN / "fixtures", fixtures)
    file = fixtures / "template.yaml"
    file.write_text(file.read_text().replace(UNKNOWN_ACTION, '"debug:log"'))
    catalog_files(file)
    replay = Replay(as_role("admin", acts_for="user:development/guest"), anonymous, fixtures)
    wrong: dict[int, Any] = {}
    last = ""
    for record in _records():
        answer = replay.send(record) if record["n"] not in STREAMS else None
        if answer is None:
            continue
        found = replay.differences(record, answer)
        if record["n"] in NOT_REPLAYED:
            assert found, f"record {record['n']} is answered alike now: take it off the table"
        elif found:
            wrong[record["n"]] = found
        replay.carry_out(record, answer)
        last = answer.json().get("id", last) if answer.status_code == 201 else last
    replay.api.post(f"/api/scaffolder/v2/tasks/{last}/cancel")
    assert replay.worker is not None
    replay.worker.join(30)
    assert not wrong, json.dumps(wrong, indent=1, ensure_ascii=False)
