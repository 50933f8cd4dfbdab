"""How big what a template makes may be, and how long making it may take."""

from dataclasses import dataclass

MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one rendering of a skeleton, checked on what goes in and on what comes out."""

    files: int = 5_000
    """Files and folders."""
    file_bytes: int = 10 * MB
    """Bytes of one file."""
    total_bytes: int = 100 * MB
    """Bytes of all files."""
    seconds: int = 120
    """Of wall time, and of processor time."""
    memory_bytes: int = 1024 * MB
    """Address space of the child process."""
    reply_bytes: int = 4 * MB
    """What the child may answer."""
