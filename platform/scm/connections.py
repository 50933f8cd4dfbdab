"""Which code hosts this installation talks to, and with what: settings → `Connection`s.

One GitHub and one GitLab are told by variables; several hosts, GitHub Apps and discovery by the YAML file that
GREENROOM_CODE_HOSTS names (docs/guides/code-hosts.md). A secret never stands in that file: it says where the secret is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs
import yaml
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from core.errors import InputError
from scm.addresses import web_base
from scm.secret_sources import SECRET, read_secret

GITHUB, GITLAB = "github", "gitlab"
THE_STEPS_TOKEN = "the token that the step was given"  # noqa: S105 - what errors call it

_TEXT = {"type": "string", "minLength": 1}
_HOST: dict[str, Any] = {
    "type": "object",
    "required": ["type"],
    "additionalProperties": False,
    "properties": {
        "type": {"enum": [GITHUB, GITLAB]},
        **dict.fromkeys(("url", "api", "name", "ca", "proxy"), _TEXT),
        "token": SECRET,
        "app": {
            "type": "object",
            "required": ["id", "privateKey"],
            "additionalProperties": False,
            "properties": {"id": {"type": ["integer", "string"]}, "privateKey": SECRET},
        },
        "webhookSecrets": {"type": "array", "items": SECRET},
    },
}
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"hosts": {"type": "array", "items": _HOST}, "discovery": {"type": "array"}},
}
_SECRETS = ("token", "privateKey", "webhookSecrets")


@dataclass(frozen=True, slots=True)
class App:
    """A GitHub App: its id and the PEM text of its private key."""

    id: str
    private_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Connection:
    """One code host and our credential there. `name` is what a `repoUrl` calls it; `webhook_secrets` are all valid
    ones, so that a new one can be added before the old one is taken away."""

    type: str
    name: str
    url: str
    api: str
    token: str = field(default="", repr=False)
    app: App | None = None
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    ca: str = ""
    proxy: str = ""


def configured() -> list[Connection]:
    """All connections; ImproperlyConfigured names everything that is wrong with them together."""
    wrong: list[str] = []
    found = [*_from_variables(wrong), *_from_file(wrong)]
    names = [one.name for one in found]
    wrong += [
        f"code host {name!r} is configured twice" for name in sorted({n for n in names if names.count(n) > 1})
    ]
    if wrong:
        raise ImproperlyConfigured("code hosts that are configured wrongly:\n  " + "\n  ".join(wrong))
    return found


def document() -> dict[str, Any]:
    """What the file GREENROOM_CODE_HOSTS says; {} without one. ImproperlyConfigured when it says nothing usable."""
    if not settings.GREENROOM_CODE_HOSTS:
        return {}
    path = Path(settings.GREENROOM_CODE_HOSTS)
    try:
        said = yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise ImproperlyConfigured(f"GREENROOM_CODE_HOSTS={path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        at = getattr(error, "problem_mark", None)  # without the text: somebody may have put a token there
        line = f" in line {at.line + 1}" if at else ""
        raise ImproperlyConfigured(f"GREENROOM_CODE_HOSTS={path}: not YAML{line}") from None
    said = {} if said is None else said
    problems = list(_problems(said))
    if problems:
        raise ImproperlyConfigured(f"GREENROOM_CODE_HOSTS={path}:\n  " + "\n  ".join(problems))
    return dict(said)


def _problems(said: Any) -> list[str]:
    validator = jsonschema_rs.Draft7Validator(_SCHEMA, mask="the value")
    found = []
    for error in validator.iter_errors(said):
        place = ".".join(map(str, error.instance_path)) or "the file"
        if any(part in _SECRETS for part in error.instance_path):
            found.append(f"{place}: a secret does not stand here; write {{env: NAME}} or {{file: /path}}")
        else:
            found.append(f"{place}: {error.message}")
    return found


def _from_variables(wrong: list[str]) -> list[Connection]:
    found = []
    for kind, default in ((GITHUB, "https://github.com"), (GITLAB, "https://gitlab.com")):
        prefix = f"GREENROOM_{kind.upper()}"
        url, token, secret = (
            str(getattr(settings, f"{prefix}_{end}")) for end in ("URL", "TOKEN", "WEBHOOK_SECRET")
        )
        if url or token or secret:
            said = {"type": kind, "url": url or default}
            made = _connection(said, f"{prefix}_URL", wrong, token=token, secrets=(secret,) if secret else ())
            found += [made] if made else []
    return found


def _from_file(wrong: list[str]) -> list[Connection]:
    found = []
    for index, said in enumerate(document().get("hosts", [])):
        where = f"hosts.{index}"
        token = read_secret(said.get("token"), f"{where}.token", wrong)
        secrets = tuple(
            read_secret(one, f"{where}.webhookSecrets.{number}", wrong)
            for number, one in enumerate(said.get("webhookSecrets", []))
        )
        app = None
        if "app" in said:
            app = App(str(said["app"]["id"]), read_secret(said["app"]["privateKey"], f"{where}.app", wrong))
            if token or said["type"] != GITHUB:
                wrong.append(f"{where}.app: give either a token or a GitHub App, and an App on GitHub only")
        made = _connection(said, where, wrong, token=token, secrets=secrets, app=app)
        found += [made] if made else []
    return found


def _connection(
    said: Mapping[str, Any],
    where: str,
    wrong: list[str],
    *,
    token: str,
    secrets: tuple[str, ...],
    app: App | None = None,
) -> Connection | None:
    kind = said["type"]
    try:
        url = web_base(said.get("url", f"https://{kind}.com"))
        api = web_base(said["api"]) if "api" in said else _api(kind, url)
    except InputError as error:
        wrong.append(f"{where}: {error.message}")
        return None
    name = said.get("name") or urlsplit(url).netloc
    return Connection(kind, name, url, api, token, app, secrets, said.get("ca", ""), said.get("proxy", ""))


def _api(kind: str, url: str) -> str:
    """Where the API lies beside the pages: GitHub Enterprise Server's below the host, GitLab's client adds /api/v4."""
    if kind == GITLAB:
        return url
    return "https://api.github.com" if url == "https://github.com" else f"{url}/api/v3"
