"""What GitHub and GitLab do alike when something is pushed: the host is asked what the repository is, git does the rest."""

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path

from scm import remote
from scm.git import Credential
from scm.outside import OutsideHost
from scm.values import Author, Repository, RepositoryName


class PushingByGit(OutsideHost):
    """The pushing part of `Publishing`, for a host outside that is reached by git over HTTPS."""

    @abstractmethod
    def git_credential(self, name: RepositoryName) -> Credential:
        """What git shows the host. CredentialRefused when we have none."""

    @abstractmethod
    def have_default_branch(self, found: Repository, branch: str) -> None:
        """After a push: see to it that the repository's default branch is one that is there."""

    def push_tree(
        self,
        name: RepositoryName,
        folder: Path,
        *,
        branch: str,
        message: str,
        author: Author,
        onto: str = "",
    ) -> str:
        found = self.get_repository(name)
        sha = remote.push_tree(
            self._remote(found.name), folder, branch=branch, message=message, author=author, onto=onto
        )
        self.have_default_branch(found, branch)
        return sha

    def push_changes(
        self,
        name: RepositoryName,
        folder: Path,
        *,
        branch: str,
        message: str,
        author: Author,
        onto: str = "",
        into: str = "",
        delete: Sequence[str] = (),
    ) -> str:
        found = self.get_repository(name)
        sha = remote.push_changes(
            self._remote(found.name),
            folder,
            branch=branch,
            message=message,
            author=author,
            onto=onto,
            into=into,
            delete=delete,
        )
        self.have_default_branch(found, branch)
        return sha

    def export_commit(self, name: RepositoryName, commit: str, into: Path) -> None:
        found = self.get_repository(name)
        remote.export_commit(self._remote(found.name), commit, into)

    def delete_branch(self, name: RepositoryName, branch: str, *, expected: str) -> None:
        found = self.get_repository(name)
        remote.delete_branch(self._remote(found.name), branch, expected=expected)

    def _remote(self, name: RepositoryName) -> remote.Remote:
        way = self.connection
        return remote.Remote(
            self.clone_url(name), self.git_credential(name), self.host, ca=way.ca, proxy=way.proxy
        )
