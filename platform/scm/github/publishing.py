"""GitHub's repositories made, set up, pushed to and removed."""

from typing import Any

from core.errors import Conflict, InputError, NotFound
from scm.errors import CredentialRefused, RepositoryNotFound, Unacceptable
from scm.git import Credential
from scm.github import people
from scm.github.paths import of, path
from scm.github.repositories import Repositories
from scm.marks import marked, own_repository
from scm.pushing import PushingByGit
from scm.values import Repository, RepositoryName, RepositorySettings

DESCRIPTION_LIMIT = 350
_TAKEN = "already exists"
_MEMBERS = {
    "homepage": "homepage",
    "has_issues": "has_issues",
    "has_wiki": "has_wiki",
    "has_projects": "has_projects",
    "delete_branch_on_merge": "delete_branch_on_merge",
    "allow_merge_commit": "allow_merge_commit",
    "allow_squash_merge": "allow_squash_merge",
    "allow_rebase_merge": "allow_rebase_merge",
    "allow_auto_merge": "allow_auto_merge",
    "allow_update_branch": "allow_update_branch",
    "squash_title": "squash_merge_commit_title",
    "squash_message": "squash_merge_commit_message",
}


class Publishing(Repositories, PushingByGit):
    """Making repositories, in an organisation or in the account of the credential's person, and pushing to them."""

    def create_repository(
        self, name: RepositoryName, *, description: str, default_branch: str, private: bool, made_by: str
    ) -> Repository:
        """GitHub calls the first branch that is pushed the default branch; `push_tree` sees to it."""
        wanted = {
            "name": name.name,
            "description": marked(_line(description), made_by, limit=DESCRIPTION_LIMIT),
            "private": private,
        }
        door = self._door(name.owner)
        try:
            made = self.access.post(name.owner, door, wanted)
        except Unacceptable as error:
            if _TAKEN not in error.message:
                raise
            return own_repository(self, name, made_by, error)
        except NotFound as error:
            raise CredentialRefused(
                f"{self.host} does not let {self.access.whose} make repositories for {name.owner!r}; "
                "give it the right, or name another owner in repoUrl"
            ) from error
        return self._repository(made.data)

    def configure_repository(self, name: RepositoryName, wanted: RepositorySettings) -> Repository:
        body: dict[str, Any] = {"description": _line(wanted.description)}
        for ours, theirs in _MEMBERS.items():
            value = getattr(wanted, ours)
            body |= {} if value is None else {theirs: value}
        try:
            found = self.access.patch(name.owner, of(name), body).data
            if wanted.topics is not None:
                names = [topic.lower() for topic in wanted.topics]
                found["topics"] = self.access.put(name.owner, of(name, "topics"), {"names": names}).data[
                    "names"
                ]
        except NotFound as error:
            raise self._missing(name, f"'{name}' may not be changed by {self.access.whose}") from error
        return self._repository(found)

    def delete_repository(self, name: RepositoryName, *, repository_id: str) -> None:
        try:
            found = self.get_repository(name)  # follows a repository that was renamed
        except RepositoryNotFound:
            return
        if found.id != repository_id:
            raise Conflict(
                f"repository '{name}' on {self.host} is another one now (its id is {found.id}, not {repository_id}); "
                "it is not touched"
            )
        try:
            self.access.delete(name.owner, of(found.name))
        except NotFound as error:
            raise CredentialRefused(
                f"{self.host} does not let {self.access.whose} delete '{found.name}'; give it the right to, "
                "or delete it there"
            ) from error

    def git_credential(self, name: RepositoryName) -> Credential:
        return self.access.git_credential(name.owner)

    def have_default_branch(self, found: Repository, branch: str) -> None:
        """After the first push: an owner's setting may have named a default branch that nobody has pushed."""
        if found.default_branch == branch:
            return
        try:
            self.access.get(found.name.owner, of(found.name, "branches", found.default_branch))
        except NotFound:
            self.access.patch(found.name.owner, of(found.name), {"default_branch": branch})

    def _door(self, owner: str) -> str:
        """Where repositories of an owner are made."""
        try:
            account = self.access.get(owner, path("users", owner)).data
        except NotFound as error:
            raise NotFound(
                f"there is no owner {owner!r} on {self.host}; mend the owner in repoUrl"
            ) from error
        if account.get("type") == "Organization":
            return path("orgs", owner, "repos")
        try:
            login = people.login(self.access, owner)
        except CredentialRefused as error:  # an App is nobody
            raise self._not_theirs(owner, "no person's") from error
        if login.lower() != owner.lower():
            raise self._not_theirs(owner, f"{login}'s")
        return "/user/repos"

    def _not_theirs(self, owner: str, whose: str) -> CredentialRefused:
        return CredentialRefused(
            f"{owner!r} on {self.host} is a person's account, and {self.access.whose} is {whose}: name an organisation "
            f"in repoUrl, or give the step a token of {owner} in its input 'token'"
        )


def _line(description: str) -> str:
    """A description as GitHub takes it: one line, of bounded length."""
    line = " ".join(description.split())
    if len(line) > DESCRIPTION_LIMIT:
        raise InputError(
            f"description has {len(line)} characters; GitHub takes {DESCRIPTION_LIMIT} at the most: shorten it"
        )
    return line
