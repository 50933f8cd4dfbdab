"""What we say about code hosts: repositories, branches, commits, pull requests, addresses."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from core.errors import InputError
from scm.names import checked_name

_NOT_IN_IDENTITY = re.compile(r"[\x00-\x1f\x7f<>]")


@dataclass(frozen=True, slots=True, order=True)
class RepositoryName:
    """Owner and name of a repository; the owner may have parts (GitLab's "group/team")."""

    owner: str
    name: str

    def __post_init__(self) -> None:
        for part in self.owner.split("/"):
            checked_name("owner", part)
        checked_name("repository", self.name)

    @classmethod
    def parse(cls, text: str) -> Self:
        """ "acme/payments" → RepositoryName; InputError when there is no owner."""
        owner, slash, name = text.rpartition("/")
        if not slash:
            raise InputError(f"repository {text!r} has no owner; write it as owner/name")
        return cls(owner, name)

    def __str__(self) -> str:
        return f"{self.owner}/{self.name}"


@dataclass(frozen=True, slots=True)
class Author:
    """Who a commit is by. What git cannot hold in an author line is refused."""

    name: str
    email: str

    def __post_init__(self) -> None:
        for field, value in (("author name", self.name), ("author email", self.email)):
            if not value.strip() or len(value) > 200 or _NOT_IN_IDENTITY.search(value):
                raise InputError(
                    f"{field} {value[:200]!r} must be 1 to 200 characters without '<', '>' or line breaks"
                )

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"


class Visibility(StrEnum):
    PUBLIC = "public"
    INTERNAL = "internal"
    PRIVATE = "private"


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository as its host describes it. `made_by` is who asked us for it ("" when not us).

    `id` is the host's own and outlives renames. `default_branch` is "" while nothing was pushed. `pushed` is
    whatever the host changes with a push (a time, mostly): equal means that nothing was pushed since.
    """

    name: RepositoryName
    description: str
    default_branch: str
    private: bool
    web_url: str
    clone_url: str
    made_by: str = ""
    id: str = ""
    visibility: Visibility = Visibility.PRIVATE
    archived: bool = False
    fork: bool = False
    topics: tuple[str, ...] = ()
    pushed: str = ""


@dataclass(frozen=True, slots=True)
class FileContent:
    """A file's bytes, and the tag by which its host can say later that they have not changed."""

    content: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class Team:
    """People who work together: a GitHub team, a GitLab group. `slug` is its name in addresses.

    `path` is unique on the host ("acme/platform"); `parent` is the path of the team above, "" at the top;
    `members` are logins.
    """

    path: str
    slug: str
    name: str
    description: str
    parent: str
    web_url: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in an organisation. Email and picture are "" where the host does not tell."""

    login: str
    name: str
    email: str
    picture: str
    web_url: str


@dataclass(frozen=True, slots=True)
class Organisation:
    """Who works together on a host: everybody, and every team."""

    teams: tuple[Team, ...]
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch and the commit it points to."""

    name: str
    sha: str


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit, with its parents' ids; the first is the branch it was made on."""

    sha: str
    parents: tuple[str, ...]
    author: Author
    at: datetime
    message: str


@dataclass(frozen=True, slots=True)
class HeadCommit:
    """The commit a branch points to: who committed it, on what, with which words."""

    sha: str
    committer: str
    parents: tuple[str, ...]
    message: str


@dataclass(frozen=True, slots=True)
class RepositorySettings:
    """What a repository is like beside its files. None leaves a thing as the host has it.

    A host that does not know a thing leaves it out: GitLab has no `squash_message`, the local host has a description.
    """

    description: str = ""
    homepage: str | None = None
    topics: tuple[str, ...] | None = None
    has_issues: bool | None = None
    has_wiki: bool | None = None
    has_projects: bool | None = None
    delete_branch_on_merge: bool | None = None
    allow_merge_commit: bool | None = None
    allow_squash_merge: bool | None = None
    allow_rebase_merge: bool | None = None
    allow_auto_merge: bool | None = None
    allow_update_branch: bool | None = None
    squash_title: str | None = None
    squash_message: str | None = None


@dataclass(frozen=True, slots=True)
class BranchRules:
    """What a protected branch asks for before something gets in. Every protected branch refuses to be rewound or deleted.

    `approvals` is how many people have to agree; `checks` the names of the status checks that have to be green.
    """

    approvals: int = 0
    code_owner_reviews: bool = False
    dismiss_stale_reviews: bool = False
    last_push_approval: bool = False
    checks: tuple[str, ...] = ()
    up_to_date: bool = True
    enforce_admins: bool = True
    conversation_resolution: bool = False
    linear_history: bool = False
    signed_commits: bool = False


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook of a repository. `id` is the host's own; secrets never come back from a host."""

    id: str
    url: str
    events: tuple[str, ...]
    active: bool = True


class CheckState(StrEnum):
    """Of all checks of a commit. One that failed makes it RED, whatever is still to come."""

    GREEN = "green"
    RED = "red"
    PENDING = "pending"
    NONE = "none"


class PullRequestState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request (GitLab: merge request); `number` is unique in its repository."""

    repository: RepositoryName
    number: int
    title: str
    body: str
    source_branch: str
    target_branch: str
    head_sha: str
    state: PullRequestState
    author: str
    web_url: str
    draft: bool = False
    fork: str = ""
    """Whose fork has the source branch (GitLab: which project's number), when it is not in the repository itself."""

    def joins(self, source: str, target: str, fork: str = "") -> bool:
        """Whether it asks for `source`, of the repository itself or of somebody's fork, to be merged into `target`."""
        return (self.source_branch, self.target_branch, self.fork) == (source, target, fork)


@dataclass(frozen=True, slots=True)
class ContentAddress:
    """A file or folder in a repository at a ref. Ref "HEAD" is the default branch, path "" the root."""

    repository: RepositoryName
    ref: str
    path: str
