"""What GitLab says when it does not do what it was asked, as our errors."""

from typing import Any

from core.errors import Conflict, GreenroomError, NotFound
from scm.errors import CredentialRefused, Unacceptable
from scm.transport import said

OURS = "our token"
_MOST = 600


def refusal(host: str, whose: str, status: int, message: Any) -> GreenroomError:
    """The error for an answer that is none. `whose` names the credential that was refused, for who has to mend it."""
    told = words(message)
    match status:
        case 404 | 410:
            return NotFound(f"{host} has nothing there, or {whose} may not see it: {told}")
        case 401:
            return CredentialRefused(f"{host} does not accept {whose}: {told}; renew it")
        case 403:
            return CredentialRefused(f"{host} does not let {whose} do this: {told}; give it the right")
        case 405 | 406 | 409:
            return Conflict(f"{host} does not do this as things are: {told}")
        case 400 | 422:
            return Unacceptable(f"{host} does not take this: {told}")
    return said(host, status, told)


def words(message: Any) -> str:
    """GitLab's words, which are a sentence, a list of them, or lists by field."""
    if isinstance(message, dict):
        return "; ".join(f"{field} {words(faults)}" for field, faults in message.items())[:_MOST]
    if isinstance(message, list):
        return ", ".join(words(one) for one in message)[:_MOST]
    return str(message)[:_MOST]
