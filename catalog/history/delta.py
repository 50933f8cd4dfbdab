"""What a text was before it became another: the smallest bytes that lead back, exact to the byte.

A final document changes in few places: its etag, a field, one relation of a thousand. The delta keeps the places
that differ and nothing of what stayed; what it keeps is deflated with the text that replaced it as dictionary.
It knows nothing of JSON, so that what comes back is what was sent, key order and spelling included.

    byte 0       version and packing: PLAIN, DEFLATED, DEFLATED_BY_WHAT_REPLACED_IT
    4 bytes      CRC-32 of the text that comes back
    varint       number of places, then for each: bytes that stayed, bytes that came, bytes that went
    the rest     the bytes that went, one after the other; what follows the last place stayed
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

PLAIN, DEFLATED, DEFLATED_BY_WHAT_REPLACED_IT = 1, 2, 3
_MOST_PLACES = 8
_LONGEST_SWAP = 64
_SURE = 24
"""Equal bytes after which two texts are taken to run in step again."""
_WORTH_PACKING = 48
_WINDOW = 32_768 - 512
"""Bytes that deflate can look back."""


class Unfit(ValueError):
    """The delta does not belong to this text."""


@dataclass(frozen=True, slots=True)
class _Place:
    stayed: int
    came: int
    went: int


def delta(before: str, after: str) -> bytes:
    """What leads from `after` back to `before`. About 60 bytes for a changed field of a usual entity."""
    old, new = before.encode(), after.encode()
    places = list(_places(old, new))
    came, went = _cut(new, places, came=True), _cut(old, places, came=False)
    head = b"".join(_varint(number) for number in _numbers(places))
    packing, body = _packed(went, came)
    return b"".join((bytes((packing,)), zlib.crc32(old).to_bytes(4, "big"), head, body))


def undo(after: str, change: bytes) -> str:
    """The text that `change` leads back to. Raises Unfit when it was not made for this text."""
    new = after.encode()
    numbers = _read_varints(change, 5)
    count, start = next(numbers)
    places = []
    for _ in range(count):
        (stayed, _), (came, _), (went, start) = next(numbers), next(numbers), next(numbers)
        places.append(_Place(stayed, came, went))
    if sum(place.stayed + place.came for place in places) > len(new):
        raise Unfit("it is longer than the text")
    body = _unpacked(change[0], change[start:], _cut(new, places, came=True))
    old = _put_back(new, places, body)
    if zlib.crc32(old) != int.from_bytes(change[1:5], "big"):
        raise Unfit("the checksum differs")
    return old.decode()


def _places(old: bytes, new: bytes) -> Iterator[_Place]:
    """Where the texts differ: runs of one length first (an etag), then all from there to the common end."""
    at_old = at_new = 0
    for _ in range(_MOST_PLACES):
        stayed = _common_start(old[at_old:], new[at_new:])
        at_old, at_new = at_old + stayed, at_new + stayed
        swapped = _swap(old, new, at_old, at_new)
        if not swapped:
            break
        yield _Place(stayed, swapped, swapped)
        at_old, at_new = at_old + swapped, at_new + swapped
    else:
        stayed = 0
    rest_old, rest_new = old[at_old:], new[at_new:]
    if rest_old != rest_new:
        kept = _common_start(rest_old[::-1], rest_new[::-1])
        yield _Place(stayed, len(rest_new) - kept, len(rest_old) - kept)


def _swap(old: bytes, new: bytes, at_old: int, at_new: int) -> int:
    """How many bytes were replaced by as many, before both texts run on in step; 0 when they do not."""
    most = min(_LONGEST_SWAP, len(old) - at_old - _SURE, len(new) - at_new - _SURE)
    for length in range(1, most + 1):
        there = old[at_old + length : at_old + length + _SURE]
        if new.startswith(there, at_new + length):
            return length
    return 0


def _common_start(one: bytes, other: bytes) -> int:
    """How many bytes both begin with: halving, so that memory is compared and no byte is looked at in Python."""
    low, high = 0, min(len(one), len(other))
    if one[:high] == other[:high]:
        return high
    step = 64
    while low + step < high and one[low : low + step] == other[low : low + step]:
        low += step
        step *= 2
    high = min(high, low + step)
    while high - low > 1:
        middle = (low + high) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle
    return low


def _cut(text: bytes, places: Sequence[_Place], *, came: bool) -> bytes:
    parts: list[bytes] = []
    at = 0
    for place in places:
        length = place.came if came else place.went
        parts.append(text[at + place.stayed : at + place.stayed + length])
        at += place.stayed + length
    return b"".join(parts)


def _put_back(new: bytes, places: Sequence[_Place], went: bytes) -> bytes:
    parts: list[bytes] = []
    at = taken = 0
    for place in places:
        parts += (new[at : at + place.stayed], went[taken : taken + place.went])
        at += place.stayed + place.came
        taken += place.went
    parts.append(new[at:])
    return b"".join(parts)


def _packed(went: bytes, came: bytes) -> tuple[int, bytes]:
    if len(went) < _WORTH_PACKING:
        return PLAIN, went
    known = came if len(came) >= _WORTH_PACKING and len(came) + len(went) < 2 * _WINDOW else b""
    known = known[-_WINDOW:]
    packer = zlib.compressobj(6, zlib.DEFLATED, -15, zdict=known) if known else zlib.compressobj(6, wbits=-15)
    deflated = packer.compress(went) + packer.flush()
    if len(deflated) >= len(went):
        return PLAIN, went
    return (DEFLATED_BY_WHAT_REPLACED_IT if known else DEFLATED), deflated


def _unpacked(packing: int, body: bytes, came: bytes) -> bytes:
    try:
        if packing == PLAIN:
            return body
        if packing == DEFLATED:
            return zlib.decompress(body, wbits=-15)
        if packing == DEFLATED_BY_WHAT_REPLACED_IT:
            packer = zlib.decompressobj(-15, zdict=came[-_WINDOW:])
            return packer.decompress(body) + packer.flush()
    except zlib.error as error:
        raise Unfit(str(error)) from error
    raise Unfit(f"packing {packing} is none of this version")


def _numbers(places: Sequence[_Place]) -> Iterator[int]:
    yield len(places)
    for place in places:
        yield from (place.stayed, place.came, place.went)


def _varint(number: int) -> bytes:
    """Seven bits a byte, lowest first, the top bit for "more"."""
    made = bytearray()
    while number > 0x7F:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    made.append(number)
    return bytes(made)


def _read_varints(data: bytes, at: int) -> Iterator[tuple[int, int]]:
    """Each number from there on, with where it ends."""
    number = shift = 0
    for place in range(at, len(data)):
        number |= (data[place] & 0x7F) << shift
        shift += 7
        if not data[place] & 0x80:
            yield number, place + 1
            number = shift = 0
    raise Unfit("it ends too early")
