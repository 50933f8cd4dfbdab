"""What GitHub and GitLab are alike: a host outside, reached by a connection, with web addresses and one 404 for two things."""

from abc import ABC, abstractmethod
from typing import ClassVar

from core.errors import ExternalError, NotFound
from scm.addresses import WebAddresses
from scm.connections import Connection
from scm.errors import RepositoryNotFound
from scm.values import ContentAddress, FileContent, Repository, RepositoryName


class OutsideHost(ABC):
    """One host, asked with one credential; `whose` says in sentences who that is."""

    MARKER: ClassVar[str] = ""
    """What stands between a repository and the view of it in web addresses, as `WebAddresses` has it."""

    def __init__(self, connection: Connection, whose: str) -> None:
        self.host = connection.name
        self.connection = connection
        self.whose = whose
        self.addresses = WebAddresses(connection.url, self.MARKER)

    @abstractmethod
    def get_repository(self, name: RepositoryName) -> Repository:
        """See `scm.port.Reading`."""

    @abstractmethod
    def fetch_file(self, name: RepositoryName, ref: str, path: str, *, etag: str = "") -> FileContent | None:
        """See `scm.port.Reading`."""

    def read_file(self, name: RepositoryName, ref: str, path: str) -> bytes:
        found = self.fetch_file(name, ref, path)
        if found is None:
            raise ExternalError(
                f"{self.host} says that {path!r} is unchanged, though nobody asked; try again"
            )
        return found.content

    def web_url(self, name: RepositoryName) -> str:
        return self.addresses.repository(name)

    def clone_url(self, name: RepositoryName) -> str:
        return self.addresses.clone(name)

    def contents_url(self, name: RepositoryName, branch: str, path: str = "") -> str:
        return self.addresses.contents(name, branch, path)

    def folder_url(self, name: RepositoryName, ref: str, path: str) -> str:
        return self.addresses.folder(name, ref, path)

    def edit_url(self, name: RepositoryName, branch: str, path: str) -> str:
        return self.addresses.edit(name, branch, path)

    def resolve(self, url: str) -> ContentAddress | None:
        return self.addresses.resolve(url)

    def _not_shown(self, name: RepositoryName) -> RepositoryNotFound:
        return RepositoryNotFound(
            f"repository '{name}' is not on {self.host}, or {self.whose} may not see it"
        )

    def _missing(self, name: RepositoryName, otherwise: str) -> NotFound:
        """Hosts say 404 for a missing thing and for a repository that they do not show us alike."""
        try:
            self.get_repository(name)
        except RepositoryNotFound as error:
            return error
        return NotFound(f"{otherwise} on {self.host}")
