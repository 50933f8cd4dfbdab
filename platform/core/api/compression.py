"""gzip for those who ask for it: worth its CPU on a network, and a client on the same machine does not ask.

An answer holds what the token may read and no secret beside what its reader chose, so nothing can be guessed from
its length (BREACH needs a secret and an attacker's text in one body).
"""

import re
import zlib
from collections.abc import Iterable, Iterator
from typing import cast

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from .responses import JSON

LEAST = 1024
"""Bytes below which an answer leaves as it is, as with Backstage."""
LEVEL = 1
"""Of 9: on lists of entities it makes 1/8 of the size, level 6 makes 1/10 at four times the CPU."""
_GZIP = zlib.MAX_WBITS | 16
_ASKED = re.compile(r"(?:^|[,\s])(?:gzip|\*)\s*(?:;\s*q=(?P<q>[01](?:\.\d{0,3})?)\s*)?(?:,|$)")


def asks_for_gzip(accept: str) -> bool:
    """Whether an Accept-Encoding header takes gzip."""
    found = _ASKED.search(accept.lower()) if accept else None
    return found is not None and float(found["q"] or 1) > 0


def compress(response: HttpResponseBase) -> None:
    """Have a JSON answer leave compressed, unless it is short."""
    if response.headers.get("Content-Type") != JSON or response.has_header("Content-Encoding"):
        return
    if isinstance(response, StreamingHttpResponse):
        response.streaming_content = _compressed(cast(Iterable[bytes], response.streaming_content))
    else:
        whole = cast(HttpResponse, response)
        if len(whole.content) < LEAST:
            return
        whole.content = zlib.compress(whole.content, LEVEL, _GZIP)
    response["Content-Encoding"] = "gzip"


def _compressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(LEVEL, wbits=_GZIP)
    for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()
