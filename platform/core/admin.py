"""What the admin pages of all apps share: rows that are looked at and not typed into, documents made readable."""

import json
import re
from typing import Any

from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

_TERMINAL_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class ReadOnly:
    """For tables that change by actions, by git or by files: a form that edits their rows would make them lie."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def readable(data: Any) -> SafeString:
    """A JSON document on several lines; empty ones as a dash."""
    if data in (None, {}, [], ""):
        return SafeString("-")
    return format_html(
        '<pre style="white-space: pre-wrap; margin: 0; max-width: 70em">{}</pre>',
        json.dumps(data, indent=2, ensure_ascii=False, default=str),
    )


def plain(line: str) -> str:
    """A log line without the colours meant for terminals."""
    return _TERMINAL_COLOUR.sub("", line)
