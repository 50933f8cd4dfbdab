"""GitLab's projects made, set up, pushed to and removed."""

from collections.abc import Mapping
from typing import Any

from core.errors import Conflict, InputError, NotFound
from scm.errors import CredentialRefused, RepositoryNotFound, Unacceptable
from scm.git import Credential
from scm.gitlab.files import Files
from scm.gitlab.paths import of, path
from scm.gitlab.projects import MARKED
from scm.marks import marked, own_repository
from scm.pushing import PushingByGit
from scm.values import Repository, RepositoryName, RepositorySettings

DESCRIPTION_LIMIT = 2000
_TAKEN = "already been taken"
_LEVELS = {
    "has_issues": "issues_access_level",
    "has_wiki": "wiki_access_level",
}


class Publishing(Files, PushingByGit):
    """Making projects in a group or in a person's namespace, and pushing to them."""

    def create_repository(
        self, name: RepositoryName, *, description: str, default_branch: str, private: bool, made_by: str
    ) -> Repository:
        """GitLab calls the first branch that is pushed the default branch; `push_tree` sees to it."""
        wanted = {
            "name": name.name,
            "path": name.name,
            "namespace_id": self._namespace(name.owner),
            "description": marked(_bounded(description), made_by, limit=DESCRIPTION_LIMIT),
            "visibility": "private" if private else "public",
        }
        try:
            made = self.access.post(path("projects"), wanted)
        except Unacceptable as error:
            if _TAKEN not in error.message:
                raise
            return own_repository(self, name, made_by, error)
        except (CredentialRefused, NotFound) as error:
            raise CredentialRefused(
                f"{self.host} does not let {self.access.whose} make projects in {name.owner!r}: {error.message}; "
                "give it the right (Maintainer or Owner), or name another owner in repoUrl"
            ) from error
        return self._repository(made)

    def configure_repository(self, name: RepositoryName, wanted: RepositorySettings) -> Repository:
        """Of the settings GitLab has topics, issues, wiki and the source branch's removal; the rest stays as it is."""
        body: dict[str, Any] = {"description": _bounded(wanted.description)}
        body |= {} if wanted.topics is None else {"topics": list(wanted.topics)}
        for ours, theirs in _LEVELS.items():
            value = getattr(wanted, ours)
            body |= {} if value is None else {theirs: "enabled" if value else "disabled"}
        if wanted.delete_branch_on_merge is not None:
            body["remove_source_branch_after_merge"] = wanted.delete_branch_on_merge
        return self.set_project(name, body)

    def set_project(self, name: RepositoryName, body: Mapping[str, Any]) -> Repository:
        """Change settings by GitLab's own names, such as `merge_method`."""
        try:
            return self._repository(self.access.put(of(name), body))
        except NotFound as error:
            raise self._missing(name, f"'{name}' may not be changed by {self.access.whose}") from error

    def delete_repository(self, name: RepositoryName, *, repository_id: str) -> None:
        """GitLab first marks a project and gives it another path; then it is asked to remove it at once.

        Where its settings forbid that, the marked project goes by itself when its time has come.
        """
        try:
            found = self.get_repository(name)  # follows a project that was moved
        except RepositoryNotFound:
            self._purge(repository_id)
            return
        if found.id != repository_id:
            raise Conflict(
                f"repository '{name}' on {self.host} is another one now (its id is {found.id}, not {repository_id}); "
                "it is not touched"
            )
        try:
            self.access.delete(of(repository_id))
        except NotFound:
            return
        except Unacceptable as error:
            if "marked for deletion" not in error.message:
                raise
        except CredentialRefused as error:
            raise CredentialRefused(
                f"{self.host} does not let {self.access.whose} delete '{found.name}'; give it the right to (Owner), "
                "or delete it there"
            ) from error
        self._purge(repository_id)

    def _purge(self, repository_id: str) -> None:
        """Have a marked project removed at once; one that nobody marked was renamed, and is left alone."""
        try:
            left = self.access.get(of(repository_id))
            if left.get(MARKED):
                at = left["path_with_namespace"]
                self.access.delete(of(repository_id), permanently_remove="true", full_path=at)
        except (NotFound, Unacceptable, CredentialRefused):
            return  # gone; or kept for its time, by the host's own rule

    def git_credential(self, name: RepositoryName) -> Credential:
        return self.access.git_credential()

    def have_default_branch(self, found: Repository, branch: str) -> None:
        """After the first push: the instance may have named a default branch that nobody has pushed."""
        if found.default_branch == branch:
            return
        if not found.default_branch or not self.has_branch(found.name, found.default_branch):
            self.set_project(found.name, {"default_branch": branch})

    def _namespace(self, owner: str) -> int:
        """GitLab's number of a group or of a person's namespace, by its full path."""
        try:
            return int(self.access.get(path("namespaces", owner))["id"])
        except NotFound as error:
            raise NotFound(
                f"there is no group and no person {owner!r} on {self.host} that {self.access.whose} may see; "
                "mend the owner in repoUrl, or make the group first"
            ) from error


def _bounded(description: str) -> str:
    if len(description) > DESCRIPTION_LIMIT:
        raise InputError(
            f"description has {len(description)} characters; GitLab takes {DESCRIPTION_LIMIT} at the most: shorten it"
        )
    return description
