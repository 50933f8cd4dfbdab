"""The mark that tells who asked us for a repository, in its description until its id is noted.

Hosts outside of Greenroom keep nothing for us beside what they show. The mark travels in the very request that makes the
repository, so that a caller that is killed before it hears the answer finds its own again.
"""

import re
from typing import Protocol

from core.errors import Conflict
from scm.errors import RepositoryNotFound
from scm.values import Repository, RepositoryName

_MARK = re.compile(r" ?\[greenroom ([^\[\]\s]+)\]$")
_NOT_IN_MAKER = re.compile(r"[\[\]\s]")


def marked(description: str, made_by: str, *, limit: int) -> str:
    """The description with the mark at its end, `limit` characters at the most; the description gives way."""
    mark = f"[greenroom {_NOT_IN_MAKER.sub('_', made_by)}]"
    room = limit - len(mark) - 1
    return f"{description[:room]} {mark}" if description else mark


def unmarked(description: str) -> tuple[str, str]:
    """The description without the mark, and whose mark it is; "" when there is none."""
    found = _MARK.search(description)
    return (description[: found.start()], found.group(1)) if found else (description, "")


class Shows(Protocol):
    """The part of `scm.port.Reading` that finding one's own repository takes."""

    host: str

    def get_repository(self, name: RepositoryName) -> Repository:
        """See `scm.port.Reading`."""
        ...


def own_repository(host: Shows, name: RepositoryName, made_by: str, taken: Exception) -> Repository:
    """The repository that has a name which is `taken`, if it carries the mark of this maker; else a Conflict."""
    try:
        found = host.get_repository(name)
    except RepositoryNotFound:
        found = None
    if found is None or found.made_by != made_by:
        raise Conflict(f"repository '{name}' exists already on {host.host}; choose another name") from taken
    return found
