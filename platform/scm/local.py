"""The local code host: bare repositories in the data folder, pull requests as rows."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from core.api.subjects import System
from core.errors import Conflict, NotFound
from scm import actions, hooks, local_addresses, protection, pull_requests, storage
from scm.export import export_tree
from scm.models import LocalHook, LocalPullRequest, LocalRepository
from scm.querysets import pull_request_numbered, repository_named
from scm.values import (
    Author,
    Branch,
    BranchRules,
    Commit,
    ContentAddress,
    FileContent,
    Hook,
    PullRequest,
    PullRequestState,
    Repository,
    RepositoryName,
    RepositorySettings,
    Visibility,
)


class LocalHost:
    """CodeHost, Listing, PullRequests, Protecting, Hooks and History on this machine; `repoUrl` is `local?owner=acme&repo=payments`."""

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

    def delete_repository(self, name: RepositoryName, *, repository_id: str) -> None:
        actions.delete_repository(name=name, known_as=repository_id)

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

    def export_commit(self, name: RepositoryName, commit: str, into: Path) -> None:
        self.export_tree(name, commit, "", into)

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

    def protect_branch(self, name: RepositoryName, branch: str, rules: BranchRules) -> None:
        protection.protect(repository=repository_named(name), branch=branch, rules=rules)

    def branch_rules(self, name: RepositoryName, branch: str) -> BranchRules | None:
        return protection.rules_of(repository_named(name), branch)

    def unprotect_branch(self, name: RepositoryName, branch: str) -> None:
        protection.unprotect(repository=repository_named(name), branch=branch)

    def hooks(self, name: RepositoryName) -> list[Hook]:
        return [_hook(row) for row in repository_named(name).hooks.all()]

    def add_hook(
        self,
        name: RepositoryName,
        url: str,
        *,
        events: Sequence[str],
        secret: str = "",
        active: bool = True,
        content_type: str = "json",
        insecure: bool = False,
    ) -> Hook:
        made = hooks.add(
            repository=repository_named(name),
            url=url,
            events=events,
            secret=secret,
            active=active,
            content_type=content_type,
            insecure=insecure,
        )
        return _hook(made)

    def remove_hook(self, name: RepositoryName, id: str) -> None:  # noqa: A002 - as the port names it
        hooks.remove(repository=repository_named(name), known_as=id)

    def web_url(self, name: RepositoryName) -> str:
        return local_addresses.repository(name)

    def clone_url(self, name: RepositoryName) -> str:
        return f"{self.web_url(name)}.git"

    def contents_url(self, name: RepositoryName, branch: str, path: str = "") -> str:
        return local_addresses.contents(name, branch, path)

    def resolve(self, url: str) -> ContentAddress | None:
        return local_addresses.resolve(url)

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


def _hook(row: LocalHook) -> Hook:
    return Hook(str(row.pk), row.url, tuple(row.events), row.active)
