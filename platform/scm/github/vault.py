"""Secrets and variables for GitHub Actions, of a repository or of one of its environments.

A secret is sealed here for GitHub's key; nobody on the way, and nobody who asks GitHub later, reads it.
"""

import base64
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from nacl.public import PublicKey, SealedBox

from core.errors import InputError, NotFound
from scm.github.paths import of
from scm.values import RepositoryName

if TYPE_CHECKING:
    from scm.github.access import Access

SECRET_LIMIT = 48 * 1024
"""Bytes of a secret that GitHub takes."""
_NAME = re.compile(r"(?!GITHUB_)[A-Z_][A-Z0-9_]*", re.IGNORECASE)


def of_repository(name: RepositoryName) -> str:
    """Where the secrets and variables of a repository's workflows are kept."""
    return of(name, "actions")


def of_environment(name: RepositoryName, environment: str) -> str:
    """Where those are kept that only deployments to an environment see."""
    return of(name, "environments", environment)


def check_name(field: str, name: str) -> str:
    """A name that GitHub takes for a secret or a variable; InputError names `field`."""
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{field}: {name!r} is not a name that GitHub takes; use letters, digits and '_', begin with a letter, "
            "and not with GITHUB_"
        )
    return name


def keep_secrets(access: "Access", name: RepositoryName, place: str, secrets: Mapping[str, str]) -> None:
    """Have these secrets there; those that are there are replaced, as nobody can compare them."""
    if not secrets:
        return
    key = access.get(name.owner, f"{place}/secrets/public-key").data
    box = SealedBox(PublicKey(base64.b64decode(key["key"])))
    for secret, value in secrets.items():
        check_name("secrets", secret)
        if len(value.encode()) > SECRET_LIMIT:
            raise InputError(f"secret {secret!r} is larger than the {SECRET_LIMIT} bytes that GitHub takes")
        sealed = base64.b64encode(box.encrypt(value.encode())).decode()
        wanted = {"encrypted_value": sealed, "key_id": key["key_id"]}
        access.put(name.owner, f"{place}/secrets/{secret}", wanted)


def has_secret(access: "Access", name: RepositoryName, place: str, secret: str) -> bool:
    try:
        access.get(name.owner, f"{place}/secrets/{secret}")
    except NotFound:
        return False
    return True


def remove_secret(access: "Access", name: RepositoryName, place: str, secret: str) -> None:
    """Take a secret away; one that is gone is fine."""
    try:
        access.delete(name.owner, f"{place}/secrets/{secret}")
    except NotFound:
        return


def keep_variables(access: "Access", name: RepositoryName, place: str, variables: Mapping[str, str]) -> None:
    """Have these variables there, with these values."""
    for variable, value in variables.items():
        check_name("variables", variable)
        wanted = {"name": variable, "value": value}
        try:
            known = access.get(name.owner, f"{place}/variables/{variable}").data
        except NotFound:
            access.post(name.owner, f"{place}/variables", wanted)
        else:
            if known.get("value") != value:
                access.patch(name.owner, f"{place}/variables/{variable}", wanted)
