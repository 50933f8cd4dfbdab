"""What an installation gives to all of its templates: the file GREENROOM_SCAFFOLDER_ENVIRONMENT.

    parameters:                      # environment.parameters: everywhere in a template
      registry: registry.example.org
    secrets:                         # environment.secrets: in the input of steps; never in the file itself
      npmToken: {env: NPM_TOKEN}
      signingKey: {file: /run/secrets/signing-key}

It is read when a run, a dry run or a plan begins, so that a secret that is exchanged needs no new start.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from core.errors import Unavailable
from core.redaction import MASK
from scm.secret_sources import SECRET, read_secret

log = logging.getLogger(__name__)

_LARGEST = 1024 * 1024
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "parameters": {"type": "object"},
        "secrets": {"type": "object", "additionalProperties": SECRET},
    },
}


@dataclass(frozen=True, slots=True)
class Given:
    """What expressions find under `environment`."""

    parameters: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    def document(self, *, with_secrets: bool = False) -> dict[str, Any]:
        """As expressions see it."""
        secrets = dict(self.secrets) if with_secrets else {}
        return {"parameters": dict(self.parameters), "secrets": secrets}


NOTHING = Given()


def given() -> Given:
    """What the file says; nothing without one. Unavailable when it cannot be used, and the log says why."""
    try:
        return read()
    except ImproperlyConfigured as error:
        raise _unusable(error) from None


def given_by_name() -> Given:
    """As `given`, with masks instead of the secrets, which are not even read: for who shows what comes of them."""
    try:
        said = _document()
    except ImproperlyConfigured as error:
        raise _unusable(error) from None
    return Given(said.get("parameters", {}), dict.fromkeys(said.get("secrets", {}), MASK))


def read() -> Given:
    """What the file says. ImproperlyConfigured names all that is wrong with it, and no value."""
    said = _document()
    wrong: list[str] = []
    places = said.get("secrets", {})
    secrets = {name: read_secret(where, f"secrets.{name}", wrong) for name, where in places.items()}
    if wrong:
        raise _wrong("\n  ".join(["", *wrong]))
    return Given(said.get("parameters", {}), secrets)


def _unusable(error: ImproperlyConfigured) -> Unavailable:
    log.error("what templates are given cannot be read", extra={"error": str(error)})
    return Unavailable(
        "GREENROOM_SCAFFOLDER_ENVIRONMENT cannot be used; the server's log says why. Try again when it is mended"
    )


def _document() -> dict[str, Any]:
    if not settings.GREENROOM_SCAFFOLDER_ENVIRONMENT:
        return {}
    path = Path(settings.GREENROOM_SCAFFOLDER_ENVIRONMENT)
    try:
        raw = path.read_bytes()
        said = yaml.safe_load(raw) if len(raw) <= _LARGEST else None
    except OSError as error:
        raise _wrong(f" {error.strerror}") from error
    except (yaml.YAMLError, UnicodeError) as error:
        at = getattr(error, "problem_mark", None)  # without the text: somebody may have put a secret there
        raise _wrong(f" not YAML in line {at.line + 1}" if at else " not YAML") from None
    if len(raw) > _LARGEST:
        raise _wrong(f" has {len(raw)} bytes, {_LARGEST} at the most")
    try:
        said = {} if said is None else json.loads(json.dumps(said, allow_nan=False))
    except (TypeError, ValueError):
        raise _wrong(" holds something that JSON has no word for; put dates into quotes") from None
    problems = [_problem(fault) for fault in _VALIDATOR.iter_errors(said)]
    if problems:
        raise _wrong("\n  ".join(["", *problems]))
    return dict(said)


def _problem(fault: jsonschema_rs.ValidationError) -> str:
    place = ".".join(map(str, fault.instance_path)) or "the file"
    if place.startswith("secrets."):
        return f"{place}: a secret does not stand here; write {{env: NAME}} or {{file: /path}}"
    return f"{place}: {fault.message}"


def _wrong(what: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(
        f"GREENROOM_SCAFFOLDER_ENVIRONMENT={settings.GREENROOM_SCAFFOLDER_ENVIRONMENT}:{what}"
    )


_VALIDATOR = jsonschema_rs.Draft7Validator(_SCHEMA, mask="the value")
