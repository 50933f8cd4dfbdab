"""Secrets at rest: sealed with the installation's keys, newest key first, older ones still open."""

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from .errors import Conflict


def _box() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.GREENROOM_ENCRYPTION_KEYS])


def seal(data: object) -> bytes:
    """Encrypt JSON data."""
    return _box().encrypt(orjson.dumps(data))


def open_sealed(blob: bytes) -> object:
    """Decrypt what `seal` made. Raises Conflict when none of the keys fits."""
    try:
        return orjson.loads(_box().decrypt(bytes(blob)))
    except InvalidToken as error:
        raise Conflict(
            "a stored secret does not open with this installation's keys: put the key that sealed it"
            " back into GREENROOM_ENCRYPTION_KEYS"
        ) from error
