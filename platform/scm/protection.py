"""Branch rules of the local host: which branches are protected, and what may not be done to them.

A protected branch is neither rewound nor deleted, by anybody. Rules that ask for somebody's agreement also refuse direct
pushes; changes get in by a pull request. With `enforce_admins` off that part does not bind administrators, nor Greenroom
itself. The other rules have no counterpart here (nothing reports checks); they are kept and told.
"""

from collections.abc import Collection
from dataclasses import asdict

from django.db import transaction

from core.api.subjects import System
from core.audit import record
from core.errors import NotFound
from scm import storage
from scm.errors import PushRefused
from scm.models import LocalBranchRules, LocalRepository
from scm.names import checked_branch
from scm.values import BranchRules

BY = System("system:scm")


@transaction.atomic
def protect(*, repository: LocalRepository, branch: str, rules: BranchRules) -> None:
    """Put rules in the place of those that are there; NotFound when the branch is not."""
    checked_branch("branch", branch)
    if storage.bare(repository.full_name).head(branch) is None:
        raise NotFound(f"branch {branch!r} is not in '{repository}'; push it first, then protect it")
    made, _ = LocalBranchRules.objects.update_or_create(
        repository=repository, branch=branch, defaults={"rules": asdict(rules)}
    )
    record(BY, "protected", made, rules=asdict(rules))


@transaction.atomic
def unprotect(*, repository: LocalRepository, branch: str) -> None:
    """Take the rules away; again is free."""
    found = LocalBranchRules.objects.filter(repository=repository, branch=branch).first()
    if found is not None:
        record(BY, "unprotected", found)
        found.delete()


def rules_of(repository: LocalRepository, branch: str) -> BranchRules | None:
    """A branch's rules; None when it is not protected."""
    return protected(repository, [branch]).get(branch)


def protected(repository: LocalRepository, branches: Collection[str]) -> dict[str, BranchRules]:
    """Those of the branches that are protected, with their rules."""
    rows = LocalBranchRules.objects.filter(repository=repository, branch__in=branches)
    return {row.branch: _understood(row.rules) for row in rows}


def push_refusal(repository: LocalRepository, branch: str, rules: BranchRules, *, admin: bool) -> str:
    """Why nobody pushes to a branch with these rules directly; "" when one may."""
    asks = rules.approvals > 0 or rules.code_owner_reviews
    if not asks or (admin and not rules.enforce_admins):
        return ""
    return (
        f"branch {branch!r} of '{repository}' is protected: changes have to be agreed on, open a pull request"
    )


def deletion_refusal(repository: LocalRepository, branch: str) -> str:
    """Why a protected branch is not deleted."""
    return (
        f"branch {branch!r} of '{repository}' is protected and is not deleted; take the protection away first"
    )


def check_push(repository: LocalRepository, branch: str) -> None:
    """PushRefused when the rules do not let Greenroom push to the branch."""
    rules = rules_of(repository, branch)
    refusal = push_refusal(repository, branch, rules, admin=True) if rules else ""
    if refusal:
        raise PushRefused(refusal)


def check_deletion(repository: LocalRepository, branch: str) -> None:
    """PushRefused when the branch is protected."""
    if rules_of(repository, branch) is not None:
        raise PushRefused(deletion_refusal(repository, branch))


def _understood(document: dict[str, object]) -> BranchRules:
    known = {name: value for name, value in document.items() if name in BranchRules.__dataclass_fields__}
    checks = document.get("checks")
    known["checks"] = tuple(checks) if isinstance(checks, list) else ()
    return BranchRules(**known)  # type: ignore[arg-type]
