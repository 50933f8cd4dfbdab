"""A fake GitLab's merge requests, with git deciding what merges."""

from typing import TYPE_CHECKING, Any

from core.errors import Conflict
from scm.commits import merge_commit
from scm.fakes.gitlab.facts import Facts, Json
from scm.fakes.gitlab.replies import conflicting, invalid, missing
from scm.fakes.server import Asked, Reply, paged
from scm.fakes.state import FakeRepository
from scm.values import Author

if TYPE_CHECKING:
    from scm.fakes.gitlab.server import FakeGitLab

_MERGER = Author("GitLab", "noreply@gitlab.invalid")
_DRAFT = ("Draft: ", "[Draft] ", "(Draft) ")
_NOT_MERGEABLE = Reply(405, {"message": "405 Method Not Allowed"})


class MergeRequests:
    """/merge_requests. One is made for branches that are not there or do not differ, too, as GitLab does."""

    def __init__(self, fake: "FakeGitLab") -> None:
        self.fake = fake
        fake.within("GET", "/merge_requests", self._list)
        fake.within("POST", "/merge_requests", self._open)
        fake.within("GET", r"/merge_requests/(\d+)", self._tell)
        fake.within("PUT", r"/merge_requests/(\d+)", self._change)
        fake.within("PUT", r"/merge_requests/(\d+)/merge", self._merge)

    def _list(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        wanted = {
            name: asked.query[name] for name in ("source_branch", "target_branch") if name in asked.query
        }
        state = asked.query.get("state", "all")
        found = [
            pull
            for pull in facts.merge_requests.values()
            if state in {"all", pull["state"]} and wanted.items() <= pull.items()
        ]
        if asked.query.get("sort", "desc") == "desc":
            found.reverse()
        return paged(asked, [self._document(one, pull) for pull in found], self.fake.url)

    def _open(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        given = asked.json()
        source, target = given["source_branch"], given["target_branch"]
        if source == target:
            return Reply(422, {"message": ["You can't use same project/branch for source and target"]})
        for pull in facts.merge_requests.values():
            if (pull["source_branch"], pull["target_branch"], pull["state"]) == (source, target, "opened"):
                words = f"Another open merge request already exists for this source branch: !{pull['iid']}"
                return conflicting([words])
        if not given["title"].strip():
            return invalid({"title": ["can't be blank"]})
        number = len(facts.merge_requests) + 1
        pull = {"iid": number, "state": "opened", "by": self.fake.whose(asked), "description": "", **given}
        facts.merge_requests[number] = pull
        return Reply(201, self._document(one, pull))

    def _tell(self, asked: Asked, one: FakeRepository, facts: Facts, number: str) -> Reply:
        pull = facts.merge_requests.get(int(number))
        return Reply(data=self._document(one, pull)) if pull else missing()

    def _change(self, asked: Asked, one: FakeRepository, facts: Facts, number: str) -> Reply:
        pull, given = facts.merge_requests.get(int(number)), dict(asked.json())
        if pull is None:
            return missing()
        event = given.pop("state_event", "")
        self._document(one, pull)  # takes note of the head
        if event == "close" and pull["state"] == "opened":
            pull["state"] = "closed"
        pull |= given
        return Reply(data=self._document(one, pull))

    def _merge(self, asked: Asked, one: FakeRepository, facts: Facts, number: str) -> Reply:
        pull, given = facts.merge_requests.get(int(number)), asked.json() or {}
        if pull is None:
            return missing()
        told = self._document(one, pull)
        if pull["state"] != "opened" or told["draft"]:
            return _NOT_MERGEABLE
        if given.get("sha", told["sha"]) != told["sha"]:
            return conflicting("SHA does not match HEAD of source branch")
        if given.get("merge_when_pipeline_succeeds") or given.get("auto_merge"):
            pull["auto_merge"] = True
            return Reply(data=told)
        before = one.heads
        target = before[pull["target_branch"]]
        message = f"Merge branch '{pull['source_branch']}'"
        try:
            made = merge_commit(one.bare, target=target, source=told["sha"], message=message, author=_MERGER)
        except Conflict:
            return Reply(422, {"message": "Branch cannot be merged"})
        one.bare.move(pull["target_branch"], to=made, expected=target)
        one.follow(before)
        pull["state"] = "merged"
        return Reply(data=self._document(one, pull))

    def _document(self, one: FakeRepository, pull: Json) -> dict[str, Any]:
        if pull["state"] == "opened":
            pull["sha"] = one.heads.get(pull["source_branch"], pull.get("sha"))
        at = f"{self.fake.url}/{one.full_name}/-/merge_requests/{pull['iid']}"
        return {
            "id": one.id * 10_000 + pull["iid"],
            "iid": pull["iid"],
            "project_id": one.id,
            "title": pull["title"],
            "description": pull["description"],
            "state": pull["state"],
            "draft": pull["title"].startswith(_DRAFT),
            "source_branch": pull["source_branch"],
            "target_branch": pull["target_branch"],
            "sha": pull.get("sha"),
            "author": self.fake.person(pull["by"]),
            "web_url": at,
            "detailed_merge_status": "mergeable" if pull["state"] == "opened" else "not_open",
            "merge_status": "can_be_merged",
        }
