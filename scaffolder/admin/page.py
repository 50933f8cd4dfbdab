"""What a run's page shows: error first, steps with their times, effects, the plan, the log, who did what."""

import json
from typing import Any

from core.admin import plain
from core.models import AuditEvent
from scaffolder.admin import links
from scaffolder.admin.words import badge, cut, lasted
from scaffolder.approvals.actions import open_points, valid
from scaffolder.approvals.models import ApprovalRequest
from scaffolder.artifacts.actions import kept_of
from scaffolder.models import Effect, Instance, Run, RunEvent, StepRun
from scaffolder.notifications.models import Notification
from scaffolder.rollback.models import Rollback
from scaffolder.states import FINISHED, StepState

MOST_LINES = 500
"""Lines of the log on the page; the latest ones."""
MOST_ROWS = 200


def shown(run: Run, person: Any) -> dict[str, Any]:
    """The context of the page. The same number of queries whatever the run made and said."""
    events = list(RunEvent.objects.filter(run=run).order_by("-pk")[: MOST_LINES + 1])[::-1]
    steps = _steps(run)
    return {
        "run": run,
        "badge": badge(run),
        "template": links.template(run.template_ref),
        "version": _version(run),
        "upgrade": getattr(run, "upgrade", None),
        "instances": list(Instance.objects.filter(run=run).order_by("pk")[:MOST_ROWS]),
        "files": kept_of(run),
        "links": _links(run),
        "told": _told(run),
        "live": run.state not in FINISHED,
        "took": lasted(_began(steps), _ended(run, steps)),
        "steps": steps,
        "failures": [step for step in steps if step["state"] == StepState.FAILED],
        "effects": list(Effect.objects.filter(run=run).order_by("pk")[:MOST_ROWS]),
        "rollback": Rollback.objects.filter(run=run).first(),
        "lines": [_line(event) for event in events[-MOST_LINES:]],
        "more_lines": len(events) > MOST_LINES,
        "last_event": events[-1].pk if events else 0,
        "parameters": document(run.spec.get("parameters")),
        "output": document(run.output),
        "frozen": document({key: value for key, value in run.spec.items() if key != "parameters"}),
        "audit": list(AuditEvent.objects.filter(target=str(run)[:255]).order_by("-pk")[:MOST_ROWS]),
        "approval": _approval(run),
    }


def _version(run: Run) -> Any:
    version = run.template_version
    return version and links.page("templateversion", version.pk, f"version {version.number}")


def _links(run: Run) -> list[Any]:
    """What the template shows as links when it is done."""
    output = run.output if isinstance(run.output, dict) else {}
    stated = [link for link in output.get("links") or [] if isinstance(link, dict) and link.get("url")]
    return [links.outside(str(link["url"]), link.get("title") or link["url"]) for link in stated[:MOST_ROWS]]


def _told(run: Run) -> Any:
    count = Notification.objects.filter(run=run).count()
    return count and links.listed("notification", f"{count:,}", run__id__exact=run.pk)


def document(data: Any) -> str:
    """JSON on several lines; "" when there is nothing."""
    return "" if data in (None, {}, [], "") else cut(json.dumps(data, indent=2, ensure_ascii=False))


def _steps(run: Run) -> list[dict[str, Any]]:
    """The steps as the template has them, each with how far it is."""
    rows = {row.position: row for row in StepRun.objects.filter(run=run)}
    found = []
    for position, step in enumerate(run.spec["steps"]):
        row = rows.get(position)
        found.append(
            {
                "id": step["id"],
                "name": step["name"],
                "action": step["action"],
                "state": row.state if row else "",
                "label": StepState(row.state).label if row else "to do",
                "began": row.started_at if row else None,
                "ended": row.ended_at if row else None,
                "took": lasted(row.started_at, row.ended_at)
                if row and row.state != StepState.SKIPPED
                else "-",
                "error": (row.error or {}).get("message", "") if row else "",
                "output": document(row.output) if row else "",
            }
        )
    return found


def _began(steps: list[dict[str, Any]]) -> Any:
    return min((step["began"] for step in steps if step["began"]), default=None)


def _ended(run: Run, steps: list[dict[str, Any]]) -> Any:
    ends = [step["ended"] for step in steps if step["ended"]]
    return max(ends, default=None) if run.state in FINISHED else None


def _line(event: RunEvent) -> dict[str, Any]:
    body = event.body
    said = "" if event.type == RunEvent.Type.LOG else "failed" if "error" in body else event.type
    return {
        "at": event.created_at,
        "text": plain(str(body.get("message", ""))),
        "status": body.get("status", "") or said,
        "error": (body.get("error") or {}).get("message", ""),
    }


def _approval(run: Run) -> dict[str, Any] | None:
    request = ApprovalRequest.objects.filter(run=run).prefetch_related("approvals").first()
    if request is None:
        return None
    counts = {one.pk for one in valid(request)}
    plan = request.plan or {}
    return {
        "request": request,
        "missing": open_points(request),
        "given": [(one, one.pk in counts) for one in request.approvals.all()][-MOST_ROWS:],
        "plan": plan,
        "unseen": max(
            0, plan.get("workspace", {}).get("count", 0) - len(plan.get("workspace", {}).get("files", []))
        ),
        "canonical": document(plan),
    }
