"""Logs as JSON lines on standard output, each with the id of the request that caused it."""

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TextIO

from . import NAME, __version__

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
trace_id: ContextVar[str | None] = ContextVar("trace_id", default=None)


class JsonFormatter(logging.Formatter):
    """One record, one line. `logger.info("…", extra={"fields": {…}})` adds keys of your own."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "service": NAME,
            "version": __version__,
            "request_id": request_id.get(),
            "trace_id": trace_id.get(),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        entry |= getattr(record, "fields", {})
        return json.dumps(entry, default=str, ensure_ascii=False)


def configure(level: str, stream: TextIO | None = None) -> None:
    """Send every logger's records, uvicorn's too, through one JSON handler."""
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
