"""Who may come in: tokens for programs, administrators for people. These act on the database itself."""

import json
import os
import re
import secrets
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from core.api.subjects import System

from .database import connected
from .output import json_option, say, show

if TYPE_CHECKING:
    from identity.models import ServiceToken

BY = System("system:command-line")
ROLES = ("admin", "developer", "viewer")  # those of identity.roles, which would load Django; a test compares
USER = re.compile(r"user:[a-z0-9._-]+/[a-z0-9._-]+")


@click.group()
def token() -> None:
    """Make, list and revoke the tokens with which programs come in."""


@token.command("create")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), help="What it may do, as a role …")
@click.option(
    "--scope", "scopes", multiple=True, metavar="PERMISSION", help="… or one permission after another."
)
@click.option(
    "--condition",
    "conditions",
    multiple=True,
    metavar="PERMISSION=JSON",
    help='Limit a permission to some entities: catalog.entity.read=\'{"rule": …, "params": …}\'.',
)
@click.option("--acts-for", default="", metavar="USER", help="In whose name it works: user:default/ana.")
@click.option(
    "--days", default=90, show_default=True, type=click.IntRange(0, 3650), help="Its life; 0: no end."
)
def create(
    name: str,
    role: str | None,
    scopes: tuple[str, ...],
    conditions: tuple[str, ...],
    acts_for: str,
    days: int,
) -> None:
    """Make a token and print it, alone, on standard output. It is shown this once."""
    if bool(role) == bool(scopes):
        raise click.UsageError(f"Give either --role ({', '.join(ROLES)}) or --scope once or more.")
    if acts_for and not USER.fullmatch(acts_for):
        raise click.BadParameter(
            f"{acts_for!r} is no user: expected user:default/NAME.", param_hint="--acts-for"
        )
    expires_at = datetime.now(UTC) + timedelta(days=days) if days else None
    limits = dict(_condition(text) for text in conditions)
    with connected():
        secret = new_token(
            name, role=role, scopes=scopes, conditions=limits, acts_for=acts_for, expires_at=expires_at
        )
    click.echo(secret)
    say(
        f"Token {name!r} is made, {f'good for {days} days' if days else 'without an end'}. It is not shown again."
    )


@token.command("list")
@click.option("--all", "with_dead", is_flag=True, help="Revoked and expired ones too.")
@json_option
def list_(with_dead: bool, as_json: bool) -> None:
    """Show the live tokens, without their secrets."""
    with connected():
        from identity.models import ServiceToken  # a model: importable once Django is set up

        found = ServiceToken.objects.all() if with_dead else ServiceToken.objects.live()
        rows = [_row(token) for token in found]
    columns = ["name", "prefix", "scopes", "acts_for", "expires_at", "last_used_at"]
    columns += ["revoked_at"] if with_dead else []
    show(
        rows,
        columns,
        as_json=as_json,
        nothing="There is no token: greenroom token create NAME --role developer",
    )


@token.command("revoke")
@click.argument("name")
def revoke(name: str) -> None:
    """Make the token of that name worthless at once."""
    with connected():
        from identity.actions import revoke_token  # needs Django set up

        revoke_token(name=name, by=BY)
    say(f"Token {name!r} is revoked.")


@click.command()
@click.option("--username", default="admin", show_default=True)
@click.option("--email", default="")
def createadmin(username: str, email: str) -> None:
    """Make an administrator for the admin pages, or give one a new password.

    The password is taken from GREENROOM_ADMIN_PASSWORD, asked for on a terminal (leave it empty to have one
    made), or made and printed, alone, on standard output.
    """
    password = os.environ.get("GREENROOM_ADMIN_PASSWORD", "")
    if not password and sys.stdin.isatty():
        prompt = "Password (empty: make one)"
        password = click.prompt(prompt, default="", hide_input=True, show_default=False, err=True)
        if password and click.prompt("Again", hide_input=True, err=True) != password:
            raise click.UsageError("The two passwords differ.")
    made = "" if password else new_password()
    with connected():
        new_admin(username, password or made, email)
    if made:
        click.echo(made)
    say(f"{username} may sign in to the admin pages{', with the password above' if made else ''}.")


def new_password() -> str:
    """A password that nobody guesses, of letters that nobody misreads aloud."""
    return secrets.token_urlsafe(15)


def new_admin(username: str, password: str, email: str = "") -> None:
    """Make the administrator or reset the password. Raises UsageError for a password that is too weak."""
    from django.contrib.auth.password_validation import validate_password  # needs Django set up
    from django.core.exceptions import ValidationError

    from identity.actions import create_admin

    try:
        validate_password(password)
        create_admin(username=username, password=password, email=email, by=BY)
    except ValidationError as error:
        raise click.UsageError(" ".join(error.messages)) from error


def new_token(
    name: str,
    *,
    role: str | None = None,
    scopes: tuple[str, ...] = (),
    conditions: Mapping[str, Any] | None = None,
    acts_for: str = "",
    expires_at: datetime | None = None,
) -> str:
    """Make a token and answer its secret."""
    from identity.actions import create_token  # needs Django set up

    _, secret = create_token(
        name=name,
        role=role,
        scopes=list(scopes) or None,
        conditions=conditions,
        acts_for=acts_for,
        expires_at=expires_at,
        by=BY,
    )
    return secret


def _condition(text: str) -> tuple[str, Any]:
    """`catalog.entity.read={"rule": …}` → the permission and its criteria."""
    permission, equals, criteria = text.partition("=")
    try:
        if equals:
            return permission.strip(), json.loads(criteria)
    except ValueError as error:
        raise click.BadParameter(f"{criteria!r} is not JSON: {error}", param_hint="--condition") from error
    raise click.BadParameter(f"{text!r}: expected PERMISSION=JSON", param_hint="--condition")


def _row(token: "ServiceToken") -> dict[str, object]:
    def moment(value: datetime | None) -> str | None:
        return value.isoformat(timespec="seconds") if value else None

    return {
        "name": token.name,
        "prefix": f"grn_{token.prefix}",
        "scopes": token.scopes,
        "conditions": token.conditions or None,
        "acts_for": token.acts_for or None,
        "created_by": token.created_by,
        "created_at": moment(token.created_at),
        "expires_at": moment(token.expires_at),
        "last_used_at": moment(token.last_used_at),
        "revoked_at": moment(token.revoked_at),
    }
