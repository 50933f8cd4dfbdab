"""A fake GitHub's pull requests, with git deciding what has been added and what merges."""

from typing import TYPE_CHECKING, Any

from core.errors import Conflict
from scm.commits import merge_commit
from scm.fakes.github.documents import BORN, label, links, node
from scm.fakes.github.facts import Facts, Pull
from scm.fakes.github.replies import conflicting, invalid, missing
from scm.fakes.server import Asked, Reply, paged
from scm.fakes.state import FakeRepository
from scm.values import Author

if TYPE_CHECKING:
    from scm.fakes.github.server import FakeGitHub

_MERGER = Author("GitHub", "noreply@github.invalid")
_LINKS = ["comments", "commits", "review_comments", "statuses", "diff", "patch", "issue", "review_comment"]
_NOT_MERGEABLE = {
    "message": "Pull Request is not mergeable",
    "documentation_url": "https://docs.github.com/rest",
}


class PullRequests:
    """/pulls, their reviewers, and who is assigned."""

    def __init__(self, fake: "FakeGitHub") -> None:
        self.fake = fake
        fake.within("GET", "/pulls", self._list)
        fake.within("POST", "/pulls", self._open)
        fake.within("GET", r"/pulls/(\d+)", self._tell)
        fake.within("PATCH", r"/pulls/(\d+)", self._change)
        fake.within("PUT", r"/pulls/(\d+)/merge", self._merge)
        fake.within("POST", r"/pulls/(\d+)/requested_reviewers", self._reviewers)

    def _list(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        state, query = asked.query.get("state", "open"), asked.query
        found = [
            pull
            for pull in facts.pulls.values()
            if (state == "all" or (pull.state == "open") == (state == "open"))
            and query.get("head", _label(one, pull)) == _label(one, pull)
            and query.get("base", pull.base) == pull.base
        ]
        if query.get("direction", "desc") == "desc":
            found.reverse()
        return paged(asked, [self._document(one, facts, pull) for pull in found], self.fake.url)

    def _open(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        given, bases = asked.json(), one.heads
        owner, _, head = given["head"].rpartition(":")
        base, fork = given["base"], "" if owner in {"", one.owner} else owner
        source = self.fake.forks.of(one, fork) if fork else one
        heads = source.heads if source else {}
        for field, branch, known in (("head", head, heads), ("base", base, bases)):
            if branch not in known:
                return invalid("PullRequest", field)
        number = facts.next_number
        pull = Pull(number, given["title"], given.get("body") or "", head, base, self.fake.whose(asked))
        pull.fork = fork
        same = [
            p
            for p in facts.pulls.values()
            if (_label(one, p), p.base, p.state) == (_label(one, pull), base, "open")
        ]
        if same:
            return invalid("PullRequest", "", f"A pull request already exists for {_label(one, pull)}.")
        if one.bare.contains(bases[base], heads[head]):
            return invalid("PullRequest", "", f"No commits between {base} and {head}")
        pull.draft, pull.head_sha, pull.base_sha = bool(given.get("draft")), heads[head], bases[base]
        facts.pulls[number] = pull
        return Reply(201, self._whole(one, facts, pull))

    def _tell(self, asked: Asked, one: FakeRepository, facts: Facts, number: str) -> Reply:
        pull = facts.pulls.get(int(number))
        return Reply(data=self._whole(one, facts, pull)) if pull else missing()

    def _change(self, asked: Asked, one: FakeRepository, facts: Facts, number: str) -> Reply:
        pull, given = facts.pulls.get(int(number)), asked.json()
        if pull is None:
            return missing()
        pull.title, pull.body = given.get("title", pull.title), given.get("body", pull.body)
        if pull.state != "merged":
            self._follow(one, pull)
            pull.state = given.get("state", pull.state)
        return Reply(data=self._whole(one, facts, pull))

    def _merge(self, asked: Asked, one: FakeRepository, facts: Facts, number: str) -> Reply:
        pull, given = facts.pulls.get(int(number)), asked.json() or {}
        if pull is None:
            return missing()
        self._follow(one, pull)
        if pull.state != "open" or pull.draft:
            return Reply(405, _NOT_MERGEABLE)
        if given.get("sha", pull.head_sha) != pull.head_sha:
            return conflicting("Head branch was modified. Review and try the merge again.")
        message = f"Merge pull request #{number} from {one.owner}/{pull.head}"
        before = one.heads
        try:
            made = merge_commit(
                one.bare, target=before[pull.base], source=pull.head_sha, message=message, author=_MERGER
            )
        except Conflict:
            return Reply(405, _NOT_MERGEABLE)
        one.bare.move(pull.base, to=made, expected=before[pull.base])
        one.follow(before)
        pull.state, pull.merge_commit = "merged", made
        return Reply(data={"sha": made, "merged": True, "message": "Pull Request successfully merged"})

    def _reviewers(self, asked: Asked, one: FakeRepository, facts: Facts, number: str) -> Reply:
        pull, given = facts.pulls.get(int(number)), asked.json()
        if pull is None:
            return missing()
        unknown = [login for login in given.get("reviewers", ()) if login not in self.fake.state.people]
        if unknown:
            words = "Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator"
            return Reply(422, {"message": words, "documentation_url": "https://docs.github.com/rest"})
        pull.reviewers = sorted({*pull.reviewers, *given.get("reviewers", ())})
        pull.teams = sorted({*pull.teams, *given.get("team_reviewers", ())})
        return Reply(201, self._document(one, facts, pull))

    def _follow(self, one: FakeRepository, pull: Pull) -> None:
        if pull.state == "open":
            pull.head_sha = self._source(one, pull).heads.get(pull.head, pull.head_sha)

    def _source(self, one: FakeRepository, pull: Pull) -> FakeRepository:
        """The repository with the head; the pull request's own once its fork is gone."""
        return (self.fake.forks.of(one, pull.fork) if pull.fork else None) or one

    def _document(self, one: FakeRepository, facts: Facts, pull: Pull) -> dict[str, Any]:
        self._follow(one, pull)
        at = f"{self.fake.api}/repos/{one.full_name}/pulls/{pull.number}"
        web = f"{self.fake.url}/{one.full_name}/pull/{pull.number}"
        addresses = links(at, _LINKS)
        names = ("comments", "commits", "statuses", "issue", "review_comments", "review_comment")
        people = [self.fake.person(login) for login in pull.assignees]
        return {
            "id": one.id * 10_000 + pull.number,
            "node_id": node("PR", pull.number),
            "number": pull.number,
            "url": at,
            "html_url": web,
            **addresses,
            "_links": {
                **{name: {"href": addresses[f"{name}_url"]} for name in names},
                "html": {"href": web},
                "self": {"href": at},
            },
            "state": "open" if pull.state == "open" else "closed",
            "draft": pull.draft,
            "locked": False,
            "title": pull.title,
            "body": pull.body or None,
            "user": self.fake.person(pull.by),
            "labels": [label(self.fake.api, one.full_name, name) for name in pull.labels],
            "milestone": None,
            "assignee": people[0] if people else None,
            "assignees": people,
            "requested_reviewers": [self.fake.person(login) for login in pull.reviewers],
            "head": self._end(self._source(one, pull), pull.head, pull.head_sha),
            "base": self._end(one, pull.base, pull.base_sha),
            "author_association": "MEMBER",
            "auto_merge": None,
            "created_at": BORN,
            "updated_at": one.pushed_at,
            "closed_at": None if pull.state == "open" else one.pushed_at,
            "merged_at": one.pushed_at if pull.state == "merged" else None,
            "merge_commit_sha": pull.merge_commit or None,
        }

    def _end(self, one: FakeRepository, branch: str, commit: str) -> dict[str, Any]:
        owner = self.fake.person(one.owner)
        return {
            "label": f"{one.owner}:{branch}",
            "ref": branch,
            "sha": commit,
            "user": owner,
            "repo": self.fake.document(one),
        }

    def _whole(self, one: FakeRepository, facts: Facts, pull: Pull) -> dict[str, Any]:
        merged = pull.state == "merged"
        counts = dict.fromkeys(("additions", "deletions", "comments", "review_comments"), 0)
        return {
            **self._document(one, facts, pull),
            **counts,
            "changed_files": 1,
            "commits": 1,
            "merged": merged,
            "mergeable": None,
            "mergeable_state": "unknown",
            "merged_by": self.fake.person(self.fake.me) if merged else None,
            "maintainer_can_modify": False,
        }


def _label(one: FakeRepository, pull: Pull) -> str:
    """A pull request's head as GitHub calls it."""
    return f"{pull.fork or one.owner}:{pull.head}"
