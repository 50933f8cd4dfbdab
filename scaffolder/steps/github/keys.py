"""github:deployKey:create: a key for a repository, its private half among the secrets of its workflows."""

import re
from collections.abc import Mapping
from typing import Any

from core.errors import Conflict, InputError
from scaffolder.steps.github.places import REPO_URL, TOKEN, Target, foreseen, place_in, target, target_of
from scaffolder.steps.port import (
    Action,
    Example,
    Foreseen,
    Made,
    StepContext,
    UndoContext,
    object_schema,
    text,
)
from scaffolder.steps.publishing import left_to_a_person
from scm.github import keys, vault

DEPLOY_KEY = "deploy-key"
_NOT_IN_NAME = re.compile(r"[^A-Z0-9_]")


def create(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """Let a key in and keep its private half as a secret: the step's own pair, or one that is made here.

    A pair that is made here is nowhere but there: not in the output, not in the ledger, and in the run only sealed.
    """
    to, title, secret = target(given), given["deployKeyName"], _secret_name(given)
    key, vault_ = to.place.key(title), vault.of_repository(to.name)
    pair = _pair(ctx, given, key)
    there = keys.find_key(to.access, to.name, pair.public)

    def look() -> dict[str, Any]:
        kept = vault.has_secret(to.access, to.name, vault_, secret)
        if kept and not given.get("privateKey"):
            raise Conflict(
                f"privateKeySecretName {secret!r} is a secret of '{to.name}' already, and it would be lost; "
                "name another"
            )
        return {"public": pair.public, "secret": secret, "before": there is not None, "kept": kept}

    found = to.place.begin(ctx, DEPLOY_KEY, key, look)
    if found["public"] != pair.public:  # the pair of an attempt that failed is gone with its private half
        _shut_out(to, found)
        to.place.intend(ctx, DEPLOY_KEY, key, public=pair.public)
    key_id = there or keys.add_key(to.access, to.name, title, pair.public)
    ctx.ledger.prove(DEPLOY_KEY, key, id=key_id)
    vault.keep_secrets(to.access, to.name, vault_, {secret: pair.private})
    ctx.log(f"Deploy key {title} is let into {to.name}; its private half is the secret {secret}")
    return {"privateKeySecretName": secret}


def _pair(ctx: StepContext, given: dict[str, Any], key: str) -> keys.KeyPair:
    public, private = given.get("publicKey"), given.get("privateKey")
    if bool(public) != bool(private):
        raise InputError(
            "publicKey and privateKey belong together: give both, or neither to have a pair made"
        )
    if public and private:
        return keys.KeyPair(public, private)

    def make() -> list[str]:
        made = keys.made_pair()
        return [made.public, made.private]

    return keys.KeyPair(*ctx.checkpoint(f"pair {key}", make))


def _secret_name(given: dict[str, Any]) -> str:
    wanted = given.get("privateKeySecretName")
    name = wanted or f"{_NOT_IN_NAME.sub('_', given['deployKeyName'].upper())}_PRIVATE_KEY"
    return vault.check_name("privateKeySecretName", name)


def foresee(_ctx: StepContext, given: dict[str, Any]) -> Foreseen:
    key = place_in(given).key(given["deployKeyName"])
    return foreseen(DEPLOY_KEY, key, privateKeySecretName=_secret_name(given))


def _shut_out(to: Target, details: Mapping[str, Any]) -> None:
    key_id = keys.find_key(to.access, to.name, details["public"])
    if key_id is not None:
        keys.remove_key(to.access, to.name, key_id)


def undo(ctx: UndoContext, made: Made) -> None:
    """Shut the key out and take its secret away; what was there before the run stays."""
    to, details = target_of(made), made.details
    with left_to_a_person(f"deploy key {made.key}"):
        if not details.get("kept"):
            vault.remove_secret(to.access, to.name, vault.of_repository(to.name), details["secret"])
        if not details.get("before"):
            _shut_out(to, details)
    ctx.log(f"Deploy key {made.key} is shut out")


ACTIONS = (
    Action(
        id="github:deployKey:create",
        description="Lets a deploy key into a repository on GitHub; its private half becomes a secret of the workflows.",
        input=object_schema(
            ("repoUrl", "deployKeyName"),
            repoUrl=REPO_URL,
            publicKey=text("The public half, as ssh-keygen writes it. Default: a pair is made."),
            privateKey=text("The private half. Default: a pair is made, and nobody sees this half."),
            deployKeyName=text("What the key is called.", minLength=1),
            privateKeySecretName=text(
                "The secret for the private half. Default: the key's name and _PRIVATE_KEY."
            ),
            token=TOKEN,
        ),
        output=object_schema(
            ("privateKeySecretName",), privateKeySecretName=text("The secret that holds the private half.")
        ),
        run=create,
        foresee=foresee,
        undo=undo,
        examples=(
            Example(
                "Let the workflows of a repository push",
                "steps:\n  - action: github:deployKey:create\n    input:\n"
                "      repoUrl: github.com?owner=acme&repo=payments\n      deployKeyName: push\n",
            ),
        ),
    ),
)
