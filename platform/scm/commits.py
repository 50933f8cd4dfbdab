"""New commits in a bare repository: from a folder of files, or from two branches."""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from core.errors import Conflict, InputError, Unavailable
from scm.bare import BareRepository
from scm.errors import GitFailed
from scm.folders import check_folder
from scm.git import Reach, call, git
from scm.names import checked_path
from scm.values import Author

MESSAGE_LIMIT = 64 * 1024


def commit_folder(
    repository: BareRepository,
    folder: Path,
    *,
    parent: str | None,
    message: str,
    author: Author,
    reach: Reach | None = None,
) -> str:
    """A commit that holds exactly the folder, on top of `parent`; `parent` itself when nothing differs.

    No branch moves. Files that were tracked stay tracked even if `.gitignore` names them now. The
    folder is read as data: no hook, filter program or configuration of it runs. `reach` lets git fetch, one by one, the
    few contents that it has to look at (attributes, links) in a repository that was fetched without contents.
    """
    checked_message(message)
    if check_folder(folder) == 0:
        raise InputError(f"folder {folder.name!r} is empty; a commit needs at least one file")
    with _index(repository, parent or "") as index:
        _add(repository, folder, index, "--all", reach)
        tree = _written(repository, index)
    return _onto(repository, tree, parent, message, author)


def commit_changes(
    repository: BareRepository,
    folder: Path,
    *,
    parent: str | None,
    into: str,
    delete: Sequence[str],
    message: str,
    author: Author,
    reach: Reach | None = None,
) -> str:
    """As `commit_folder`, but what the folder does not hold stays as it is in `parent`.

    First the paths of `delete` go, each a file or a whole folder; then the folder's files are put below the path
    `into`, over what is there, also where a file has to make room for a folder of its name or the other way round.
    """
    checked_message(message)
    into = checked_path("into", into, empty=True)
    gone = [checked_path("delete", path) for path in delete]
    if check_folder(folder) == 0 and not (gone and parent):
        raise InputError(
            f"folder {folder.name!r} is empty and nothing is deleted: there is nothing to commit"
        )
    with _index(repository, parent or "") as index:
        if parent is not None and gone:
            _remove(repository, gone, index)
        if not into:
            _add(repository, folder, index, "--no-all", reach)
        else:
            _put(repository, folder, into, index, reach)
        tree = _written(repository, index)
    return _onto(repository, tree, parent, message, author)


def merge_commit(
    repository: BareRepository, *, target: str, source: str, message: str, author: Author
) -> str:
    """A commit that merges `source` into `target`; Conflict names the files in which both changed."""
    checked_message(message)
    merged = call(
        "merge-tree",
        "--write-tree",
        "--name-only",
        "--no-messages",
        "-z",
        target,
        source,
        folder=repository.folder,
        allowed=frozenset({0, 1}),
    )
    tree, *files = os.fsdecode(merged.stdout).rstrip("\0").split("\0")
    if merged.status == 1:
        names = sorted(set(files))
        raise Conflict(
            f"both branches changed {', '.join(names[:20])}; merge the target into the source first",
            files=names,
        )
    return _commit(repository, tree, [target, source], message, author)


def checked_message(message: str) -> str:
    """A commit message that git can hold."""
    if not message.strip() or "\0" in message or len(message) > MESSAGE_LIMIT:
        raise InputError(f"message must be 1 to {MESSAGE_LIMIT} characters, and not only spaces")
    return message


@contextmanager
def _index(repository: BareRepository, tree: str) -> Iterator[Mapping[str, str]]:
    """An index of our own, which holds a tree ("": nothing) to begin with; the variables that name it to git."""
    with tempfile.TemporaryDirectory(prefix="greenroom-index-") as place:
        variables = {"GIT_INDEX_FILE": str(Path(place) / "index")}
        if tree:
            git("read-tree", tree, folder=repository.folder, variables=variables)
        yield variables


def _add(
    repository: BareRepository, folder: Path, index: Mapping[str, str], which: str, reach: Reach | None
) -> None:
    """Put the folder's files into the index; with `--all` what it does not hold goes out."""
    add, place = ("add", which, "--", "."), folder.resolve()
    try:
        if reach is None:
            git(*add, folder=repository.folder, work_tree=place, variables=index)
        else:
            git(*add, folder=repository.folder, work_tree=place, variables=index, **reach)
    except GitFailed as error:
        if reach and "could not fetch" in error.message:
            raise Unavailable(f"what the branch holds could not be looked at: {error.message}") from error
        raise InputError(f"the folder cannot become a commit: {error}") from error


def _put(
    repository: BareRepository, folder: Path, into: str, index: Mapping[str, str], reach: Reach | None
) -> None:
    """Put the folder's files below a path of the index. What is tracked there is known to `git add`."""
    there = git("ls-files", "-s", "-z", "--", into, folder=repository.folder, variables=index).split(b"\0")[
        :-1
    ]
    below = os.fsencode(f"{into}/")
    inside = [(facts, path[len(below) :]) for facts, _, path in (line.partition(b"\t") for line in there)]
    with _index(repository, "") as own:
        if any(path for _, path in inside):
            _enter(repository, (facts + b"\t" + path for facts, path in inside), own)
        _add(repository, folder, own, "--no-all", reach)
        lines = git("ls-files", "-s", "-z", folder=repository.folder, variables=own).split(b"\0")[:-1]
    _enter(repository, (line.replace(b"\t", b"\t" + below, 1) for line in lines), index)


def _remove(repository: BareRepository, paths: Sequence[str], index: Mapping[str, str]) -> None:
    git(
        *("rm", "--cached", "-r", "-f", "--quiet", "--ignore-unmatch"),
        *("--pathspec-from-file=-", "--pathspec-file-nul"),
        folder=repository.folder,
        stdin=os.fsencode("\0".join(paths)),
        variables=index,
    )


def _enter(repository: BareRepository, lines: Iterator[bytes], index: Mapping[str, str]) -> None:
    stdin = b"".join(line + b"\0" for line in lines)
    git(
        "update-index",
        "-z",
        "--replace",
        "--index-info",
        folder=repository.folder,
        stdin=stdin,
        variables=index,
    )


def _written(repository: BareRepository, index: Mapping[str, str]) -> str:
    # What the parent holds is not looked for: a repository that was fetched without contents lacks it.
    return git("write-tree", "--missing-ok", folder=repository.folder, variables=index).decode().strip()


def _onto(repository: BareRepository, tree: str, parent: str | None, message: str, author: Author) -> str:
    if parent is not None and tree == _tree(repository, parent):
        return parent
    return _commit(repository, tree, [parent] if parent else [], message, author)


def _tree(repository: BareRepository, commit: str) -> str:
    return (
        git("rev-parse", "--verify", "--end-of-options", f"{commit}^{{tree}}", folder=repository.folder)
        .decode()
        .strip()
        .splitlines()[-1]
    )


def _commit(repository: BareRepository, tree: str, parents: list[str], message: str, author: Author) -> str:
    onto = [text for parent in parents for text in ("-p", parent)]
    made = git(
        "commit-tree",
        "-F",
        "-",
        *onto,
        tree,
        folder=repository.folder,
        stdin=message.rstrip("\n").encode() + b"\n",  # the last line ends, as `git commit` leaves it
        variables={"GIT_AUTHOR_NAME": author.name, "GIT_AUTHOR_EMAIL": author.email},
    )
    return made.decode().strip()
