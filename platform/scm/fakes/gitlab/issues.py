"""A fake GitLab's issues, and the pipelines that were started."""

from typing import TYPE_CHECKING, Any

from scm.fakes.gitlab.facts import Facts, Json
from scm.fakes.gitlab.replies import invalid, missing
from scm.fakes.server import Asked, Reply, paged
from scm.fakes.state import FakeRepository

if TYPE_CHECKING:
    from scm.fakes.gitlab.server import FakeGitLab


class Issues:
    """/issues and /pipeline."""

    def __init__(self, fake: "FakeGitLab") -> None:
        self.fake = fake
        fake.within("GET", "/issues", self._list)
        fake.within("POST", "/issues", self._write)
        fake.within("GET", r"/issues/(\d+)", self._tell)
        fake.within("PUT", r"/issues/(\d+)", self._change)
        fake.within("POST", "/pipeline", self._start)

    def _list(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        found = list(facts.issues.values())
        if asked.query.get("sort", "desc") == "desc":
            found.reverse()
        return paged(asked, [self._document(one, issue) for issue in found], self.fake.url)

    def _write(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        given = asked.json()
        if not given.get("title"):
            return invalid({"title": ["can't be blank"]})
        number = len(facts.issues) + 1
        facts.issues[number] = {"iid": number, "state": "opened", "description": None, **given}
        return Reply(201, self._document(one, facts.issues[number]))

    def _tell(self, asked: Asked, one: FakeRepository, facts: Facts, number: str) -> Reply:
        found = facts.issues.get(int(number))
        return Reply(data=self._document(one, found)) if found else missing("Issue")

    def _change(self, asked: Asked, one: FakeRepository, facts: Facts, number: str) -> Reply:
        found, given = facts.issues.get(int(number)), dict(asked.json())
        if found is None:
            return missing("Issue")
        event = given.pop("state_event", "")
        found |= {"state": "closed" if event == "close" else "opened"} if event else {}
        found |= given
        return Reply(data=self._document(one, found))

    def _start(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        given = asked.json()
        if given["ref"] not in one.heads:
            return invalid({"base": ["Reference not found"]})
        number = len(facts.pipelines) + 1
        facts.pipelines.append(given)
        at = f"{self.fake.url}/{one.full_name}/-/pipelines/{number}"
        return Reply(201, {"id": number, "status": "created", "ref": given["ref"], "web_url": at})

    def _document(self, one: FakeRepository, issue: Json) -> dict[str, Any]:
        return {
            "id": one.id * 10_000 + issue["iid"],
            "iid": issue["iid"],
            "project_id": one.id,
            "title": issue["title"],
            "description": issue["description"],
            "state": issue["state"],
            "labels": [one for one in (issue.get("labels") or "").split(",") if one],
            "updated_at": "2026-01-01T00:00:00.000Z",
            "web_url": f"{self.fake.url}/{one.full_name}/-/issues/{issue['iid']}",
        }
