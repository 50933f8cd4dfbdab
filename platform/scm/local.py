"""The local code host: bare repositories in the data folder, pull requests as rows."""

import ipaddress
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import SplitResult, quote, unquote, urlsplit

from django.conf import settings

from core.api.subjects import System
from core.errors import Conflict, InputError, NotFound
from scm import actions, pull_requests, storage
from scm.export import export_tree
from scm.models import LocalPullRequest, LocalRepository
from scm.names import checked_path, checked_ref
from scm.querysets import pull_request_numbered, repository_named
from scm.values import (
    Author,
    Branch,
    Commit,
    ContentAddress,
    FileContent,
    PullRequest,
    PullRequestState,
    Repository,
    RepositoryName,
    RepositorySettings,
    Visibility,
)

_MOUNT = "/git/"


class LocalHost:
    """CodeHost, Listing, PullRequests and History on this machine; `repoUrl` is `local?owner=acme&repo=payments`."""

    host = "local"

    def get_repository(self, name: RepositoryName) -> Repository:
        return self._repository(repository_named(name))

    def repositories(self, owner: str) -> Iterator[Repository]:
        rows = LocalRepository.objects.filter(owner__iexact=owner)
        if not rows.exists():
            raise NotFound(f"owner {owner!r} has no repository on the local code host; create one first")
        return map(self._repository, rows)

    def create_repository(
        self, name: RepositoryName, *, description: str, default_branch: str, private: bool, made_by: str
    ) -> Repository:
        made = actions.create_repository(
            name=name,
            description=description,
            default_branch=default_branch,
            private=private,
            made_by=made_by,
        )
        return self._repository(made)

    def configure_repository(self, name: RepositoryName, wanted: RepositorySettings) -> Repository:
        """There is nothing to set but the description."""
        row = repository_named(name)
        return self._repository(actions.describe(repository=row, description=wanted.description))

    def delete_repository(self, name: RepositoryName, *, id: str) -> None:  # noqa: A002 - as the port names it
        actions.delete_repository(name=name, known_as=id)

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
        return actions.push_tree(
            repository=repository_named(name),
            folder=folder,
            branch=branch,
            message=message,
            author=author,
            onto=onto,
        )

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
        return actions.push_changes(
            repository=repository_named(name),
            folder=folder,
            branch=branch,
            message=message,
            author=author,
            onto=onto,
            into=into,
            delete=delete,
        )

    def delete_branch(self, name: RepositoryName, branch: str, *, expected: str) -> None:
        actions.delete_branch(repository=repository_named(name), branch=branch, expected=expected)

    def read_file(self, name: RepositoryName, ref: str, path: str) -> bytes:
        return storage.bare(repository_named(name).full_name).read_file(ref, path)

    def fetch_file(self, name: RepositoryName, ref: str, path: str, *, etag: str = "") -> FileContent | None:
        bare = storage.bare(repository_named(name).full_name)
        blob = bare.blob_at(ref, path)
        return None if blob == etag else FileContent(bare.read_blob(blob), blob)

    def list_files(self, name: RepositoryName, ref: str) -> list[str]:
        bare = storage.bare(repository_named(name).full_name)
        return [entry.path for entry in bare.entries(bare.commit_at(ref))]

    def export_tree(self, name: RepositoryName, ref: str, path: str, into: Path) -> None:
        export_tree(storage.bare(repository_named(name).full_name), ref, path, into)

    def branches(self, name: RepositoryName) -> list[Branch]:
        return storage.bare(repository_named(name).full_name).branches()

    def commits(self, name: RepositoryName, ref: str, *, limit: int = 50) -> Iterator[Commit]:
        return storage.bare(repository_named(name).full_name).commits(ref, limit=limit)

    def open_pull_requests(self, name: RepositoryName) -> list[PullRequest]:
        rows = repository_named(name).pull_requests.select_related("repository")
        return [self._pull_request(pull) for pull in rows.filter(state=LocalPullRequest.State.OPEN)]

    def pull_request(self, name: RepositoryName, number: int) -> PullRequest:
        return self._pull_request(pull_request_numbered(name, number))

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
        pull = pull_requests.open_pull_request(
            repository=repository_named(name),
            title=title,
            body=body,
            source_branch=source_branch,
            target_branch=target_branch,
            author=author,
            draft=draft,
        )
        return self._pull_request(pull)

    def edit_pull_request(self, name: RepositoryName, number: int, *, title: str, body: str) -> PullRequest:
        pull = pull_request_numbered(name, number)
        return self._pull_request(pull_requests.edit_pull_request(pull, title=title, body=body))

    def close_pull_request(self, name: RepositoryName, number: int, *, by: str) -> PullRequest:
        pull = pull_request_numbered(name, number)
        return self._pull_request(pull_requests.close_pull_request(pull, by=System(by)))

    def merge_pull_request(self, name: RepositoryName, number: int, *, by: Author) -> PullRequest:
        pull = pull_request_numbered(name, number)
        if pull.state != LocalPullRequest.State.MERGED:
            actions.expect_change(pull.repository)
            pull_requests.merge_pull_request(pull, by=by)
            actions.tell_changes(pull.repository, by=System(str(by)))
            pull.refresh_from_db()
        if pull.state != LocalPullRequest.State.MERGED:
            raise Conflict(f"pull request {number} changed while it was merged; look and try again")
        return self._pull_request(pull)

    def web_url(self, name: RepositoryName) -> str:
        return f"{_base()}{_MOUNT}{name}"

    def clone_url(self, name: RepositoryName) -> str:
        return f"{self.web_url(name)}.git"

    def contents_url(self, name: RepositoryName, branch: str, path: str = "") -> str:
        """`<web>/blob/<branch>/<path>`; a '/' in the branch is written %2F, so that it can be read back."""
        place = checked_path("path", path, empty=True)
        address = f"{self.web_url(name)}/blob/{quote(checked_ref('branch', branch), safe='')}"
        return f"{address}/{quote(place)}" if place else address

    def resolve(self, url: str) -> ContentAddress | None:
        """Any loopback address and our own, below /git/; a hostile name in one is an InputError."""
        parts = _ours(url)
        if parts is None:
            return None
        prefix = urlsplit(_base()).path + _MOUNT
        start = prefix if parts.path.startswith(prefix) else _MOUNT
        segments = [unquote(segment) for segment in parts.path.removeprefix(start).rstrip("/").split("/")]
        if not parts.path.startswith(start) or len(segments) < 2:
            return None
        owner, repository, *rest = segments
        name = RepositoryName(owner, repository.removesuffix(".git"))
        if not rest:
            return ContentAddress(name, "HEAD", "")
        if rest[0] not in {"blob", "tree"} or len(rest) == 1:
            return None
        path = checked_path("path", "/".join(rest[2:]), empty=True)
        return ContentAddress(name, checked_ref("ref", rest[1]), path)

    def _repository(self, row: LocalRepository) -> Repository:
        name = row.full_name
        return Repository(
            name=name,
            description=row.description,
            default_branch=row.default_branch,
            private=row.private,
            web_url=self.web_url(name),
            clone_url=self.clone_url(name),
            made_by=row.made_by,
            id=str(row.pk),
            visibility=Visibility.PRIVATE if row.private else Visibility.PUBLIC,
            pushed=row.refs.get(f"refs/heads/{row.default_branch}", ""),
        )

    def _pull_request(self, row: LocalPullRequest) -> PullRequest:
        name = row.repository.full_name
        return PullRequest(
            repository=name,
            number=row.number,
            title=row.title,
            body=row.body,
            source_branch=row.source_branch,
            target_branch=row.target_branch,
            head_sha=row.head_sha,
            state=PullRequestState(row.state),
            author=row.author,
            web_url=f"{self.web_url(name)}/pull/{row.number}",
            draft=row.draft,
        )


def _base() -> str:
    return str(settings.GREENROOM_BASE_URL).rstrip("/")


def _ours(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:  # not an address at all, so not ours
        return None
    base = urlsplit(_base())
    here = _loopback(host) or (host, port) == (base.hostname, base.port)
    if parts.scheme not in {"http", "https"} or not here:
        return None
    if parts.username is not None:
        raise InputError("url must not hold a credential; leave out what stands before '@'")
    return parts


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name
        return False
