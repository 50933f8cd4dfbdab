"""Commits put onto a branch of a host outside, by git over HTTPS: what GitHub and GitLab share for writing.

    remote = Remote("https://github.com/acme/payments.git", credential, "github.com", ca=…, proxy=…)
    sha = push_tree(remote, folder, branch="main", message="Begin", author=author)

Each call works in a repository of its own in a temporary folder. Of the remote it fetches one commit and its trees,
without history and without contents where the server can leave them out, makes the commit, and pushes it under the
condition that the branch is still where it was. Nothing is ever forced over somebody else's commit.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from core.children import Ended
from core.errors import Conflict, InputError, NotFound, Unavailable
from scm import refusals, storage
from scm.bare import BareRepository
from scm.commits import commit_changes, commit_folder
from scm.export import export_tree
from scm.git import Credential, Reach, call, checked_url
from scm.names import SHA, checked_branch, checked_ref
from scm.values import Author

LOOK_TIMEOUT, FETCH_TIMEOUT, PUSH_TIMEOUT = 60.0, 300.0, 600.0
_TRIES = 3
_HEADS = "refs/heads/"
_ENDED = frozenset(range(256))
_SLOW = (("http.lowSpeedLimit", "100"), ("http.lowSpeedTime", "30"))
"""A transfer of under 100 bytes a second for half a minute is given up."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A repository on another host, and how it is reached. The credential covers addresses that begin with its url.

    `host` is what people call it, for sentences. `ca` and `proxy` are the connection's; those of the environment are
    not used, as in the API's client.
    """

    clone_url: str
    credential: Credential
    host: str
    ca: str = ""
    proxy: str = ""

    def __post_init__(self) -> None:
        checked_url(self.clone_url)
        if not self.clone_url.startswith(self.credential.url.rstrip("/") + "/"):
            raise InputError(
                f"url {self.clone_url!r} is not on {self.credential.url!r}; the credential stays here"
            )


@dataclass(frozen=True, slots=True)
class Heads:
    """What a remote says of its branches: the default one ("" while there is no commit), and those asked for."""

    default: str
    shas: dict[str, str]


def heads(remote: Remote, *branches: str) -> Heads:
    """Where the default branch and these branches are; a branch that is not there is left out."""
    names = ["HEAD", *(_HEADS + checked_branch("branch", branch) for branch in branches)]
    said = _asked(remote, "ls-remote", "--symref", "--", remote.clone_url, *names, timeout=LOOK_TIMEOUT)
    default, shas = "", {}
    for line in said.stdout.decode(errors="replace").splitlines():
        value, _, name = line.partition("\t")
        if name == "HEAD" and value.startswith(f"ref: {_HEADS}"):
            default = value.removeprefix(f"ref: {_HEADS}")
        elif name in names:
            shas[name.removeprefix(_HEADS)] = value
    head = shas.pop("HEAD", None)
    if head is None:
        return Heads("", shas)
    return Heads(default, {default: head, **shas})


def push_tree(
    remote: Remote, folder: Path, *, branch: str, message: str, author: Author, onto: str = ""
) -> str:
    """`Publishing.push_tree` for a remote: the branch holds exactly the folder; answers its commit.

    Conflict when the branch moved meanwhile; PushRefused when the host does not let us change it; CredentialRefused,
    RepositoryNotFound, Unavailable, or ExternalError with the host's own words.
    """

    def commit(bare: BareRepository, parent: str | None) -> str:
        reach = _reach(remote, FETCH_TIMEOUT)
        return commit_folder(bare, folder, parent=parent, message=message, author=author, reach=reach)

    return _push(remote, branch, onto, commit)


def push_changes(
    remote: Remote,
    folder: Path,
    *,
    branch: str,
    message: str,
    author: Author,
    onto: str = "",
    into: str = "",
    delete: Sequence[str] = (),
) -> str:
    """`Publishing.push_changes` for a remote: as `push_tree`, but what is not in the folder stays."""

    def commit(bare: BareRepository, parent: str | None) -> str:
        return commit_changes(
            bare,
            folder,
            parent=parent,
            into=into,
            delete=delete,
            message=message,
            author=author,
            reach=_reach(remote, FETCH_TIMEOUT),
        )

    return _push(remote, branch, onto, commit)


def export_commit(remote: Remote, commit: str, into: Path) -> None:
    """`Publishing.export_commit` for a remote; NotFound for what is no commit there."""
    with _workspace() as bare:
        _fetch(remote, bare, commit, contents=True)
        export_tree(bare, commit, "", into)


def delete_branch(remote: Remote, branch: str, *, expected: str) -> None:
    """`Publishing.delete_branch` for a remote: gone is fine, moved on or default is a Conflict."""
    there = heads(remote, branch)
    head = there.shas.get(branch)
    if head is None:
        return
    if branch == there.default:
        raise Conflict(f"branch {branch!r} is the default branch on {remote.host}; it is not deleted")
    if head != expected:
        raise Conflict(f"branch {branch!r} has moved on to {head} on {remote.host}; it is not deleted")
    with _workspace() as bare:
        _send(remote, bare, branch, made="", expected=expected)


def _push(remote: Remote, branch: str, onto: str, commit: Callable[[BareRepository, str | None], str]) -> str:
    wanted = [checked_branch("branch", branch)]
    if onto and not SHA.fullmatch(onto):
        wanted.append(checked_ref("onto", onto))
    there = heads(remote, *wanted)
    head = there.shas.get(branch)
    parent = head or (there.shas.get(onto, onto) if onto else there.shas.get(there.default))
    with _workspace() as bare:
        if parent is not None:
            _fetch(remote, bare, parent)
        made = commit(bare, parent)
        if made != head:
            _send(remote, bare, branch, made=made, expected=head or "")
    return made


@contextmanager
def _workspace() -> Iterator[BareRepository]:
    # Beside repositories in the making: what a killed worker leaves there is swept away.
    with tempfile.TemporaryDirectory(dir=storage.workplace(), ignore_cleanup_errors=True) as place:
        yield BareRepository.make(Path(place) / "work.git", "main")


def _fetch(remote: Remote, bare: BareRepository, commit: str, *, contents: bool = False) -> None:
    if not SHA.fullmatch(commit):
        raise NotFound(f"{commit!r} is not a branch or commit on {remote.host}")
    without = [] if contents else ["--filter=blob:none"]
    _asked(
        remote,
        *("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--depth=1", *without),
        *("--", remote.clone_url, commit),
        folder=bare.folder,
        timeout=FETCH_TIMEOUT,
    )


def _send(remote: Remote, bare: BareRepository, branch: str, *, made: str, expected: str) -> None:
    """Move the branch to `made` ("": remove it) if it is at `expected` ("": is not there). Not tried twice
    by us; git's HTTP client may, and an answer may be lost: then the host is asked where the branch is now."""
    ref = _HEADS + branch
    try:
        ended = _ran(
            remote,
            *("push", "--porcelain", "--no-verify", f"--force-with-lease={ref}:{expected}"),
            *("--", remote.clone_url, f"{made}:{ref}"),
            folder=bare.folder,
            timeout=PUSH_TIMEOUT,
        )
        if ended.status != 0:
            raise refusals.of_push(ended, remote.host, branch, remote.credential)
    except (Unavailable, Conflict):
        if heads(remote, branch).shas.get(branch, "") != made:
            raise


def _asked(remote: Remote, *arguments: str, folder: Path | None = None, timeout: float) -> Ended:
    """Run a git that only reads, again when the host did not answer."""
    for left in reversed(range(_TRIES)):
        ended = _ran(remote, *arguments, folder=folder, timeout=timeout)
        if ended.status == 0:
            break
        error = refusals.of_reading(ended, remote.host, remote.credential)
        if not left or not isinstance(error, Unavailable):
            raise error
    return ended


def _ran(remote: Remote, *arguments: str, folder: Path | None, timeout: float) -> Ended:
    return call(*arguments, folder=folder, allowed=_ENDED, **_reach(remote, timeout))


def _reach(remote: Remote, timeout: float) -> Reach:
    """How git gets to the remote, and nowhere else."""
    network = (
        ("http.proxy", remote.proxy),
        ("http.sslCAInfo", remote.ca or DEFAULT_CA_BUNDLE_PATH),  # whom the API's client trusts, git trusts
        *_SLOW,
    )
    return {
        "timeout": timeout,
        "protocols": remote.clone_url.partition(":")[0],
        "credential": remote.credential,
        "settings": network,
        "alone": True,
    }
