"""What a push asks for, and how it is told no so that git prints why: gitprotocol-pack(5) and its sidebands."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

from core.errors import InputError
from scm.names import SHA

COMMANDS_LIMIT = 4 * 1024 * 1024
_LENGTH = re.compile(rb"[0-9a-fA-F]{4}")
_REPORT, _PROGRESS = b"\x01", b"\x02"


@dataclass(frozen=True, slots=True)
class Command:
    """A ref that a push wants to move from one object to another; zeros stand for absence."""

    ref: str
    old: str
    new: str

    @property
    def deletes(self) -> bool:
        return SHA.fullmatch(self.new) is not None and not self.new.strip("0")

    @property
    def branch(self) -> str | None:
        """The branch's name; None for a tag."""
        return self.ref.removeprefix("refs/heads/") if self.ref.startswith("refs/heads/") else None


@dataclass(frozen=True, slots=True)
class Push:
    """All commands of a push, and what its client understands."""

    commands: tuple[Command, ...]
    abilities: frozenset[str]


def read_push(body: IO[bytes]) -> Push:
    """The packets before the first flush. InputError when the body is no push."""
    commands: list[Command] = []
    abilities: frozenset[str] = frozenset()
    size = 0
    while True:
        head = body.read(4)
        if not _LENGTH.fullmatch(head):
            raise InputError("the body is not a git push: its first packets have no length")
        length = int(head, 16)
        if length == 0:
            return Push(tuple(commands), abilities)
        packet = body.read(length - 4) if length >= 4 else b""
        size += length
        if length < 4 or len(packet) != length - 4 or size > COMMANDS_LIMIT:
            raise InputError("the body is not a git push: a packet has a wrong length, or there are too many")
        line, _, said = packet.partition(b"\0")
        if said:
            abilities = frozenset(said.decode(errors="replace").split())
        parts = line.rstrip(b"\n").decode(errors="replace").split(" ", 2)
        if len(parts) == 3:
            commands.append(Command(parts[2], parts[0], parts[1]))


def refusal(push: Push, words: Sequence[str]) -> bytes:
    """The answer that refuses the whole push: git prints the words, and says no for each ref."""
    if not push.abilities & {"report-status", "report-status-v2"}:
        return b"0000"
    lines = [b"unpack ok\n"]
    lines += [f"ng {command.ref} refused by branch rules\n".encode() for command in push.commands]
    report = b"".join(map(_packet, lines)) + b"0000"
    if "side-band-64k" not in push.abilities:
        return report
    told = b"".join(_packet(_PROGRESS + f"{line}\n".encode()[:900]) for line in words)
    pieces = [report[start : start + 60_000] for start in range(0, len(report), 60_000)]
    return told + b"".join(_packet(_REPORT + piece) for piece in pieces) + b"0000"


def _packet(content: bytes) -> bytes:
    return f"{len(content) + 4:04x}".encode() + content
