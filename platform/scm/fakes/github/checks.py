"""What a fake GitHub tells of the checks of a commit: statuses and check runs, as a test says they are."""

from typing import TYPE_CHECKING, Any

from scm.fakes.github.documents import BORN, node
from scm.fakes.github.facts import Facts
from scm.fakes.github.replies import invalid
from scm.fakes.server import Asked, Reply
from scm.fakes.state import FakeRepository

if TYPE_CHECKING:
    from scm.fakes.github.server import FakeGitHub

_SHA = "([0-9a-f]{40})"


class Checks:
    """/commits/:sha/status and /commits/:sha/check-runs."""

    def __init__(self, fake: "FakeGitHub") -> None:
        self.fake = fake
        fake.within("GET", f"/commits/{_SHA}/status", self._status)
        fake.within("GET", f"/commits/{_SHA}/check-runs", self._runs)

    def _status(self, asked: Asked, one: FakeRepository, facts: Facts, sha: str) -> Reply:
        if sha not in one.heads.values():
            return _unknown(sha)
        states = facts.statuses.get(sha, {})
        at = f"{self.fake.api}/repos/{one.full_name}"
        size, page = int(asked.query.get("per_page", "30")), int(asked.query.get("page", "1"))
        shown = list(enumerate(states.items(), start=1))[(page - 1) * size : page * size]
        worst = next(
            (state for state in ("failure", "error", "pending") if state in states.values()), "success"
        )
        return Reply(
            200,
            {
                "state": worst if states else "pending",
                "sha": sha,
                "total_count": len(states),
                "statuses": [
                    {
                        "id": number,
                        "node_id": node("SC", number),
                        "url": f"{at}/statuses/{sha}",
                        "avatar_url": None,
                        "state": state,
                        "description": None,
                        "target_url": None,
                        "context": context,
                        "created_at": BORN,
                        "updated_at": BORN,
                    }
                    for number, (context, state) in shown
                ],
                "repository": self.fake.document(one),
                "commit_url": f"{at}/commits/{sha}",
                "url": f"{at}/commits/{sha}/status",
            },
        )

    def _runs(self, asked: Asked, one: FakeRepository, facts: Facts, sha: str) -> Reply:
        if sha not in one.heads.values():
            return _unknown(sha)
        runs = list(facts.check_runs.get(sha, {}).items())
        size, page = int(asked.query.get("per_page", "30")), int(asked.query.get("page", "1"))
        shown = [self._run(one, sha, number, *run) for number, run in enumerate(runs, start=1)]
        return Reply(200, {"total_count": len(runs), "check_runs": shown[(page - 1) * size : page * size]})

    def _run(
        self, one: FakeRepository, sha: str, number: int, name: str, conclusion: str | None
    ) -> dict[str, Any]:
        """A check run; it is still going on while it has no conclusion."""
        at = f"{self.fake.api}/repos/{one.full_name}/check-runs/{number}"
        return {
            "id": number,
            "node_id": node("CR", number),
            "head_sha": sha,
            "external_id": "",
            "url": at,
            "html_url": f"{self.fake.url}/{one.full_name}/runs/{number}",
            "details_url": f"{self.fake.url}/{one.full_name}/runs/{number}",
            "status": "completed" if conclusion else "in_progress",
            "conclusion": conclusion,
            "started_at": BORN,
            "completed_at": BORN if conclusion else None,
            "output": {
                "title": None,
                "summary": None,
                "text": None,
                "annotations_count": 0,
                "annotations_url": f"{at}/annotations",
            },
            "name": name,
            "check_suite": {"id": 1},
            "app": None,
            "pull_requests": [],
        }


def _unknown(sha: str) -> Reply:
    return invalid("Commit", "sha", said=f"No commit found for SHA: {sha}")
