"""JSON lists that are sent while they are read, however long; a few at a time, since each holds a thread.

The web server sends a piece when the reader has taken the one before, so a slow reader holds the thread that makes the
pieces. At most a quarter of a process's threads can be held in this way; who comes then waits a moment, and is told
to ask for pages.
"""

import threading
from collections.abc import Generator, Iterator
from functools import cache
from itertools import chain
from typing import Self

from django.conf import settings
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase

from ..errors import RateLimited
from .responses import JSON, json_text

WAIT = 5.0
"""Seconds that a list waits for its turn."""

Pieces = Iterator[list[bytes]]


def json_list(pieces: Pieces) -> HttpResponseBase:
    """The list that these pieces make, each piece its next members as JSON; one piece alone leaves in one.

    What goes wrong before the second piece is there is still answered as an error; later the body breaks off.
    """
    first, second = next(pieces, []), next(pieces, None)
    if second is None:
        return json_text(b"[" + b",".join(first) + b"]")
    return StreamingHttpResponse(_LongList(chain((first, second), pieces)), content_type=JSON)


class _LongList:
    """The text of a list, piece by piece. Holds a turn until its end or until it is closed."""

    def __init__(self, pieces: Pieces) -> None:
        if not _turns().acquire(timeout=WAIT):
            raise RateLimited(
                f"{_places()} long lists are being sent by this process; ask for pages with `limit`, or try again",
                retry_after=2,
            )
        self._holds = True
        self._text = _text(pieces)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._text)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._text.close()
        if self._holds:
            self._holds = False
            _turns().release()


def _text(pieces: Pieces) -> Generator[bytes, None, None]:
    before = b"["
    for piece in pieces:
        if piece:
            yield before + b",".join(piece)
            before = b","
    yield b"[]" if before == b"[" else b"]"


def _places() -> int:
    return max(1, settings.GREENROOM_STREAMS // 2)


@cache
def _turns() -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(_places())
