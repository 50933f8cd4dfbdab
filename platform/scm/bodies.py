"""The body of a git request, put on disk piece by piece: memory stays flat whatever is sent."""

import tempfile
import zlib
from collections.abc import Iterator
from typing import IO

from django.http import HttpRequest, UnreadablePostError

from core.children import CHUNK
from core.errors import InputError, TooLarge
from scm import storage


def spooled(request: HttpRequest, *, limit: int) -> IO[bytes]:
    """A nameless file with the body, unzipped, at its beginning. TooLarge over `limit` bytes."""
    file = tempfile.TemporaryFile(dir=storage.root())  # noqa: SIM115 (the caller closes it)
    kept = False
    try:
        size = 0
        for piece in _unzipped(request, limit):
            size += len(piece)
            _check(size, limit)
            file.write(piece)
        file.seek(0)
        kept = True
        return file
    finally:
        if not kept:
            file.close()


def _unzipped(request: HttpRequest, limit: int) -> Iterator[bytes]:
    encoding = request.headers.get("Content-Encoding", "identity").lower()
    if encoding not in {"identity", "gzip", "x-gzip"}:
        raise InputError(f"Content-Encoding {encoding!r} is not understood; send gzip, or nothing")
    if encoding == "identity":
        yield from _received(request, limit)
        return
    unzip = zlib.decompressobj(wbits=31)
    try:
        for piece in _received(request, limit):
            while piece:
                yield unzip.decompress(piece, CHUNK)
                piece = unzip.unconsumed_tail
        yield unzip.flush()
    except zlib.error as error:
        raise InputError(f"the body is not gzip: {error}") from error
    if not unzip.eof:
        raise InputError("the gzip body ended early; send it again")


def _received(request: HttpRequest, limit: int) -> Iterator[bytes]:
    chunked = "chunked" in request.headers.get("Transfer-Encoding", "").lower()
    if chunked and not request.META.get("wsgi.input_terminated"):
        raise InputError(
            "this server cannot take a body of unknown length; set http.postBuffer above its size"
        )
    announced = None if chunked else int(request.headers.get("Content-Length") or 0)
    if announced is not None:
        _check(announced, limit)
    # Django reads no body without a Content-Length; the server has taken the chunks apart already.
    source = request.META["wsgi.input"] if chunked else request
    size = 0
    try:
        while piece := source.read(CHUNK):
            size += len(piece)
            _check(size, limit)
            yield piece
    except UnreadablePostError as error:
        raise InputError("the connection ended in the middle of the body; send it again") from error
    if announced is not None and size < announced:
        raise InputError(f"the body ended after {size} of {announced} bytes; send it again")


def _check(size: int, limit: int) -> None:
    if size > limit:
        raise TooLarge(f"the body is larger than the {limit} bytes that are taken; push in smaller parts")
