"""Reads the environment once. Every name that Greenroom looks at stands here; docs/reference/settings.md lists them.

What is wrong is reported together, each with the name, the value and what is expected.
"""

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import environ
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from core.embedded import broker_for, broker_url, postgres_url
from core.errors import InputError
from core.outbound.allowed import Allowed

CHECKOUT = Path(__file__).resolve().parents[2]
DEFAULT_PORT = 7007


def checkout() -> Path | None:
    """The checkout that this code runs from, or None for an installed wheel."""
    return CHECKOUT if (CHECKOUT / "manage.py").exists() else None


def default_data() -> Path:
    root = checkout()
    return root / "var" if root else Path.cwd() / "greenroom-data"


def data_folder() -> Path:
    """Where this installation keeps what it has: GREENROOM_DATA, or the default."""
    return Path(os.environ.get("GREENROOM_DATA") or default_data()).absolute()


@dataclass(frozen=True)
class Environment:
    """What the environment says, with defaults filled in."""

    data: Path
    port: int
    base_url: str
    database_url: str
    redis_url: str
    debug: bool
    log_json: bool
    log_level: str
    secret_key: str
    encryption_keys: list[str]
    allowed_hosts: list[str]
    organisation: str
    catalog_rules: list[str]
    catalog_locations: list[str]
    catalog_readonly: bool
    catalog_location_conflict: str
    catalog_kinds: str
    reading_allow: list[str]
    hooks_allow: list[str]
    requests_allow: list[str]
    scaffolder_extensions: list[str]
    scaffolder_environment: str
    code_hosts: str
    github_url: str
    github_token: str
    github_webhook_secret: str
    gitlab_url: str
    gitlab_token: str
    gitlab_webhook_secret: str
    approvals: str
    orphan_grace_minutes: int
    history_days: int
    git_push_mib: int
    web_workers: int
    web_threads: int
    worker_threads: int
    worker_processes: int
    runs_per_template: int
    runs_per_owner: int
    runs_per_host: int
    step_minutes: int
    run_hours: int
    workspace_keep_minutes: int
    artifact_days: int


