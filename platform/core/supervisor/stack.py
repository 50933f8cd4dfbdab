"""The processes of a whole Greenroom on one machine: embedded servers, web, worker and beat."""

import http.client
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from signal import Signals

from core.embedded import postgres, redis
from core.embedded.folders import run_folder, whole
from core.embedded.launch import through
from core.embedded.lock import held
from core.embedded.servers import postgres_process, record_of, redis_process
from core.supervisor.output import Output, nowhere
from core.supervisor.port import check_port
from core.supervisor.process import READY, Process
from core.supervisor.supervisor import Supervisor

CELERY = "core.supervisor.announce"
WEB = "core.supervisor.web"
HOST = "127.0.0.1"
GRACE = 5  # seconds for requests under way when the web server stops; readers resume their event streams


@dataclass(frozen=True)
class Sizes:
    """How many processes and threads serve."""

    web_workers: int = 2
    web_threads: int = 8
    worker_threads: int = 4
    worker_processes: int = 1


def greenroom(
    data: Path,
    port: int,
    *,
    host: str = HOST,
    sizes: Sizes = Sizes(),
    durable: bool = True,
    output: Output = nowhere,
    environ: Mapping[str, str] | None = None,
) -> Supervisor:
    """A supervisor for everything; `run_forever()` or `with` starts it, and raises `StartRefused`."""
    return Supervisor(
        stack(data, port, host=host, sizes=sizes, durable=durable, environ=environ),
        output=output,
        guard=held(data),
        record=record_of(data),
        checks=[partial(check_port, host, port)],
    )


def stack(
    data: Path,
    port: int,
    *,
    host: str = HOST,
    sizes: Sizes = Sizes(),
    durable: bool = True,
    environ: Mapping[str, str] | None = None,
) -> list[Process]:
    """Every process in the order of its start, but no server whose address is in `environ` (ours if None)."""
    given = dict(os.environ if environ is None else environ)
    servers = [] if given.get("DATABASE_URL") else [postgres_process(data, durable=durable)]
    servers += [] if given.get("REDIS_URL") else [redis_process(data)]
    env = {
        **given,
        "DATABASE_URL": given.get("DATABASE_URL") or postgres.url(data),
        "REDIS_URL": given.get("REDIS_URL") or redis.url(data),
        "GREENROOM_DATA": str(whole(data)),
        "GREENROOM_PORT": str(port),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONUNBUFFERED": "1",
        # glibc gives each thread a heap of its own and gives little of it back: what one large list or refresh took
        # would stay taken.
        "MALLOC_ARENA_MAX": given.get("MALLOC_ARENA_MAX", "2"),
        "MALLOC_TRIM_THRESHOLD_": given.get("MALLOC_TRIM_THRESHOLD_", "131072"),
    }
    timetable = run_folder(data) / "beat-schedule"
    return [
        *servers,
        Process(
            name="migrate",
            argv=_python("django", "migrate", "--no-input", dies_by=Signals.SIGTERM),
            env=env,
            once=True,
            ready_timeout=300,
        ),
        Process(
            name="web",
            argv=_python(WEB, *_web_options(host, port, sizes), dies_by=Signals.SIGTERM),
            env=env,
            ready=partial(_answers, host, port),
            alongside=True,
            stop_timeout=GRACE + 5,
        ),
        *(
            Process(
                name="worker" if number == 1 else f"worker-{number}",
                argv=_python(CELERY, *_worker_options(sizes, number), dies_by=Signals.SIGQUIT),
                env=env,
                ready_line=READY,
                alongside=True,
            )
            for number in range(1, sizes.worker_processes + 1)
        ),
        Process(
            name="beat",
            argv=_python(CELERY, *_beat_options(timetable), dies_by=Signals.SIGKILL),
            env=env,
            prepare=partial(_forget, timetable),
            ready_line=READY,
            alongside=True,
        ),
    ]


def _python(module: str, *words: str, dies_by: Signals) -> list[str]:
    """Run a module of this Python, to be told by the kernel when the supervisor is killed."""
    return through([sys.executable, "-m", module, *words], death_signal=dies_by)


def _web_options(host: str, port: int, sizes: Sizes) -> Sequence[str]:
    return (
        "config.wsgi:application", "--host", host, "--port", str(port), "--workers", str(sizes.web_workers),
        "--threads", str(sizes.web_threads), "--grace", str(GRACE),
    )  # fmt: skip


def _worker_options(sizes: Sizes, number: int) -> Sequence[str]:
    return (
        "-A", "config.worker", "--no-color", "--quiet", "worker", "--pool", "threads",
        "--hostname", f"worker-{number}@%h",
        "--concurrency", str(sizes.worker_threads), "--loglevel", "INFO",
        "--without-gossip", "--without-mingle", "--without-heartbeat",
    )  # fmt: skip


def _beat_options(timetable: Path) -> Sequence[str]:
    return (
        "-A", "config.beat", "--no-color", "--quiet", "beat", "--loglevel", "INFO",
        "--schedule", str(timetable),
    )  # fmt: skip


def _answers(host: str, port: int) -> bool:
    """Whether the web server answers a request: what it says is not the supervisor's business."""
    line = http.client.HTTPConnection(host, port, timeout=2)
    try:
        line.request("GET", "/healthz")
        line.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()
    return True


def _forget(timetable: Path) -> None:
    """Remove beat's own notes: the timetable is code, and a file cut short by a kill would stop beat."""
    for file in timetable.parent.glob(timetable.name + "*"):
        file.unlink(missing_ok=True)
