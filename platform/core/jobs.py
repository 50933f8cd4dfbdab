"""Work for later, known by a lasting name and sent after commit.

A message carries a row's id and nothing else: PostgreSQL holds the truth, the queue only wakes a worker. A bell
that cannot be rung because Redis is away is logged and left to the sweeper, which finds the row.
"""

import logging
from dataclasses import dataclass
from functools import partial

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """The name of a piece of work and the queue that it goes to. The name survives renames of code."""

    name: str
    queue: str = "greenroom"

    def later(self, pk: object) -> None:
        """Ring for the row `pk` once the running transaction is committed."""
        transaction.on_commit(partial(self.now, str(pk)))

    def now(self, pk: str) -> None:
        """Ring at once; used by sweeps, which run outside of any transaction."""
        try:
            current_app.send_task(self.name, args=[pk], queue=self.queue, retry=False)
        except OperationalError as error:
            log.warning(
                "broker away, the sweeper will ring again", extra={"job": self.name, "error": str(error)}
            )
