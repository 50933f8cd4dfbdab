"""What we need from a code host, and no more: small protocols, of which a host has some or all."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from scm.connections import Connection
from scm.values import (
    Author,
    Branch,
    BranchRules,
    CheckState,
    Commit,
    ContentAddress,
    FileContent,
    Hook,
    Organisation,
    Owner,
    PullRequest,
    Repository,
    RepositoryName,
    RepositorySettings,
)


class Reading(Protocol):
    """A code host that can be read. Every failure is one of ours (core.errors); no vendor's JSON crosses this line.

    `NotFound` means that the host said so, and `RepositoryNotFound` that it does not show us the repository at
    all. A host that did not answer raises `ExternalError` or one of its kind, and never looks like an empty list.
    """

    host: str
    """The name in a `repoUrl`, such as `local` or `github.com`."""

    def get_repository(self, name: RepositoryName) -> Repository:
        """The repository, or RepositoryNotFound."""
        ...

    def read_file(self, name: RepositoryName, ref: str, path: str) -> bytes:
        """A file's bytes at a branch, tag or commit ("HEAD": the default branch), or NotFound."""
        ...

    def fetch_file(self, name: RepositoryName, ref: str, path: str, *, etag: str = "") -> FileContent | None:
        """A file with its tag; None when it is still the one that carried `etag`. Else as `read_file`."""
        ...

    def list_files(self, name: RepositoryName, ref: str) -> list[str]:
        """Paths of all files at a ref, in git's order; NotFound when the ref is not there. Never a part of them."""
        ...

    def export_tree(self, name: RepositoryName, ref: str, path: str, into: Path) -> None:
        """Write the folder `path` ("": all) at a ref into `into`, an absent or empty folder.

        Exact bytes, executable bits and links within the folder are kept; a link that leaves it and a
        tree over the limits are refused before anything is written.
        """
        ...

    def branches(self, name: RepositoryName) -> list[Branch]:
        """All branches."""
        ...

    def web_url(self, name: RepositoryName) -> str:
        """Where a person looks at the repository."""
        ...

    def clone_url(self, name: RepositoryName) -> str:
        """What `git clone` takes; never with a credential inside."""
        ...

    def contents_url(self, name: RepositoryName, branch: str, path: str = "") -> str:
        """Web address of a file, or of the root: the `repoContentsUrl` of publish actions."""
        ...

    def resolve(self, url: str) -> ContentAddress | None:
        """The place a web address on this host means; None when the address is not this host's."""
        ...


class Publishing(Protocol):
    """A code host on which we make repositories and push to them."""

    def create_repository(
        self, name: RepositoryName, *, description: str, default_branch: str, private: bool, made_by: str
    ) -> Repository:
        """Make an empty repository. The same `made_by` again gets the one it made; another gets Conflict.

        A host that cannot keep `made_by` for us gets it as a mark in the description, in the very request that makes
        the repository, so that a killed caller finds its own again. The mark stays until `configure_repository`,
        which is called once the caller has noted the answer's `id`: from then on the id is the proof.
        """
        ...

    def configure_repository(self, name: RepositoryName, wanted: RepositorySettings) -> Repository:
        """Give a repository its description and settings; again is free."""
        ...

    def delete_repository(self, name: RepositoryName, *, repository_id: str) -> None:
        """Remove the repository that has this id, for good; one that is gone is fine.

        Conflict when another repository has the name now: it is not touched.
        """
        ...

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
        """Make the branch hold exactly what the folder holds, in one commit; answer the commit's id.

        All or nothing. An unchanged tree answers the present head; a new branch starts at the commit `onto`, or at
        the default branch; a branch that moved meanwhile is a Conflict. Files that the folder's own
        `.gitignore` names are left out, as `git add` does.
        """
        ...

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
        """As `push_tree`, but what is not in the folder stays: its files are put below the path `into`, over those
        that are there, and the files and folders of `delete` (paths from the root) are taken away.
        """
        ...

    def export_commit(self, name: RepositoryName, commit: str, into: Path) -> None:
        """As `export_tree`, for what goes back into the repository: all files of a commit as git has them. A host's
        archive leaves out what `.gitattributes` keeps from archives, and may hold other bytes.
        """
        ...

    def delete_branch(self, name: RepositoryName, branch: str, *, expected: str) -> None:
        """Remove a branch whose head is `expected`; one that is gone is fine, one that moved on is a Conflict."""
        ...


@runtime_checkable
class CodeHost(Reading, Publishing, Protocol):
    """A host that is read and written."""


