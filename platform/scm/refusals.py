"""What a code host's git answers when it says no, in errors of ours: read off git's words, which are in English here."""

import re

from core.children import Ended
from core.errors import Conflict, ExternalError, GreenroomError, NotFound, RateLimited, TooLarge, Unavailable
from core.redaction import Redactor, redact
from scm.errors import CredentialRefused, GitFailed, PushRefused, RepositoryNotFound
from scm.git import Credential

_STATUS = re.compile(r"returned error: (\d{3})")
_NOT_OURS = re.compile(r"not our ref|couldn't find remote ref|no such remote ref", re.IGNORECASE)
_UNKNOWN = re.compile(
    r"authentication failed|could not read (username|password)|access denied", re.IGNORECASE
)
_CERTIFICATE = re.compile(r"certificate", re.IGNORECASE)
_AWAY = re.compile(
    r"could not resolve|connection (refused|reset|timed out)|failed to connect|couldn't connect|empty reply"
    r"|timed? ?out|operation too slow|early eof|unexpected disconnect|hung up|rpc failed|recv failure|send failure"
    r"|transfer closed|remote end closed|proxy connect aborted|could not resolve proxy",
    re.IGNORECASE,
)
_MOVED = re.compile(
    r"stale info|fetch first|non-fast-forward|cannot lock ref|failed to update ref|incorrect old value"
    r"|reference already exists|failed to lock|remote ref updated"
    r"|shallow update not allowed",  # what we built on is in no branch there any more
    re.IGNORECASE,
)
_PROTECTED = re.compile(r"protected|GH006|GH013", re.IGNORECASE)
_REFUSED = re.compile(
    r"hook declined|not allowed|GH\d{3}|denied|prohibited|refus|deletion of the current", re.IGNORECASE
)
_REMOTE = re.compile(r"^remote: ?(.*?)\s*$", re.MULTILINE)
_MOST = 600


def of_reading(ended: Ended, host: str, credential: Credential) -> GreenroomError:
    """Why a host did not let itself be read."""
    said = _said(ended, credential)
    if _NOT_OURS.search(said):
        return NotFound(f"{_named(said)} is not a commit on {host}")
    return _of_connection(said, host) or GitFailed(f"{host} does not let git read it: {said[:_MOST]}")


def of_push(ended: Ended, host: str, branch: str, credential: Credential) -> GreenroomError:
    """Why a host did not take what was pushed to a branch."""
    said = _said(ended, credential)
    reasons = "; ".join(line.split("\t")[-1] for line in said.splitlines() if line.startswith("!\t"))
    words = _words(said)
    if _MOVED.search(reasons):
        return Conflict(f"branch {branch!r} on {host} was changed by someone else; look and try again")
    told = f": {words}" if words else f" ({reasons[:_MOST]})" if reasons else ""
    if reasons and _PROTECTED.search(f"{reasons} {words}"):
        return PushRefused(
            f"branch {branch!r} on {host} is protected, and its rules do not let us push{told}"
        )
    if reasons and _REFUSED.search(f"{reasons} {words}"):
        return PushRefused(f"{host} refuses what was pushed to {branch!r}{told}")
    return _of_connection(said, host) or ExternalError(
        f"{host} did not take what was pushed to {branch!r}{told or ': ' + said[:_MOST]}"
    )


def _of_connection(said: str, host: str) -> GreenroomError | None:
    status = int(found[1]) if (found := _STATUS.search(said)) else 0
    words = _words(said)
    told = f": {words}" if words else ""
    if status == 401 or (not status and _UNKNOWN.search(said)):
        return CredentialRefused(f"{host} does not know our credential; renew it{told}")
    if status == 403:
        return CredentialRefused(f"{host} does not let our credential do this; give it more rights{told}")
    if status == 404 or "not found" in said:
        return RepositoryNotFound(
            f"{host} shows us no such repository; look at its name and at our rights{told}"
        )
    if status == 429:
        return RateLimited(f"{host} asks us to wait{told}")
    if status == 413:
        return TooLarge(f"{host} takes no push of that size; push less{told}")
    if 300 <= status < 400:
        return NotFound(f"the repository has another address on {host} now; use that one")
    if status >= 500 or _AWAY.search(said):
        return Unavailable(f"{host} does not answer git: {_first_complaint(said)}")
    if _CERTIFICATE.search(said):
        return Unavailable(f"the certificate of {host} is not trusted; name its CA in the connection")
    return None


def _first_complaint(said: str) -> str:
    lines = [line for line in said.splitlines() if line.startswith(("fatal:", "error:"))]
    return (lines or [said])[0][:200]


def _said(ended: Ended, credential: Credential) -> str:
    secrets = [credential.password, credential.header.rpartition(" ")[2]]
    text = f"{ended.stdout[:65536].decode(errors='replace')}\n{ended.stderr.decode(errors='replace')}"
    return redact(Redactor(secrets)(text)).strip()


def _words(said: str) -> str:
    """What the host itself said, on one line."""
    return " ".join(line for line in _REMOTE.findall(said) if line)[:_MOST]


def _named(said: str) -> str:
    found = re.search(r"[0-9a-f]{40}([0-9a-f]{24})?", said)
    return f"commit {found[0]}" if found else "what was asked for"
