"""What GitHub says when it does not do what it was asked, as our errors."""

from typing import Any

from core.errors import Conflict, GreenroomError, NotFound
from scm.errors import CredentialRefused, Unacceptable
from scm.transport import said

OURS = "our credential"
_MOST = 600


def refusal(host: str, whose: str, status: int, data: Any) -> GreenroomError:
    """The error for an answer that is none. `whose` names the credential that was refused, for who has to mend it."""
    message = words(data)
    match status:
        case 404 | 410 | 451:
            return NotFound(f"{host} has nothing there, or {whose} may not see it: {message}")
        case 401:
            return CredentialRefused(f"{host} does not accept {whose}: {message}; renew it")
        case 403:
            return CredentialRefused(f"{host} does not let {whose} do this: {message}; give it the right")
        case 405 | 409:
            return Conflict(f"{host} does not do this as things are: {message}")
        case 400 | 422:
            return Unacceptable(f"{host} does not take this: {message}")
    return said(host, status, message)


def words(data: Any) -> str:
    """GitHub's sentence with what is wrong in each field; never what we sent."""
    if not isinstance(data, dict):
        return str(data)[:_MOST]
    errors = data.get("errors")
    found = [_fault(one) for one in errors] if isinstance(errors, list) else [str(errors)] if errors else []
    sentence = [str(data["message"])] if data.get("message") else []
    return ": ".join([*sentence, "; ".join(found)] if found else sentence)[:_MOST]


def _fault(error: Any) -> str:
    if not isinstance(error, dict):
        return str(error)
    if error.get("message"):
        return str(error["message"])
    return f"{error.get('field', error.get('resource', 'something'))} is {error.get('code', 'wrong')}"