def read() -> Environment:
    """Raises ImproperlyConfigured, naming every setting that is wrong."""
    env = environ.Env()
    wrong: list[str] = []
    port = _number(env, "GREENROOM_PORT", DEFAULT_PORT, 1, 65535, wrong)
    data = data_folder()
    base_url = env.str("GREENROOM_BASE_URL", default="").rstrip("/") or f"http://127.0.0.1:{port}"
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path:
        wrong.append(f"GREENROOM_BASE_URL={base_url!r}: expected http(s)://host[:port] without a path")
    level = env.str("GREENROOM_LOG_LEVEL", default="INFO").upper()
    if level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        wrong.append(f"GREENROOM_LOG_LEVEL={level!r}: expected DEBUG, INFO, WARNING or ERROR")
    found = Environment(
        data=data,
        port=port,
        base_url=base_url,
        database_url=env.str("DATABASE_URL", default="") or postgres_url(data),
        redis_url=broker_for(given) if (given := env.str("REDIS_URL", default="")) else broker_url(data),
        debug=_flag(env, "GREENROOM_DEBUG", wrong),
        log_json=_flag(env, "GREENROOM_LOG_JSON", wrong),
        log_level=level,
        secret_key=env.str("GREENROOM_SECRET_KEY", default="")
        or _kept(data, "secret.key", secrets.token_urlsafe(50)),
        encryption_keys=env.list("GREENROOM_ENCRYPTION_KEYS", default=[])
        or [_kept(data, "encryption.key", Fernet.generate_key().decode())],
        allowed_hosts=env.list("GREENROOM_ALLOWED_HOSTS", default=[])
        or list(dict.fromkeys([parts.hostname or "", "127.0.0.1", "localhost", "[::1]"])),
        organisation=env.str("GREENROOM_ORGANISATION", default="Greenroom"),
        catalog_rules=env.list(
            "GREENROOM_CATALOG_RULES",
            default=[
                "Component",
                "API",
                "Resource",
                "System",
                "Domain",
                "Group",
                "User",
                "Location",
                "Template",
            ],
        ),
        catalog_locations=env.list("GREENROOM_CATALOG_LOCATIONS", default=[]),
        catalog_readonly=_flag(env, "GREENROOM_CATALOG_READONLY", wrong),
        catalog_location_conflict=_word(
            env, "GREENROOM_CATALOG_LOCATION_CONFLICT", ("reject", "refresh"), wrong
        ),
        catalog_kinds=str(Path(kinds).absolute())
        if (kinds := env.str("GREENROOM_CATALOG_KINDS", default=""))
        else "",
        reading_allow=env.list("GREENROOM_READING_ALLOW", default=[]),
        hooks_allow=env.list("GREENROOM_HOOKS_ALLOW", default=["*"]),
        requests_allow=env.list("GREENROOM_REQUESTS_ALLOW", default=[]),
        scaffolder_extensions=env.list("GREENROOM_SCAFFOLDER_EXTENSIONS", default=[]),
        scaffolder_environment=str(Path(given).absolute())
        if (given := env.str("GREENROOM_SCAFFOLDER_ENVIRONMENT", default=""))
        else "",
        code_hosts=env.str("GREENROOM_CODE_HOSTS", default=""),
        github_url=env.str("GREENROOM_GITHUB_URL", default=""),
        github_token=env.str("GREENROOM_GITHUB_TOKEN", default=""),
        github_webhook_secret=env.str("GREENROOM_GITHUB_WEBHOOK_SECRET", default=""),
        gitlab_url=env.str("GREENROOM_GITLAB_URL", default=""),
        gitlab_token=env.str("GREENROOM_GITLAB_TOKEN", default=""),
        gitlab_webhook_secret=env.str("GREENROOM_GITLAB_WEBHOOK_SECRET", default=""),
        approvals=env.str("GREENROOM_APPROVALS", default=""),
        orphan_grace_minutes=_number(env, "GREENROOM_ORPHAN_GRACE_MINUTES", 60, 0, 525_600, wrong),
        history_days=_number(env, "GREENROOM_HISTORY_DAYS", 365, 0, 36_500, wrong),
        git_push_mib=_number(env, "GREENROOM_GIT_PUSH_MIB", 256, 1, 4096, wrong),
        web_workers=_number(env, "GREENROOM_WEB_WORKERS", 2, 1, 64, wrong),
        web_threads=_number(env, "GREENROOM_WEB_THREADS", 8, 1, 128, wrong),
        worker_threads=_number(env, "GREENROOM_WORKER_THREADS", 4, 1, 64, wrong),
        worker_processes=_number(env, "GREENROOM_WORKER_PROCESSES", 1, 1, 64, wrong),
        runs_per_template=_number(env, "GREENROOM_RUNS_PER_TEMPLATE", 10, 0, 10000, wrong),
        runs_per_owner=_number(env, "GREENROOM_RUNS_PER_OWNER", 20, 0, 10000, wrong),
        runs_per_host=_number(env, "GREENROOM_RUNS_PER_HOST", 10, 0, 10000, wrong),
        step_minutes=_number(env, "GREENROOM_STEP_MINUTES", 30, 1, 1440, wrong),
        run_hours=_number(env, "GREENROOM_RUN_HOURS", 6, 1, 168, wrong),
        workspace_keep_minutes=_number(env, "GREENROOM_WORKSPACE_KEEP_MINUTES", 1440, 0, 43200, wrong),
        artifact_days=_number(env, "GREENROOM_ARTIFACT_DAYS", 7, 1, 365, wrong),
    )
    for name, entries in (
        ("READING", found.reading_allow),
        ("HOOKS", found.hooks_allow),
        ("REQUESTS", found.requests_allow),
    ):
        try:
            Allowed.of(entries)
        except InputError as error:
            wrong.append(f"GREENROOM_{name}_ALLOW: {error.message}")
    for key in found.encryption_keys:
        try:
            Fernet(key)
        except ValueError:
            wrong.append(
                "GREENROOM_ENCRYPTION_KEYS: each key must be 32 url-safe base64-encoded bytes (Fernet)"
            )
    if wrong:
        raise ImproperlyConfigured("settings that are wrong:\n  " + "\n  ".join(wrong))
    return found


def _number(env: environ.Env, name: str, default: int, least: int, most: int, wrong: list[str]) -> int:
    text = env.str(name, default="") or str(default)
    if text.isdigit() and least <= int(text) <= most:
        return int(text)
    wrong.append(f"{name}={text!r}: expected a whole number from {least} to {most}")
    return default


def _flag(env: environ.Env, name: str, wrong: list[str]) -> bool:
    text = env.str(name, default="").lower()
    if text not in ("", "0", "1", "false", "true"):
        wrong.append(f"{name}={text!r}: expected 1 or 0")
    return text in ("1", "true")


def _word(env: environ.Env, name: str, words: tuple[str, ...], wrong: list[str]) -> str:
    """One of the words; the first one when nothing is said."""
    text = env.str(name, default="").lower() or words[0]
    if text in words:
        return text
    wrong.append(f"{name}={text!r}: expected {' or '.join(words)}")
    return words[0]


def _kept(data: Path, name: str, fresh: str) -> str:
    """A secret of this installation: made once, kept in the data folder for its owner only."""
    path = data / name
    try:
        return path.read_text()
    except FileNotFoundError:
        pass
    try:
        data.mkdir(parents=True, exist_ok=True)
        draft = data / f".{name}.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(fresh)
        with suppress(FileExistsError):  # the first of several processes wins, the others read its secret
            os.link(draft, path)
        draft.unlink()
        return path.read_text()
    except OSError as error:
        raise ImproperlyConfigured(
            f"the data folder {data} cannot be written ({error.strerror}): choose another with GREENROOM_DATA"
        ) from error
