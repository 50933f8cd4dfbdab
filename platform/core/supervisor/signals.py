"""What happens to a process in the foreground when the terminal or the system asks it to end."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def told_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` for each of SIGINT, SIGTERM and SIGHUP during the block. For the main thread."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop()

    before = {number: signal.signal(number, handle) for number in ENDINGS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt() -> None:
    raise KeyboardInterrupt


@contextmanager
def interrupted_by_signals() -> Iterator[None]:
    """Raise KeyboardInterrupt for each of them, so that a story around a supervisor is left in order."""
    with told_by_signals(_interrupt):
        yield
