"""Embedded servers for a command or a test: those that run already, or ours until the block ends."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from core.embedded import postgres, redis
from core.embedded.folders import prepare_data, run_folder
from core.embedded.lock import DataLock, Guests
from core.supervisor.errors import StartRefused
from core.supervisor.output import Output, nowhere
from core.supervisor.process import Process
from core.supervisor.supervisor import Supervisor

PATIENCE = 60.0  # seconds for somebody else's servers to be ready, or to be gone


@dataclass(frozen=True)
class Servers:
    """The addresses of the embedded servers of a data folder."""

    postgres_url: str
    redis_url: str
    broker_url: str


def servers(data: Path) -> Servers:
    """The addresses for this data folder, whether anything runs there or not."""
    return Servers(
        postgres_url=postgres.url(data), redis_url=redis.url(data), broker_url=redis.broker_url(data)
    )


def postgres_process(data: Path, *, durable: bool = True) -> Process:
    """PostgreSQL as the supervisor runs it."""
    return Process(
        name="postgres",
        argv=partial(postgres.command, data, durable=durable),
        env=postgres.environment(),
        prepare=partial(postgres.prepare, data, durable=durable),
        ready=partial(postgres.ready, data),
        ready_timeout=300,  # after a crash it first repeats what its log holds
        stop_signal=postgres.STOP_SIGNAL,
        stop_timeout=postgres.STOP_TIMEOUT,
    )


def redis_process(data: Path) -> Process:
    """Redis as the supervisor runs it."""
    return Process(
        name="redis",
        argv=partial(redis.command, data),
        env=redis.environment(),
        prepare=partial(redis.prepare, data),
        ready=partial(redis.ready, data),
        stop_signal=redis.STOP_SIGNAL,
        stop_timeout=redis.STOP_TIMEOUT,
    )


def record_of(data: Path) -> Path:
    """The file in which the running processes of this data folder are put down."""
    return run_folder(data) / "processes.json"


@contextmanager
def running(
    data: Path,
    *,
    durable: bool = True,
    with_postgres: bool = True,
    with_redis: bool = True,
    output: Output = nowhere,
) -> Iterator[Servers]:
    """Have the embedded servers of this data folder during the block.

    Servers that run already (`greenroom up`, another command) are used and left alone. Otherwise they are
    ours: started now, started again if they die, stopped in the end, when nobody else uses them any more.
    `durable=False` gives up safety against kill -9 for speed, for tests. Raises `StartRefused`.
    """
    prepare_data(data)
    wanted = [postgres_process(data, durable=durable)] if with_postgres else []
    wanted += [redis_process(data)] if with_redis else []
    lock, guests = DataLock(data), Guests(data)
    give_up = time.monotonic() + PATIENCE
    while True:
        with ExitStack() as stack:
            if lock.take(brief=True):
                stack.callback(lock.release)
                ours = stack.enter_context(Supervisor(wanted, output=output, record=record_of(data)))
                try:
                    yield servers(data)
                finally:
                    with guests.none_left():
                        ours.close()
                return
            if stack.enter_context(guests.stay()) and all(
                process.ready and process.ready() for process in wanted
            ):
                yield servers(data)
                return
        if time.monotonic() > give_up:
            holder = lock.holder()
            raise StartRefused(
                f"The servers of the data folder {lock.data} do not answer, and process "
                f"{holder.pid if holder else 'unknown'} has them. Stop it, then try again."
            )
        time.sleep(0.05)