@runtime_checkable
class Listing(Protocol):
    """A host that tells which repositories an organisation (GitLab: a group with those below it) has."""

    def repositories(self, owner: str) -> Iterator[Repository]:
        """All of them that we may see; whoever has read it to the end has seen all. Raises in the middle when
        the host stops answering, and NotFound when there is no such organisation."""
        ...


@runtime_checkable
class Personal(Protocol):
    """A host that tells what belongs to whose credential it is asked with; CredentialRefused for who is no person."""

    def me(self) -> Owner:
        """The person themselves."""
        ...

    def owners(self) -> Iterator[Owner]:
        """The organisations (GitLab: groups) that they are in."""
        ...

    def own_repositories(self) -> Iterator[Repository]:
        """The repositories that they have to do with (GitLab: those in their own namespace)."""
        ...


@runtime_checkable
class Directory(Protocol):
    """A host that tells who works in an organisation (GitLab: a group), and in which teams (its subgroups)."""

    def organisation(self, owner: str) -> Organisation:
        """Everybody and every team. Complete, or raised: NotFound when there is no such organisation."""
        ...


@runtime_checkable
class Connected(Protocol):
    """A host outside of Greenroom, to which a connection was configured."""

    connection: Connection


@runtime_checkable
class Pages(Protocol):
    """A host with pages for folders, and pages on which a person edits a file."""

    def folder_url(self, name: RepositoryName, ref: str, path: str) -> str:
        """Web address of a folder ("": the root)."""
        ...

    def edit_url(self, name: RepositoryName, branch: str, path: str) -> str:
        """Where a person edits a file of a branch."""
        ...


@runtime_checkable
class PullRequests(Protocol):
    """A host on which we can open, read and end pull requests."""

    def open_pull_requests(self, name: RepositoryName) -> list[PullRequest]:
        """All open pull requests, oldest first."""
        ...

    def pull_request(self, name: RepositoryName, number: int) -> PullRequest:
        """One pull request in any state, or NotFound."""
        ...

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
        """Ask for a branch to be merged; Conflict when one is open for the same two branches."""
        ...

    def edit_pull_request(self, name: RepositoryName, number: int, *, title: str, body: str) -> PullRequest:
        """Give it another title and text."""
        ...

    def close_pull_request(self, name: RepositoryName, number: int, *, by: str) -> PullRequest:
        """End it without merging; closing a closed one changes nothing."""
        ...

    def merge_pull_request(self, name: RepositoryName, number: int, *, by: Author) -> PullRequest:
        """Merge by a merge commit; Conflict names the files that do not merge. Twice is once."""
        ...


@runtime_checkable
class Checks(Protocol):
    """A host that tells how the checks of a commit went: statuses, check runs, pipelines."""

    def checks(self, name: RepositoryName, sha: str) -> CheckState:
        """All of them taken together; NONE when there are none, or none yet."""
        ...


@runtime_checkable
class Protecting(Protocol):
    """A host that keeps a branch from being rewound, deleted or changed without what its rules ask for."""

    def protect_branch(self, name: RepositoryName, branch: str, rules: BranchRules) -> None:
        """Put these rules in the place of those that are there; NotFound when the branch is not."""
        ...

    def branch_rules(self, name: RepositoryName, branch: str) -> BranchRules | None:
        """The rules, as far as the host tells them; None for a branch that is not protected."""
        ...

    def unprotect_branch(self, name: RepositoryName, branch: str) -> None:
        """Take the protection away; again is free."""
        ...


@runtime_checkable
class Hooks(Protocol):
    """A host that tells others what happens in a repository."""

    def hooks(self, name: RepositoryName) -> list[Hook]:
        """All webhooks of a repository."""
        ...

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
        """Have `url` told of these events, by the host's own names; the hook with that url is changed, not doubled."""
        ...

    def remove_hook(self, name: RepositoryName, hook_id: str) -> None:
        """Take a webhook away; one that is gone is fine."""
        ...


@runtime_checkable
class ActingAs(Protocol):
    """A host that can be asked with a person's own credential instead of ours."""

    def acting_with(self, token: str) -> "CodeHost":
        """The same host, asked with this token."""
        ...


@runtime_checkable
class History(Protocol):
    """A host that can tell a branch's commits."""

    def commits(self, name: RepositoryName, ref: str, *, limit: int = 50) -> Iterator[Commit]:
        """Commits reachable from a ref, newest first."""
        ...
