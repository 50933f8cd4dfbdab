"""Structured logs: one line an event, the request's id on each, secrets masked at the point of writing."""

import logging
import logging.config
from collections.abc import MutableMapping
from typing import Any

import structlog

from .redaction import redact_data

_SKIPPED = frozenset(
    {
        *vars(logging.makeLogRecord({})),
        "message",
        "asctime",
        "taskName",
        "_record",
        "_from_structlog",
        "color_message",
    }
)


def request_id() -> str:
    """The id of the request or task that runs here, empty outside of one."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


def _extra(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Carry `extra={...}` of a stdlib log call over into the event."""
    record = event.get("_record")
    if record is not None:
        event.update({key: value for key, value in vars(record).items() if key not in _SKIPPED})
    return event


def _redacted(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {
        key: value
        if key.startswith("_") or isinstance(value, bool | int | float | None)
        else redact_data(_text(value))
        for key, value in event.items()
    }


def _text(value: Any) -> Any:
    return value if isinstance(value, str | dict | list | tuple) else str(value)


def logging_config(*, as_json: bool, level: str) -> dict[str, Any]:
    """The `LOGGING` setting: everything through structlog, to standard error."""
    shared = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _extra,
        structlog.processors.format_exc_info,
        _redacted,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0, pad_level=False)
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": shared,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"level": "WARNING"},
            "django.request": {"level": "ERROR"},
            "celery": {"level": "WARNING"},
            "kombu": {"level": "WARNING"},
            "amqp": {"level": "WARNING"},
        },
    }
