"""What templates are used for and how well: runs, success, how long they take, the time that they save."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.sql import rows

RECENT = 30
"""Days over which the median duration is taken."""

_RUNS = """
    SELECT run.template_ref,
        count(*),
        count(*) FILTER (WHERE run.state = 'completed'),
        count(*) FILTER (WHERE run.state = 'failed'),
        count(*) FILTER (WHERE run.state = 'cancelled'),
        percentile_cont(0.5) WITHIN GROUP (ORDER BY took.seconds),
        max(run.created_at)
    FROM scaffolder_run AS run
    LEFT JOIN LATERAL (
        SELECT extract(epoch FROM max(ended_at) - min(started_at))::float8 AS seconds
        FROM scaffolder_steprun WHERE run_id = run.id
    ) AS took ON run.state = 'completed' AND run.created_at > now() - make_interval(days => %s)
    WHERE run.template_ref = ANY(%s) AND run.serves = 'template'
    GROUP BY run.template_ref
"""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of one template. `median_seconds` is None while no run of the last thirty days has completed."""

    runs: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    median_seconds: float | None = None
    last_run_at: datetime | None = None

    @property
    def success_rate(self) -> float | None:
        """Completed ones among those that ended by themselves; None while there are none."""
        ended = self.completed + self.failed
        return round(self.completed / ended, 4) if ended else None


NONE = Statistics()


def statistics_of(refs: Sequence[str]) -> dict[str, Statistics]:
    """The statistics of each template that was ever run. One query."""
    found: list[tuple[Any, ...]] = rows(_RUNS, (RECENT, list(refs))) if refs else []
    return {
        ref: Statistics(total, completed, failed, cancelled, None if took is None else round(took, 3), last)
        for ref, total, completed, failed, cancelled, took, last in found
    }
