"""Celery's doors: the base task every app's doors share, and the sweeper's own door."""

from typing import Any

import structlog
from celery import Task, shared_task

from . import memory
from .errors import GreenroomError
from .sweeps import run_due


class Door(Task):
    """A task that may run twice, late or never. Whether it is tried again is decided by the error's class."""

    abstract = True
    ignore_result = True
    acks_late = True
    max_retries = 5

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with structlog.contextvars.bound_contextvars(request_id=str(self.request.id), task=self.name):
            try:
                return super().__call__(*args, **kwargs)
            except GreenroomError as error:
                if not error.retry:
                    raise
                wait = getattr(error, "retry_after", None) or 2 ** (self.request.retries + 1)
                raise self.retry(exc=error, countdown=wait) from error
            finally:
                memory.give_back_if_grown()


@shared_task(name="core.sweep", base=Door)
def sweep() -> None:
    run_due()
