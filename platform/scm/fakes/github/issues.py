"""A fake GitHub's issues, their labels, and who is assigned."""

from typing import TYPE_CHECKING, Any

from scm.fakes.github.documents import BORN, label, links, node
from scm.fakes.github.facts import Facts
from scm.fakes.github.replies import invalid, missing
from scm.fakes.server import Asked, Reply, paged
from scm.fakes.state import FakeRepository

if TYPE_CHECKING:
    from scm.fakes.github.server import FakeGitHub


class Issues:
    """/issues; labels and assignees are those of pull requests too."""

    def __init__(self, fake: "FakeGitHub") -> None:
        self.fake = fake
        fake.within("GET", "/issues", self._list)
        fake.within("POST", "/issues", self._write)
        fake.within("GET", r"/issues/(\d+)", self._tell)
        fake.within("PATCH", r"/issues/(\d+)", self._change)
        fake.within("POST", r"/issues/(\d+)/labels", self._label)
        fake.within("POST", r"/issues/(\d+)/assignees", self._assign)

    def _list(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        state = asked.query.get("state", "open")
        found = [issue for issue in facts.issues.values() if state in {"all", issue["state"]}]
        if asked.query.get("direction", "desc") == "desc":
            found.reverse()
        return paged(asked, [self._document(one, issue) for issue in found], self.fake.url)

    def _write(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        given = asked.json()
        milestone = given.get("milestone")
        if milestone is not None:
            return invalid("Issue", "milestone", code="invalid")
        number = facts.next_number
        known = [login for login in given.get("assignees", ()) if login in self.fake.state.people]
        facts.issues[number] = {
            "number": number,
            "title": given["title"],
            "body": given.get("body"),
            "labels": list(given.get("labels", ())),
            "assignees": known,
            "state": "open",
            "by": self.fake.whose(asked),
        }
        return Reply(201, self._document(one, facts.issues[number]))

    def _tell(self, asked: Asked, one: FakeRepository, facts: Facts, number: str) -> Reply:
        found = facts.issues.get(int(number))
        return Reply(data=self._document(one, found)) if found else missing()

    def _change(self, asked: Asked, one: FakeRepository, facts: Facts, number: str) -> Reply:
        found = facts.issues.get(int(number))
        if found is None:
            return missing()
        found |= asked.json()
        return Reply(data=self._document(one, found))

    def _label(self, asked: Asked, one: FakeRepository, facts: Facts, number: str) -> Reply:
        labels = self._lists(facts, int(number), "labels")
        if labels is None:
            return missing()
        labels.extend(name for name in asked.json()["labels"] if name not in labels)
        return Reply(data=[label(self.fake.api, one.full_name, name) for name in labels])

    def _assign(self, asked: Asked, one: FakeRepository, facts: Facts, number: str) -> Reply:
        people = self._lists(facts, int(number), "assignees")
        if people is None:
            return missing()
        known = [login for login in asked.json()["assignees"] if login in self.fake.state.people]
        people.extend(login for login in known if login not in people)
        told = {"number": int(number), "title": "", "state": "open", "labels": [], "assignees": people}
        return Reply(201, self._document(one, facts.issues.get(int(number), {**told, "by": self.fake.me})))

    def _lists(self, facts: Facts, number: int, what: str) -> list[str] | None:
        if number in facts.pulls:
            found: list[str] = getattr(facts.pulls[number], what)
            return found
        return facts.issues[number][what] if number in facts.issues else None

    def _document(self, one: FakeRepository, issue: dict[str, Any]) -> dict[str, Any]:
        number, at = issue["number"], f"{self.fake.api}/repos/{one.full_name}"
        people = [self.fake.person(login) for login in issue["assignees"]]
        own = f"{at}/issues/{number}"
        return {
            "id": one.id * 10_000 + number,
            "node_id": node("I", number),
            "number": number,
            "url": own,
            "repository_url": at,
            "html_url": f"{self.fake.url}/{one.full_name}/issues/{number}",
            **links(own, ["labels", "comments", "events"]),
            "title": issue["title"],
            "body": issue.get("body"),
            "state": issue["state"],
            "state_reason": issue.get("state_reason"),
            "locked": False,
            "user": self.fake.person(issue["by"]),
            "labels": [label(self.fake.api, one.full_name, name) for name in issue["labels"]],
            "assignee": people[0] if people else None,
            "assignees": people,
            "milestone": None,
            "comments": 0,
            "author_association": "MEMBER",
            "created_at": BORN,
            "updated_at": BORN,
            "closed_at": None if issue["state"] == "open" else BORN,
        }
