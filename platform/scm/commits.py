"""New commits in a bare repository: from a folder of files, or from two branches."""

import os
import tempfile
from pathlib import Path

from core.errors import Conflict, InputError
from scm.bare import BareRepository
from scm.errors import GitFailed
from scm.folders import check_folder
from scm.git import call, git
from scm.values import Author

MESSAGE_LIMIT = 64 * 1024


def commit_folder(
    repository: BareRepository, folder: Path, *, parent: str | None, message: str, author: Author
) -> str:
    """A commit that holds exactly the folder, on top of `parent`; `parent` itself when nothing differs.

    No branch moves. Files that were tracked stay tracked even if `.gitignore` names them now. The
    folder is read as data: no hook, filter program or configuration of it runs.
    """
    checked_message(message)
    if check_folder(folder) == 0:
        raise InputError(f"folder {folder.name!r} is empty; a commit needs at least one file")
    tree = _tree_of(repository, folder, parent)
    if parent is not None and tree == _tree(repository, parent):
        return parent
    return _commit(repository, tree, [parent] if parent else [], message, author)


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


def _tree_of(repository: BareRepository, folder: Path, parent: str | None) -> str:
    with tempfile.TemporaryDirectory(prefix="greenroom-index-") as place:
        index = {"GIT_INDEX_FILE": str(Path(place) / "index")}
        if parent is not None:
            git("read-tree", parent, folder=repository.folder, variables=index)
        try:
            git(
                "add",
                "--all",
                "--",
                ".",
                folder=repository.folder,
                work_tree=folder.resolve(),
                variables=index,
            )
        except GitFailed as error:
            raise InputError(f"the folder cannot become a commit: {error}") from error
        return git("write-tree", folder=repository.folder, variables=index).decode().strip()


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
        stdin=message.encode(),
        variables={"GIT_AUTHOR_NAME": author.name, "GIT_AUTHOR_EMAIL": author.email},
    )
    return made.decode().strip()
