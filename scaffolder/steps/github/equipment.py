"""What a repository on GitHub gets beside its settings: people, teams, secrets, variables, claims, properties."""

from typing import Any

from core.errors import InputError
from scaffolder.steps.github.places import Target, entity_name
from scaffolder.steps.port import StepContext
from scm.github import particulars, people, vault
from scm.values import Visibility


def check_equipment(given: dict[str, Any]) -> None:
    """Refuse what contradicts itself, before anything is made."""
    wanted = given.get("oidcCustomization") or {}
    if wanted.get("useDefault", True) and wanted.get("includeClaimKeys"):
        raise InputError("oidcCustomization has includeClaimKeys, which need useDefault: false")
    for kind in ("secrets", "repoVariables"):
        for name in given.get(kind) or {}:
            vault.check_name(kind, name)


def equip(ctx: StepContext, to: Target, given: dict[str, Any], visibility: Visibility) -> None:
    """Put it there, all of it again when the step is done again: each part is put, never added."""
    access, name = to.access, to.name
    if visibility is Visibility.INTERNAL:
        particulars.set_visibility(access, name, visibility)
    _let_in(to, given)
    ctx.check_cancelled()
    place = vault.of_repository(name)
    vault.keep_variables(access, name, place, given.get("repoVariables") or {})
    vault.keep_secrets(access, name, place, given.get("secrets") or {})
    ctx.check_cancelled()
    claims = given.get("oidcCustomization")
    if claims:
        default, keys = claims.get("useDefault", True), claims.get("includeClaimKeys") or ()
        particulars.set_oidc_claims(access, name, default=default, claims=keys)
    if given.get("customProperties"):
        particulars.set_properties(access, name, given["customProperties"])
    if given.get("workflowAccess"):
        particulars.set_workflow_access(access, name, given["workflowAccess"])
    if given.get("subscribe"):
        particulars.subscribe(access, name)


def _let_in(to: Target, given: dict[str, Any]) -> None:
    administrator = given.get("access") or ""
    if administrator.startswith(f"{to.name.owner}/"):
        people.grant_team(to.access, to.name, administrator.partition("/")[2], "admin")
    elif administrator and administrator != to.name.owner:
        people.grant_person(to.access, to.name, entity_name(administrator), "admin")
    for one in given.get("collaborators") or ():
        if "team" in one:
            people.grant_team(to.access, to.name, entity_name(one["team"]), one["access"])
        else:
            people.grant_person(to.access, to.name, entity_name(one["user"]), one["access"])
