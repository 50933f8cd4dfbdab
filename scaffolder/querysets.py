"""Finding runs, their events and the templates they are made from."""

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from django.db import connection, models

from catalog.models import Entity
from core.errors import InputError, NotFound
from core.leases import free
from scaffolder import permitted
from scaffolder.json_text import compact
from scaffolder.permissions import READ

if TYPE_CHECKING:
    from datetime import datetime

    from scaffolder.models import Run, RunEvent, StepRun  # noqa: F401 - a type in a string

ORDER_FIELDS = {"created_at": "created_at", "status": "state", "created_by": "created_by"}


def missing(run_id: str) -> NotFound:
    """The error for a run that is not there, or that the subject may not see: nobody learns which."""
    return NotFound(f"No task with id '{run_id}' found")


class RunQuerySet(models.QuerySet["Run"]):
    """Runs."""

    def visible_to(self, subject: Any) -> Self:
        """Those that the subject may see: all of them, unless its `scaffolder.task.read` has a condition."""
        return self.filter(permitted.runs(subject, READ))

    def named(self, run_id: str) -> "Run":
        """The run with that id; NotFound for any other text, also one that is no UUID."""
        try:
            found = self.filter(pk=uuid.UUID(run_id)).first()
        except ValueError:
            found = None
        if found is None:
            raise missing(run_id)
        return found

    def in_order(self, orders: list[str]) -> Self:
        """In the order of `asc:<field>` and `desc:<field>` texts; newest first when there are none."""
        fields = []
        for text in orders or ["desc:created_at"]:
            direction, colon, field = text.partition(":")
            if not colon or direction not in {"asc", "desc"}:
                raise InputError(f'Invalid order parameter "{text}", expected "<asc or desc>:<field name>"')
            if field not in ORDER_FIELDS:
                raise InputError(f'Invalid order field "{field}"')
            fields.append(f"{'-' if direction == 'desc' else ''}{ORDER_FIELDS[field]}")
        return self.order_by(*fields, "id")

    def in_states(self, words: list[str]) -> Self:
        """Those in one of these states, by the wire's words: a run that waits for an approval is open there."""
        return self.filter(state__in=[*words, *(["waiting"] if "open" in words else [])])

    def unclaimed(self, now: "datetime", rung_before: "datetime") -> Self:
        """Those that wait for a worker, or were left behind by one, and that nobody was called for lately."""
        return self.filter(free(now), state__in=["open", "processing"], rung_at__lt=rung_before)


class StepRunQuerySet(models.QuerySet["StepRun"]):
    """How far the steps of runs are."""

    def begun(self, run_id: uuid.UUID, position: int, step_id: str) -> bool:
        """Note that a step begins; False when that was noted before. One statement, and without a savepoint."""
        table = self.model._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} (run_id, position, step_id, state, output, started_at, forgotten)"  # noqa: S608 - our own table
                " VALUES (%s, %s, %s, 'processing', '{}', now(), false) ON CONFLICT (run_id, position) DO NOTHING",
                [run_id, position, step_id],
            )
            return bool(cursor.rowcount)

    def ended(
        self,
        run_id: uuid.UUID,
        position: int,
        step_id: str,
        state: str,
        at: "datetime",
        *,
        output: Mapping[str, Any] | None = None,
        sealed_output: bytes | None = None,
        error: Mapping[str, str] | None = None,
    ) -> None:
        """Note how a step ended, also one that never began. One statement."""
        table = self.model._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} AS step"  # noqa: S608 - our own table
                " (run_id, position, step_id, state, output, sealed_output, error, started_at, ended_at, forgotten)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, false)"
                " ON CONFLICT (run_id, position) DO UPDATE SET step_id = excluded.step_id, state = excluded.state,"
                " output = excluded.output, sealed_output = excluded.sealed_output, error = excluded.error,"
                " ended_at = excluded.ended_at",
                [
                    *(run_id, position, step_id, state, compact(output or {}), sealed_output),
                    *(None if error is None else compact(error), at, at),
                ],
            )


class RunEventQuerySet(models.QuerySet["RunEvent"]):
    """What runs said."""

    def after(self, run_id: object, after: int | None) -> Self:
        """A run's events behind an id. The completion is always among them, as the contract has it."""
        rows = self.filter(run_id=run_id)
        return (
            rows.filter(models.Q(id__gt=after) | models.Q(type="completion")) if after is not None else rows
        )


class TemplateManager(models.Manager["Entity"]):
    """Entities of kind Template."""

    def get_queryset(self) -> models.QuerySet["Entity"]:
        return super().get_queryset().filter(kind__iexact="Template")
