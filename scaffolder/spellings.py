"""How a secret may be written by whoever gets it: as it is, quoted, encoded, in an address, line by line."""

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from core.redaction import SHORTEST

LONGEST_ENCODED = 64 * 1024
"""Longer secrets are looked for as they are only: each spelling is a text of that size to search for."""
_LINE = 8
_CORE = 8
"""Lines of a secret, and what of it is the same in every base64, that are shorter than this say too little."""
_AS_JAVASCRIPT = "!'()*~"
_CODE = re.compile("%[0-9A-F]{2}")


def spellings(secrets: Iterable[str]) -> Iterator[str]:
    """Every text to be masked for the sake of these secrets. Those that are too short to be masked have none."""
    for secret in secrets:
        if len(secret) < SHORTEST:
            continue
        yield secret
        if len(secret) > LONGEST_ENCODED:
            continue
        yield from _quoted(secret)
        yield from _in_addresses(secret)
        yield from _encoded(secret.encode("utf-8", "surrogatepass"))
        yield from (line for raw in secret.splitlines() if len(line := raw.strip()) >= _LINE)


def _quoted(secret: str) -> Iterator[str]:
    for plain in (True, False):
        in_json = json.dumps(secret, ensure_ascii=plain)[1:-1]
        yield in_json
        yield in_json.replace("/", "\\/")
        yield json.dumps(in_json, ensure_ascii=plain)[1:-1]  # JSON in a text of JSON, as logs have it
    yield html.escape(secret)
    quoted = repr(secret)[1:-1].replace("\\'", "'")  # as our messages name a value, in either kind of quotes
    yield quoted
    yield quoted.replace("'", "\\'")


def _in_addresses(secret: str) -> Iterator[str]:
    text = secret.encode("utf-8", "surrogatepass")
    for written in (
        quote(text, safe=""),
        quote(text),
        quote(text, safe=_AS_JAVASCRIPT),
        quote_plus(text),
    ):
        yield written
        yield _CODE.sub(lambda code: code[0].lower(), written)


def _encoded(secret: bytes) -> Iterator[str]:
    yield secret.hex()
    yield secret.hex().upper()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(secret).decode()
        yield encode(secret).decode().rstrip("=")
        for before in range(
            3
        ):  # behind other bytes, such as a user's name: what is the same whatever they are
            within = encode(b"\0" * before + secret).decode().rstrip("=")
            skipped = -(-before * 4 // 3)
            core = within[skipped : (before + len(secret)) * 4 // 3]
            if len(core) >= _CORE:
                yield core
