"""http:request, and http:backstage:request as its other name: ask a web server that the operator allows.

Nothing of Greenroom's goes along: no token, no cookie. What changes something is sent once: the answer is kept under
the request's own name, and a step that is done again after its worker died does not send it a second time.
"""

import hashlib
import json
import re
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.conf import settings

from core.errors import AddressRefused, ExternalError, InputError, NotAllowed
from core.outbound.allowed import Allowed
from core.outbound.asking import Answer, ask
from core.outbound.target import Target
from scaffolder.steps.port import Action, Example, StepContext, flag, object_schema, text

REQUEST = "request"
LIMIT = 1024 * 1024
"""Bytes of a body, either way."""
DEFAULT_TIMEOUT, LONGEST_TIMEOUT = 60_000, 300_000
METHODS = ["GET", "HEAD", "OPTIONS", "POST", "UPDATE", "DELETE", "PUT", "PATCH"]
_SAFE = {"GET", "HEAD", "OPTIONS"}
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OURS = {"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect"}
_NOT_SHOWN = {"set-cookie", "set-cookie2", "www-authenticate", "proxy-authenticate"}


def request(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """Send a request; give the answer's code, headers and body. An answer of 400 and more fails the step."""
    method, target = given.get("method") or "GET", _target(given)
    body, headers = _body(given), _headers(given)
    shown = f"{method} {_site(target)}"
    told = f"{method} {target.url}" if given.get("logRequestPath", True) else shown
    ctx.log(f"Creating {told} request")
    ctx.check_cancelled()
    seconds = min(given.get("timeout") or DEFAULT_TIMEOUT, LONGEST_TIMEOUT) / 1000
    if method in _SAFE:
        answer = _answer(_ask(method, target, headers, body, seconds))
    else:
        answer = _once(ctx, shown, method, target, headers, body, seconds)
    if answer["code"] >= 400:
        ctx.warn(f"{shown} was answered with {answer['code']}")
        if not given.get("continueOnBadResponse"):
            raise ExternalError(
                f"{shown} was answered with {answer['code']}; "
                "set continueOnBadResponse: true to go on after such an answer"
            )
    return answer


def _once(
    ctx: StepContext,
    shown: str,
    method: str,
    target: Target,
    headers: dict[str, str],
    body: bytes | None,
    seconds: float,
) -> dict[str, Any]:
    """The answer to what may change something, sent one time for a step and an input."""
    parts = (ctx.run_id, ctx.step_id, method, target.url, json.dumps(sorted(headers.items())))
    name = hashlib.sha256("\0".join(parts).encode(errors="replace") + b"\0" + (body or b"")).hexdigest()[:32]
    mark = uuid.uuid4().hex

    def send() -> dict[str, Any]:
        begun = ctx.checkpoint(f"begun {name}", lambda: mark)
        if begun != mark:
            raise ExternalError(
                f"{shown} may have been sent by a worker that died then, so it is not sent again: "
                "look there whether it arrived, and retry the run to send it once more"
            )
        headers.setdefault("Idempotency-Key", name)
        ctx.ledger.intend(REQUEST, f"{shown} {name[:8]}")
        try:
            found = _ask(method, target, headers, body, seconds)
        except NotAllowed:
            raise
        except ExternalError as error:  # never tried again by itself: it may have arrived
            raise ExternalError(f"{error.message}; whether it arrived is not known") from error
        ctx.ledger.prove(REQUEST, f"{shown} {name[:8]}", code=found.status)
        return _answer(found)

    answer: dict[str, Any] = ctx.checkpoint(f"sent {name}", send)
    return answer


def _ask(
    method: str, target: Target, headers: Mapping[str, str], body: bytes | None, seconds: float
) -> Answer:
    allowed = Allowed.of(settings.GREENROOM_REQUESTS_ALLOW)
    try:
        return ask(
            method, target.url, allowed=allowed, limit=LIMIT, headers=headers, body=body, seconds=seconds
        )
    except AddressRefused as refused:
        raise NotAllowed(
            f"Requests to {_site(target)} are not allowed: {refused.reason}; "
            "the operator may add it to GREENROOM_REQUESTS_ALLOW"
        ) from refused


def _target(given: Mapping[str, Any]) -> Target:
    url, path = given.get("url"), given.get("path")
    if url and path:
        raise InputError("give url or path, not both")
    wanted = str(url or path or "")
    if not wanted:
        raise InputError("url is missing: give the address to ask")
    if not re.match(r"(?i)https?:", wanted):
        raise InputError(
            f"path {wanted!r} names an API or a proxy of Backstage, which no template reaches here in somebody's name: "
            "use catalog:fetch for entities, or url with a whole address and a header of your own"
        )
    params = given.get("params") or {}
    if params:
        pairs = {key: _scalar(f"params.{key}", value) for key, value in params.items()}
        wanted = f"{wanted}{'&' if '?' in wanted else '?'}{urlencode(pairs)}"
    return Target.parse(wanted)


def _site(target: Target) -> str:
    """Scheme, host and port: the part of an address that holds nobody's secret."""
    return target.url.removesuffix(target.rest or "/")


def _headers(given: Mapping[str, Any]) -> dict[str, str]:
    headers = {}
    for name, value in (given.get("headers") or {}).items():
        written = _scalar(f"headers.{name}", value)
        if not _NAME.fullmatch(name) or name.lower() in _OURS:
            raise InputError(f"headers: {name!r} cannot be set by a template")
        if any(ord(one) < 32 or 127 <= ord(one) < 160 or ord(one) > 255 for one in written):
            raise InputError(f"headers.{name} holds a character that no header can have")
        headers[name] = written
    body = given.get("body")
    if body is not None and not isinstance(body, str) and "content-type" not in map(str.lower, headers):
        headers["Content-Type"] = "application/json"
    return headers


def _scalar(where: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise InputError(f"{where} must be a text or a number")


def _body(given: Mapping[str, Any]) -> bytes | None:
    body = given.get("body")
    if body is None:
        return None
    text_ = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    content = text_.encode(errors="replace")
    if len(content) > LIMIT:
        raise InputError(f"body has {len(content)} bytes; {LIMIT} are sent at the most")
    return content


def _answer(found: Answer) -> dict[str, Any]:
    headers = {name.lower(): value for name, value in found.headers.items() if name.lower() not in _NOT_SHOWN}
    said = found.content.decode(errors="replace")
    body: Any = {"message": said}
    if "json" in headers.get("content-type", ""):
        try:
            body = json.loads(said) if said else None
        except (ValueError, RecursionError):  # it says it is JSON and is none: the text is told
            body = {"message": said}
    return {"code": found.status, "headers": headers, "body": body}


_INPUT = object_schema(
    method=text("What to do. Default: GET.", enum=METHODS),
    url=text("The address to ask, on a host in GREENROOM_REQUESTS_ALLOW."),
    path=text("As url. A path of Backstage's own API or of its proxy is refused."),
    headers={"type": "object", "description": "Headers to send."},
    params={"type": "object", "description": "What is added to the address as its query."},
    body={
        "description": "What to send: a text as it is, anything else as JSON.",
        "type": ["string", "object", "array"],
    },
    logRequestPath=flag("Whether the log shows the whole address. Default: yes."),
    continueOnBadResponse=flag("Whether the run goes on after an answer of 400 and more. Default: no."),
    timeout={
        "type": "number",
        "exclusiveMinimum": 0,
        "description": f"Milliseconds to wait. Default: {DEFAULT_TIMEOUT}, at the most {LONGEST_TIMEOUT}.",
    },
)
_OUTPUT = object_schema(
    code={"type": "integer", "description": "The answer's code."},
    headers={"type": "object", "description": "Its headers, names in lower case."},
    body={"description": "Its body: JSON as data, anything else as {message}."},
)


def _action(action_id: str) -> Action:
    return Action(
        id=action_id,
        description="Sends a request to a web server that the operator allows.",
        input=_INPUT,
        output=_OUTPUT,
        run=request,
        examples=(
            Example(
                "Ask for a number",
                f"steps:\n  - id: ask\n    action: {action_id}\n    input:\n"
                "      url: https://numbers.example.com/next\n      params: {team: '${{ parameters.team }}'}\n",
            ),
            Example(
                "Open a ticket, with a token from the run's secrets",
                f"steps:\n  - action: {action_id}\n    input:\n      method: POST\n"
                "      url: https://tickets.example.com/api/issues\n"
                "      headers: {Authorization: 'Bearer ${{ secrets.ticketToken }}'}\n"
                "      body: {title: 'New service ${{ parameters.name }}'}\n",
            ),
        ),
    )


ACTIONS = (_action("http:request"), _action("http:backstage:request"))
