"""The catalog as a Django application."""

from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "catalog"
    label = "catalog"
    verbose_name = "Catalog"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.conf import settings

        from .kind_files import declared_kinds

        declared_kinds(settings.GREENROOM_CATALOG_KINDS)  # a fault in them stops every process at its start
        # Sweeps register themselves; they need the models, which are there only now.
        from identity.conditions import register_conditional
        from scm.events import subscribe

        from . import checks, jobs, permission_rules, permissions, sweeps  # noqa: F401
        from .search import sweeps as search_sweeps  # noqa: F401

        subscribe(jobs.REPOSITORY_EVENT)
        subscribe(jobs.PROVIDER_EVENT)
        register_conditional(permissions.CONDITIONAL, permission_rules.check_conditions)
