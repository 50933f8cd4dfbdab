"""Runs a `celery` command that says in one line when it serves, however little is logged.

`python -m core.supervisor.announce -A config.worker worker …` is `python -m celery -A config.worker worker
…` plus that line, which the supervisor waits for: neither a worker nor beat listens anywhere, so nothing
else tells.
"""

import sys
import warnings

from celery.__main__ import main
from celery.exceptions import SecurityWarning
from celery.signals import beat_init, worker_ready

from core.supervisor.process import READY


def announce(**_: object) -> None:
    """Say it, past Celery's redirection of standard error into the logging."""
    stream = sys.__stderr__
    if stream is not None:
        stream.write(READY + "\n")
        stream.flush()


if __name__ == "__main__":
    # Whoever runs Greenroom as root has chosen so (a container, say); six lines at each start change nothing.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    worker_ready.connect(announce)
    beat_init.connect(announce)
    main()
