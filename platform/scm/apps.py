"""The code hosts as a Django application: makes the local host known."""

from django.apps import AppConfig


class ScmConfig(AppConfig):
    name = "scm"
    label = "scm"
    verbose_name = "Code hosts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Models can be imported only now, when Django has loaded every application.
        from . import registry, sweeps  # noqa: F401 (sweeps register themselves)
        from .local import LocalHost

        if LocalHost.host not in registry.hosts():
            registry.register(LocalHost())
