"""A run of a workflow as a fake GitHub tells it."""

from typing import TYPE_CHECKING, Any

from scm.fakes.github.documents import BORN, links, node
from scm.fakes.state import FakeRepository

if TYPE_CHECKING:
    from scm.fakes.github.server import FakeGitHub

_LINKS = ["jobs", "logs", "check_suite", "cancel", "rerun", "artifacts", "workflow", "previous_attempt"]


def workflow_run(fake: "FakeGitHub", one: FakeRepository, run: dict[str, Any]) -> dict[str, Any]:
    number, commit = run["id"], one.heads[run["ref"]]
    at = f"{fake.api}/repos/{one.full_name}/actions/runs/{number}"
    person = {"name": "GitHub", "email": "noreply@github.invalid"}
    return {
        "id": number,
        "node_id": node("WFR", number),
        "run_number": number,
        "workflow_id": 1,
        "name": run["workflow"],
        "display_title": run["workflow"],
        "path": f".github/workflows/{run['workflow']}",
        "event": "workflow_dispatch",
        "status": "queued",
        "conclusion": None,
        "head_branch": run["ref"],
        "head_sha": commit,
        "head_commit": {
            "id": commit,
            "tree_id": commit,
            "message": "",
            "timestamp": BORN,
            "author": person,
            "committer": person,
        },
        "repository": fake.document(one),
        "head_repository": fake.document(one),
        "pull_requests": [],
        "url": at,
        "html_url": f"{fake.url}/{one.full_name}/actions/runs/{number}",
        **links(at, _LINKS),
        "created_at": BORN,
        "updated_at": BORN,
    }
