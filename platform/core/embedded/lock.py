"""One Greenroom per data folder: a lock that the kernel takes back from whoever is killed."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from core.embedded.folders import prepare_data, reason, run_folder, tidy, whole
from core.supervisor.errors import StartRefused

PATIENCE_WITH_A_COMMAND = (
    30.0  # seconds: `greenroom token create` and its like hold the lock for a moment only
)


@dataclass(frozen=True)
class Holder:
    """Who serves a data folder: a process, and whether it will be gone in a moment."""

    pid: int
    brief: bool


class DataLock:
    """The right to start servers in a data folder; a killed holder loses it to the kernel."""

    def __init__(self, data: Path) -> None:
        self.data = whole(data)
        self.path = run_folder(data) / "lock"
        self._file: int | None = None

    def take(self, *, brief: bool = False) -> bool:
        """Take the lock if it is free; true if it is ours now."""
        if self._file is not None:
            return False
        while True:
            try:
                file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except OSError as error:
                raise StartRefused(f"The lock {self.path} can not be opened: {reason(error)}.") from error
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(file)
                return False
            if _is_the_file_at(file, self.path):
                break
            os.close(file)  # its last holder removed it between our open and our lock
        os.truncate(file, 0)
        os.write(file, json.dumps(asdict(Holder(os.getpid(), brief))).encode())
        self._file = file
        return True

    def release(self) -> None:
        """Give the lock back; its file and a socket folder elsewhere go with it."""
        if self._file is not None:
            tidy(self.data)
            self.path.unlink(missing_ok=True)
            os.close(self._file)
            self._file = None

    def holder(self) -> Holder | None:
        """Who holds it; None when nobody does, or it has not said so yet."""
        with suppress(OSError, ValueError, TypeError):
            return Holder(**json.loads(self.path.read_text()))
        return None


class Guests:
    """Who uses servers that another process started for a moment; that one waits for them before it stops."""

    def __init__(self, data: Path) -> None:
        self._path = run_folder(data) / "guests"

    @contextmanager
    def stay(self) -> Iterator[bool]:
        """Be a guest during the block; false when the servers are about to stop."""
        with self._path.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    @contextmanager
    def none_left(self, patience: float = PATIENCE_WITH_A_COMMAND) -> Iterator[None]:
        """Wait until the last guest has gone, but not for ever; let no new one in during the block."""
        give_up = time.monotonic() + patience
        with self._path.open("a") as file:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > give_up:
                        break
                    time.sleep(0.05)
            yield


@contextmanager
def held(data: Path) -> Iterator[DataLock]:
    """Hold the data folder's lock during the block; `StartRefused` names the process that has it."""
    prepare_data(data)
    lock = DataLock(data)
    give_up = time.monotonic() + PATIENCE_WITH_A_COMMAND
    while not lock.take():
        holder = lock.holder()
        if (holder and not holder.brief) or time.monotonic() > give_up:
            who = f"process {holder.pid}" if holder else "another process"
            raise StartRefused(
                f"Another Greenroom already serves the data folder {lock.data}: {who}. "
                "Stop it first, or choose another folder and port: GREENROOM_DATA=… GREENROOM_PORT=….",
                pid=holder.pid if holder else None,
            )
        time.sleep(0.05)
    try:
        yield lock
    finally:
        lock.release()


def _is_the_file_at(file: int, path: Path) -> bool:
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    ours = os.fstat(file)
    return (found.st_dev, found.st_ino) == (ours.st_dev, ours.st_ino)
