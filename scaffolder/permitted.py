"""What a subject may do: which runs they see, which parts of a template, which actions with which input."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Q

from core.api.subjects import Subject
from core.errors import InputError, NotAllowed
from scaffolder.permission_rules import Call, Rule, Words, read, test_of
from scaffolder.permissions import ACTION, EXECUTE, PARAMETERS, STEPS, TASK, TEMPLATE
from scaffolder.template import parameter_steps

_NOBODY = Q(pk__in=[])


def runs(subject: Any, permission: str) -> Q:
    """The runs for which the subject has a permission, as a condition for SQL. Only what comes by token has conditions."""
    criteria = _criteria(subject, permission)
    return Q() if criteria is None else read(criteria, TASK, _SQL)


def sees(subject: Any, permission: str, run: Any) -> bool:
    """Whether the subject has the permission for this run, of which `created_by` is looked at."""
    criteria = _criteria(subject, permission)
    return criteria is None or bool(test_of(criteria, TASK)(run))


def template(entity: Mapping[str, Any], subject: Any) -> dict[str, Any]:
    """The template without the pages and the steps that the subject may not read, as the contract has it."""
    spec = dict(entity["spec"])
    if _limits(subject, PARAMETERS) and "parameters" in spec:
        spec["parameters"] = _left(parameter_steps(entity), subject, PARAMETERS)
    if _limits(subject, STEPS) and isinstance(spec.get("steps"), list):
        spec["steps"] = _left(spec["steps"], subject, STEPS)
    return {**entity, "spec": spec}


def check_steps(entity: Mapping[str, Any], steps: Iterable[Mapping[str, Any]], subject: Any) -> None:
    """NotAllowed when the subject may not have one of the steps done, or when none is left of those that there are.

    A run that does nothing would look as if it had worked.
    """
    steps = list(steps)
    if entity["spec"].get("steps") and not steps:
        raise NotAllowed(f"{subject.ref} may read no step of the template: {STEPS} reaches none of them")
    for step in steps:
        check_action(subject, step["action"])


def check_action(subject: Any, action: str, given: Mapping[str, Any] | None = None) -> None:
    """NotAllowed when the subject may not have the action done, with this input when it is known already."""
    if subject.may(EXECUTE):
        criteria = _criteria(subject, EXECUTE)
        if criteria is None or test_of(criteria, ACTION)(Call(action, given)) is not False:
            return
    raise NotAllowed(f"Unauthorized action: {action}. The action is not allowed.")


def _left(steps: list[Any], subject: Any, permission: str) -> list[Any]:
    if isinstance(subject, Subject) and not subject.may(permission):
        return []
    test = test_of(_criteria(subject, permission), TEMPLATE)
    return [step for step in steps if not isinstance(step, Mapping) or test(step)]


def _limits(subject: Any, permission: str) -> bool:
    return isinstance(subject, Subject) and (not subject.may(permission) or subject.is_limited(permission))


def _criteria(subject: Any, permission: str) -> Any:
    return subject.conditions.get(permission) if isinstance(subject, Subject) else None


def _owned(rule: Rule, params: Mapping[str, Any]) -> Q:
    if rule.name != "IS_TASK_OWNER":
        raise InputError(f"{rule.name} cannot be asked of runs in the database")
    return Q(created_by__in=list(params["createdBy"]))


def _all(parts: Any) -> Q:
    found = Q()
    for part in parts:
        found &= part
    return found


def _any(parts: Any) -> Q:
    found = _NOBODY
    for part in parts:
        found |= part
    return found


_SQL: Words[Q] = Words(rule=_owned, all=_all, any=_any, no=lambda part: ~part)
