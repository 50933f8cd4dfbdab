"""The one settings module. Environments differ by variables, which `config.env` reads and checks."""

from datetime import timedelta
from pathlib import Path

import environ

from core.logs import logging_config

from . import env
from .timetable import QUEUE, SCHEDULE, TRANSPORT

ENVIRONMENT = env.read()

GREENROOM_DATA: Path = ENVIRONMENT.data
GREENROOM_PORT: int = ENVIRONMENT.port
GREENROOM_BASE_URL: str = ENVIRONMENT.base_url
GREENROOM_ORGANISATION: str = ENVIRONMENT.organisation
GREENROOM_ENCRYPTION_KEYS: list[str] = ENVIRONMENT.encryption_keys
GREENROOM_CATALOG_RULES: list[str] = ENVIRONMENT.catalog_rules
GREENROOM_CATALOG_LOCATIONS: list[str] = ENVIRONMENT.catalog_locations
GREENROOM_CATALOG_READONLY: bool = ENVIRONMENT.catalog_readonly
GREENROOM_CATALOG_LOCATION_CONFLICT: str = ENVIRONMENT.catalog_location_conflict
GREENROOM_CATALOG_KINDS: str = ENVIRONMENT.catalog_kinds
GREENROOM_READING_ALLOW: list[str] = ENVIRONMENT.reading_allow
GREENROOM_HOOKS_ALLOW: list[str] = ENVIRONMENT.hooks_allow
GREENROOM_REQUESTS_ALLOW: list[str] = ENVIRONMENT.requests_allow
GREENROOM_SCAFFOLDER_EXTENSIONS: list[str] = ENVIRONMENT.scaffolder_extensions
GREENROOM_SCAFFOLDER_ENVIRONMENT: str = ENVIRONMENT.scaffolder_environment
GREENROOM_RUNS_PER_TEMPLATE: int = ENVIRONMENT.runs_per_template
GREENROOM_RUNS_PER_OWNER: int = ENVIRONMENT.runs_per_owner
GREENROOM_RUNS_PER_HOST: int = ENVIRONMENT.runs_per_host
GREENROOM_STEP_MINUTES: int = ENVIRONMENT.step_minutes
GREENROOM_RUN_HOURS: int = ENVIRONMENT.run_hours
GREENROOM_WORKSPACE_KEEP_MINUTES: int = ENVIRONMENT.workspace_keep_minutes
GREENROOM_ARTIFACT_DAYS: int = ENVIRONMENT.artifact_days
GREENROOM_CODE_HOSTS: str = ENVIRONMENT.code_hosts
GREENROOM_GITHUB_URL: str = ENVIRONMENT.github_url
GREENROOM_GITHUB_TOKEN: str = ENVIRONMENT.github_token
GREENROOM_GITHUB_WEBHOOK_SECRET: str = ENVIRONMENT.github_webhook_secret
GREENROOM_GITLAB_URL: str = ENVIRONMENT.gitlab_url
GREENROOM_GITLAB_TOKEN: str = ENVIRONMENT.gitlab_token
GREENROOM_GITLAB_WEBHOOK_SECRET: str = ENVIRONMENT.gitlab_webhook_secret
GREENROOM_APPROVALS: str = ENVIRONMENT.approvals
GREENROOM_GIT_PUSH_LIMIT: int = ENVIRONMENT.git_push_mib * 1024 * 1024
GREENROOM_STREAMS: int = max(1, ENVIRONMENT.web_threads // 2)  # watchers of runs that one web process serves
GREENROOM_ORPHAN_GRACE: timedelta = timedelta(minutes=ENVIRONMENT.orphan_grace_minutes)
GREENROOM_HISTORY: timedelta | None = timedelta(days=ENVIRONMENT.history_days) or None  # None: for ever

SECRET_KEY = ENVIRONMENT.secret_key
DEBUG = ENVIRONMENT.debug
ALLOWED_HOSTS = ENVIRONMENT.allowed_hosts
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "identity.Person"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
FORMAT_MODULE_PATH = ["config.formats"]
APPEND_SLASH = False  # the contract answers an unknown path with 404, never with a redirect

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "rest_framework",
    "core",
    "identity",
    "scm",
    "catalog",
    "scaffolder",
    "config",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "core.api.middleware.RequestId",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES = {
    "default": {
        **environ.Env.db_url_config(ENVIRONMENT.database_url),
        "ENGINE": "core.postgresql",  # Django's own; its pool notices connections that died with their server
        "CONN_MAX_AGE": 0,  # the pool keeps the connections
    }
}
_OPTIONS = DATABASES["default"].setdefault("OPTIONS", {})
_OPTIONS.update(
    # a statement that is prepared is planned once: planning it for each value takes longer than most reads
    options=f"{_OPTIONS.get('options', '')} -c plan_cache_mode=force_generic_plan -c jit=off".strip(),
    pool={
        "min_size": 0,
        "max_size": max(ENVIRONMENT.web_threads, ENVIRONMENT.worker_threads) + 4,
        "timeout": 5,
    },
)

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = GREENROOM_BASE_URL.startswith("https://")
SESSION_COOKIE_NAME = "greenroom-session"
CSRF_TRUSTED_ORIGINS = [GREENROOM_BASE_URL]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = (
    True  # static files leave from the packages: no collecting step before the first start
)
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["identity.authentication.BearerToken"],
    "DEFAULT_PERMISSION_CLASSES": [],  # core.api.views asks for each route's own permission
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "UNAUTHENTICATED_USER": None,
}

CELERY_BROKER_URL = ENVIRONMENT.redis_url
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_DEFAULT_QUEUE = QUEUE
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONCURRENCY = ENVIRONMENT.worker_threads
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 5.0
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = TRANSPORT
CELERY_BEAT_SCHEDULE = SCHEDULE

LOGGING = logging_config(as_json=ENVIRONMENT.log_json, level=ENVIRONMENT.log_level)
