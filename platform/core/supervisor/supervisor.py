"""Starts processes in order, starts again what dies, and stops them in the opposite order."""

import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self, TypedDict

from core.errors import GreenroomError
from core.supervisor.child import Child
from core.supervisor.errors import StartRefused
from core.supervisor.output import Output, nowhere
from core.supervisor.process import BackOff, Process, State
from core.supervisor.record import Record
from core.supervisor.signals import told_by_signals

TICK = 0.05  # seconds between two looks at the processes while one is starting
CALM_TICK = 0.25  # and when all serve


class Status(TypedDict):
    """What `Supervisor.status` tells of a process."""

    state: str
    pid: int | None
    restarts: int


@dataclass
class _Kept:
    """A process as the supervisor sees it."""

    process: Process
    state: State = State.WAITING
    child: Child | None = None
    restarts: int = 0
    again_at: float = 0.0
    back_off: BackOff = field(default_factory=BackOff)


class Supervisor:
    """Runs processes, in the foreground (`run_forever`) or around a block (`with Supervisor(…):`).

    All of them are started and watched by one thread of its own, the keeper: on Linux a process asks the
    kernel for a signal when the thread that started it is gone, so a supervisor that is killed takes its
    processes along. The next one clears away what survived all the same.
    """

    def __init__(
        self,
        processes: Sequence[Process],
        *,
        output: Output = nowhere,
        guard: AbstractContextManager[object] | None = None,
        record: Path | None = None,
        checks: Sequence[Callable[[], None]] = (),
    ) -> None:
        """Prepare to run `processes`; nothing starts yet.

        `guard` is entered before anything else and left after everything else: a lock. `record` is the file
        in which the running processes are put down. `checks` run when we hold the guard and nothing of an
        earlier run lives: each raises `StartRefused` to say no.
        """
        self._kept = [_Kept(process) for process in processes]
        self._output = output
        self._guard = guard or nullcontext()
        self._record = Record(record) if record else None
        self._checks = checks
        self._stop = threading.Event()
        self._hurry = threading.Event()
        self._settled = threading.Event()  # everything is ready, or it never will be
        self._ended = threading.Event()  # nothing is left
        self._failure: BaseException | None = None
        self._keeper = threading.Thread(target=self._keep, name="supervisor")

    def __enter__(self) -> Self:
        """Start everything and return when all of it is ready; `StartRefused` tells why it is not."""
        self._keeper.start()
        try:
            self._settled.wait()
        except BaseException:
            self.close()
            raise
        if self._failure is not None:
            self._await_the_end()
            raise self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything and return when nothing is left."""
        self.close()

    def run_forever(self, started: Callable[[], None] = lambda: None) -> None:
        """Start everything, call `started` when all is ready, and serve until SIGINT, SIGTERM or SIGHUP.

        A second signal hurries. Call it in the main thread. Raises `StartRefused` when something never got
        ready.
        """
        with told_by_signals(self.stop), self:
            if not self._stop.is_set():
                started()
            self.wait()

    def wait(self) -> None:
        """Return when it has stopped, whoever asked for it; raise what made it stop by itself."""
        self._await_the_end()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Ask it to stop, and return at once; asked again, it waits for nobody any more."""
        if self._stop.is_set():
            self._hurry.set()
        self._stop.set()

    def close(self) -> None:
        """Stop, and return when nothing is left."""
        self._stop.set()
        try:
            self._await_the_end()
        except KeyboardInterrupt:
            self.stop()
            self._await_the_end()
            raise

    def status(self) -> dict[str, Status]:
        """Every process by name: its state, its pid if it runs, how often it was started again."""
        return {
            kept.process.name: Status(
                state=str(kept.state), pid=kept.child.pid if kept.child else None, restarts=kept.restarts
            )
            for kept in self._kept
        }

    def _await_the_end(self) -> None:
        # Not by joining the thread: until Python 3.13, a join that a signal breaks off takes it for ended.
        if self._keeper.ident is not None:
            self._ended.wait()

    def _keep(self) -> None:
        """The keeper's life: start, watch, stop; what goes wrong is kept for the thread that waits."""
        try:
            with self._guard, ExitStack() as stack:
                stack.callback(self._stop_all)
                if self._record is not None:
                    self._record.clear_away()
                for check in self._checks:
                    check()
                self._start_all()
                self._settled.set()
                while not self._stop.wait(CALM_TICK if self._all_serve() else TICK):
                    for kept in self._kept:
                        self._look_after(kept)
        except BaseException as failure:  # noqa: BLE001  # handed to the thread that waits, which raises it
            self._failure = failure
        finally:
            self._settled.set()
            self._ended.set()

    def _start_all(self) -> None:
        """Start one after the other; `StartRefused` holds the last lines of one that does not get ready."""
        for kept in self._kept:
            if self._stop.is_set():
                return
            self._start(kept)
            if not kept.process.alongside:
                self._await(kept)
        for kept in self._kept:
            self._await(kept)

    def _await(self, kept: _Kept) -> None:
        process = kept.process
        while kept.child is not None and kept.state is State.STARTING and not self._stop.is_set():
            status = kept.child.status
            if status == 0 and process.once:
                self._finish(kept)
                kept.state = State.DONE
            elif status is not None:
                child = kept.child
                self._finish(kept)
                raise _refusal(process, child, f"ended with {_in_words(status)} before it was ready")
            elif not process.once and kept.child.ready:
                kept.state = State.READY
            elif kept.child.lived > process.ready_timeout:
                raise _refusal(
                    process, kept.child, f"was not ready after {process.ready_timeout:.0f} seconds"
                )
            else:
                self._stop.wait(TICK)

    def _start(self, kept: _Kept) -> Child:
        try:
            if kept.process.prepare:
                kept.process.prepare()
            kept.child = child = Child(kept.process, self._output)
        except OSError as error:
            raise StartRefused(f"{kept.process.name} could not be started: {error}.") from error
        kept.state = State.STARTING
        self._put_down()
        return child

    def _look_after(self, kept: _Kept) -> None:
        """One look at a process that was ready once: start it again if it is time, see how it does."""
        if kept.state is State.DONE:
            return
        if kept.child is None:
            if time.monotonic() >= kept.again_at:
                self._start_again(kept)
            return
        status = kept.child.status
        if status is not None:
            self._try_later(kept, f"ended with {_in_words(status)}")
        elif kept.state is State.STARTING:
            if kept.child.ready:
                kept.state = State.READY
            elif kept.child.lived > kept.process.ready_timeout:
                kept.child.stop(self._hurry)
                self._try_later(kept, f"was not ready after {kept.process.ready_timeout:.0f} seconds")

    def _start_again(self, kept: _Kept) -> None:
        kept.restarts += 1
        try:
            self._start(kept)
        except GreenroomError as error:  # the disk is full, say: what served once may serve again
            self._try_later(kept, f"could not be started: {error}")

    def _try_later(self, kept: _Kept, why: str) -> None:
        lived = kept.child.lived if kept.child else 0.0
        self._finish(kept)
        delay = kept.back_off.after(lived)
        kept.again_at = time.monotonic() + delay
        self._output(kept.process.name, f"{kept.process.name} {why.rstrip('.')}; next start in {delay:.1f} s")

    def _finish(self, kept: _Kept) -> None:
        if kept.child is not None:
            kept.child.clear_away()
            kept.child = None
        kept.state = State.WAITING

    def _stop_all(self) -> None:
        for kept in reversed(self._kept):
            if kept.child is not None:
                kept.child.stop(self._hurry)
                kept.child = None
            kept.state = State.STOPPED
        if self._record is not None:
            self._record.clear_away()

    def _put_down(self) -> None:
        if self._record is not None:
            self._record.write(kept.child for kept in self._kept if kept.child)

    def _all_serve(self) -> bool:
        return all(kept.state in {State.READY, State.DONE} for kept in self._kept)


def _refusal(process: Process, child: Child, why: str) -> StartRefused:
    lines = "".join(f"\n  {line}" for line in child.last_lines)
    said = f"Its last lines:{lines}" if lines else "It said nothing."
    return StartRefused(f"{process.name} {why}. {said}", process=process.name)


def _in_words(status: int) -> str:
    if status < 0:
        return signal.Signals(-status).name
    return f"status {status}"
