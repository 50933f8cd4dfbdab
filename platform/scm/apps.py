"""The code hosts as a Django application: makes the local host and the configured ones known."""

from importlib import import_module

from django.apps import AppConfig

CLASSES = {"github": ("scm.github.host", "GitHubHost"), "gitlab": ("scm.gitlab.host", "GitLabHost")}


class ScmConfig(AppConfig):
    name = "scm"
    label = "scm"
    verbose_name = "Code hosts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Models can be imported only now, when Django has loaded every application.
        from . import connections, registry, sweeps  # noqa: F401 (sweeps register themselves)
        from .local import LocalHost

        if LocalHost.host not in registry.hosts():
            registry.register(LocalHost())
        for connection in connections.configured():
            if connection.name not in registry.hosts():
                # The clients' libraries cost half a second and 50 MB: who has no such host does not pay.
                module, name = CLASSES[connection.type]
                registry.register(getattr(import_module(module), name)(connection))
