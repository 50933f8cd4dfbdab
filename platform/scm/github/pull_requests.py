"""GitHub's pull requests: opened once for the same two branches, edited, closed, merged once."""

from typing import Any

from core.errors import Conflict, InputError, NotFound
from scm.errors import Unacceptable
from scm.github.paths import of
from scm.github.repositories import Repositories
from scm.names import checked_branch
from scm.proposals import check_mergeable, check_title, open_already
from scm.values import Author, PullRequest, PullRequestState, RepositoryName

_NOUN = "pull request"
_OPEN_ALREADY = "pull request already exists"
_NOTHING_NEW = "no commits between"


class PullRequests(Repositories):
    """Asking for branches to be merged. The author is whoever the credential belongs to."""

    def open_pull_requests(self, name: RepositoryName) -> list[PullRequest]:
        asked = {"state": "open", "sort": "created", "direction": "asc"}
        try:
            listed = list(self.access.pages(name.owner, of(name, "pulls"), asked))
        except NotFound as error:
            raise self._missing(name, f"pull requests of '{name}' are not shown") from error
        return [_pull_request(name, one) for one in listed]

    def pull_request(self, name: RepositoryName, number: int) -> PullRequest:
        try:
            found = self.access.get(name.owner, of(name, "pulls", number)).data
        except NotFound as error:
            raise self._missing(name, f"pull request {number} is not there in '{name}'") from error
        return _pull_request(name, found)

    def open_pull_request(
        self,
        name: RepositoryName,
        *,
        title: str,
        body: str,
        source_branch: str,
        target_branch: str,
        author: str,
        draft: bool = False,
        fork: str = "",
    ) -> PullRequest:
        """`fork`: whose fork has the source branch, when it is not in the repository itself."""
        check_title(title, _NOUN)
        checked_branch("source branch", source_branch)
        checked_branch("target branch", target_branch)
        known = self._open_for(name, source_branch, target_branch, fork)
        if known is not None:
            raise open_already(known, _NOUN)
        head = f"{fork}:{source_branch}" if fork else source_branch
        wanted = {"title": title, "body": body, "head": head, "base": target_branch, "draft": draft}
        try:
            made = self.access.post(name.owner, of(name, "pulls"), wanted)
        except NotFound as error:
            raise self._missing(
                name, f"'{name}' takes no pull request from {self.access.whose}: give it the right"
            ) from error
        except Unacceptable as error:
            raise self._no_ground(name, source_branch, target_branch, fork, error) from error
        return _pull_request(name, made.data)

    def edit_pull_request(self, name: RepositoryName, number: int, *, title: str, body: str) -> PullRequest:
        check_title(title, _NOUN)
        return self._changed(name, number, {"title": title, "body": body})

    def close_pull_request(self, name: RepositoryName, number: int, *, by: str) -> PullRequest:
        found = self.pull_request(name, number)
        if found.state is not PullRequestState.OPEN:
            return found
        return self._changed(name, number, {"state": "closed"})

    def merge_pull_request(self, name: RepositoryName, number: int, *, by: Author) -> PullRequest:
        """GitHub gives the merge commit the name of whoever the credential belongs to."""
        found = self.pull_request(name, number)
        if found.state is PullRequestState.MERGED:
            return found
        check_mergeable(found, _NOUN)
        wanted = {"merge_method": "merge", "sha": found.head_sha}
        try:
            self.access.put(name.owner, of(name, "pulls", number, "merge"), wanted)
        except Conflict as error:
            raise Conflict(
                f"pull request {number} of '{name}' cannot be merged: {error.message}; look at {found.web_url}"
            ) from error
        return self.pull_request(name, number)

    def _changed(self, name: RepositoryName, number: int, body: dict[str, Any]) -> PullRequest:
        try:
            found = self.access.patch(name.owner, of(name, "pulls", number), body)
        except NotFound as error:
            raise self._missing(name, f"pull request {number} is not there in '{name}'") from error
        return _pull_request(name, found.data)

    def _open_for(self, name: RepositoryName, source: str, target: str, fork: str) -> PullRequest | None:
        asked = {"state": "open", "head": f"{fork or name.owner}:{source}", "base": target}
        try:
            found = self.access.get(name.owner, of(name, "pulls"), asked).data
        except NotFound as error:
            raise self._missing(name, f"pull requests of '{name}' are not shown") from error
        listed = [_pull_request(name, one) for one in found]
        return next((one for one in listed if one.joins(source, target, fork)), None)

    def _no_ground(
        self, name: RepositoryName, source: str, target: str, fork: str, error: Unacceptable
    ) -> Conflict | InputError | NotFound:
        """Why GitHub does not take a pull request, in our words; it tells a missing branch by the field only."""
        said = error.message.lower()
        known = self._open_for(name, source, target, fork) if _OPEN_ALREADY in said else None
        if known is not None:
            return open_already(known, _NOUN)
        if _NOTHING_NEW in said:
            return InputError(
                f"source branch {source!r} has nothing that {target!r} lacks; push a commit first"
            )
        names = {one.name for one in self.branches(name)}
        for what, branch in (("source", source), ("target", target)):
            if branch not in names and not (fork and what == "source"):
                return NotFound(f"{what} branch {branch!r} is not there in '{name}'; push it first")
        return error


def _pull_request(name: RepositoryName, data: dict[str, Any]) -> PullRequest:
    state = PullRequestState.MERGED if data.get("merged_at") else PullRequestState(data["state"])
    owner = (data["head"].get("label") or "").partition(":")[0]
    return PullRequest(
        repository=name,
        number=int(data["number"]),
        title=data["title"],
        body=data.get("body") or "",
        source_branch=data["head"]["ref"],
        target_branch=data["base"]["ref"],
        head_sha=data["head"]["sha"],
        state=state,
        author=(data.get("user") or {}).get("login", ""),
        web_url=data["html_url"],
        draft=bool(data.get("draft")),
        fork="" if owner.lower() in {"", name.owner.lower()} else owner,
    )
