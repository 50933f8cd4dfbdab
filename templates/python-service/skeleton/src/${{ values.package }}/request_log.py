"""Every request gets an id and one log line; an unexpected error gets a log entry and a plain answer."""

import logging
import re
import time
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .logs import request_id, trace_id
from .problems import problem

logger = logging.getLogger(__name__)

ACCEPTED_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")  # W3C Trace Context
QUIET = {"/healthz", "/readyz"}  # asked every few seconds; logged only when they fail


class RequestLog:
    """ASGI middleware: takes X-Request-ID over when it is harmless, makes one otherwise, and returns it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        id_ = given if ACCEPTED_ID.fullmatch(given) else uuid4().hex
        trace = TRACEPARENT.fullmatch(headers.get("traceparent", ""))
        request_id.set(id_)
        trace_id.set(trace[1] if trace else None)
        started, status = time.perf_counter(), 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["x-request-id"] = id_
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except Exception:
            logger.exception("unexpected error")
            if status:  # half an answer has left: the server has to cut the connection
                raise
            await problem(500, "Unexpected error; the log has it under this request id")(scope, receive, send_with_id)
        finally:
            if status >= 400 or scope["path"] not in QUIET:
                fields = {
                    "method": scope["method"],
                    "path": scope["path"],
                    "status": status,
                    "duration_ms": round((time.perf_counter() - started) * 1000, 2),
                }
                logger.info("request", extra={"fields": fields})
