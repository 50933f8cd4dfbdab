"""GitLab's merge requests: opened once for the same two branches, edited, closed, merged once."""

import time
from collections.abc import Mapping
from typing import Any

from core.errors import Conflict, NotFound
from scm.errors import Unacceptable
from scm.gitlab.files import Files
from scm.gitlab.paths import of
from scm.names import checked_branch
from scm.proposals import check_mergeable, check_title, open_already
from scm.values import Author, PullRequest, PullRequestState, RepositoryName

_NOUN = "merge request"
_DRAFT = "Draft: "
_STILL_LOOKING = {"unchecked", "checking", "preparing", "cannot_be_merged_recheck"}
_SOON = (0.5, 1.0, 2.0, 4.0)
"""Seconds after which GitLab is asked again whether it has found out what merges."""
_STATES = {"opened": PullRequestState.OPEN, "locked": PullRequestState.OPEN}


class MergeRequests(Files):
    """Asking for branches to be merged. The author is whoever the token belongs to; a draft is so by its title."""

    def open_pull_requests(self, name: RepositoryName) -> list[PullRequest]:
        asked = {"state": "opened", "order_by": "created_at", "sort": "asc", "scope": "all"}
        try:
            return [
                _pull_request(name, one) for one in self.access.pages(of(name, "merge_requests"), **asked)
            ]
        except NotFound as error:
            raise self._missing(name, f"merge requests of '{name}' are not shown") from error

    def pull_request(self, name: RepositoryName, number: int) -> PullRequest:
        return _pull_request(name, self._told(name, number))

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
    ) -> PullRequest:
        check_title(title, _NOUN)
        checked_branch("source branch", source_branch)
        checked_branch("target branch", target_branch)
        for what, branch in (("source", source_branch), ("target", target_branch)):
            if not self.has_branch(name, branch):  # GitLab would take it, and show a merge request of nothing
                raise self._missing(name, f"{what} branch {branch!r} is not there in '{name}'; push it first")
        wanted = {
            "title": f"{_DRAFT}{title}" if draft else title,
            "description": body,
            "source_branch": source_branch,
            "target_branch": target_branch,
        }
        try:
            made = self.access.post(of(name, "merge_requests"), wanted)
        except NotFound as error:
            raise self._missing(
                name, f"'{name}' takes no merge request from {self.access.whose}: give it the right"
            ) from error
        except Conflict as error:
            raise self._open_already(name, source_branch, target_branch, error) from error
        return _pull_request(name, made)

    def edit_pull_request(self, name: RepositoryName, number: int, *, title: str, body: str) -> PullRequest:
        check_title(title, _NOUN)
        draft = self.pull_request(name, number).draft
        wanted = {"title": f"{_DRAFT}{title}" if draft else title, "description": body}
        return self.set_merge_request(name, number, wanted)

    def close_pull_request(self, name: RepositoryName, number: int, *, by: str) -> PullRequest:
        found = self.pull_request(name, number)
        if found.state is not PullRequestState.OPEN:
            return found
        return self.set_merge_request(name, number, {"state_event": "close"})

    def merge_pull_request(self, name: RepositoryName, number: int, *, by: Author) -> PullRequest:
        """GitLab gives the merge commit the name of whoever the token belongs to."""
        found = self._looked_at(name, number)
        pull = _pull_request(name, found)
        if pull.state is PullRequestState.MERGED:
            return pull
        check_mergeable(pull, _NOUN)
        wanted = {"sha": pull.head_sha, "should_remove_source_branch": False}
        try:
            self.access.put(of(name, "merge_requests", number, "merge"), wanted)
        except (Conflict, Unacceptable) as error:
            why = found.get("detailed_merge_status") or found.get("merge_status") or "not mergeable"
            raise Conflict(
                f"merge request {number} of '{name}' cannot be merged ({why}): {error.message}; look at {pull.web_url}"
            ) from error
        return self.pull_request(name, number)

    def set_merge_request(self, name: RepositoryName, number: int, body: Mapping[str, Any]) -> PullRequest:
        """Change a merge request by GitLab's own names, such as `assignee_ids`."""
        try:
            return _pull_request(name, self.access.put(of(name, "merge_requests", number), body))
        except NotFound as error:
            raise self._missing(name, f"merge request {number} is not there in '{name}'") from error

    def _told(self, name: RepositoryName, number: int) -> dict[str, Any]:
        try:
            return self.access.get(of(name, "merge_requests", number))
        except NotFound as error:
            raise self._missing(name, f"merge request {number} is not there in '{name}'") from error

    def _looked_at(self, name: RepositoryName, number: int) -> dict[str, Any]:
        """A merge request once GitLab, which looks in the background, knows whether it merges."""
        found = self._told(name, number)
        for pause in _SOON:
            if found.get("detailed_merge_status") not in _STILL_LOOKING:
                break
            time.sleep(pause)
            found = self._told(name, number)
        return found

    def _open_already(self, name: RepositoryName, source: str, target: str, error: Conflict) -> Conflict:
        listed = self.access.pages(
            of(name, "merge_requests"), state="opened", source_branch=source, target_branch=target
        )
        for known in listed:
            return open_already(_pull_request(name, known), _NOUN)
        return error


def _pull_request(name: RepositoryName, data: dict[str, Any]) -> PullRequest:
    draft, title = bool(data.get("draft")), str(data["title"])
    return PullRequest(
        repository=name,
        number=int(data["iid"]),
        title=title.removeprefix(_DRAFT) if draft else title,
        body=data.get("description") or "",
        source_branch=data["source_branch"],
        target_branch=data["target_branch"],
        head_sha=data.get("sha") or "",
        state=_STATES.get(data["state"]) or PullRequestState(data["state"]),
        author=(data.get("author") or {}).get("username", ""),
        web_url=data["web_url"],
        draft=draft,
        fork=""
        if data.get("source_project_id") in {None, data.get("project_id")}
        else str(data["source_project_id"]),
    )
