"""The kernel as a Django app: it owns the audit trail and the sweeper's clock."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "core"
    default_auto_field = "django.db.models.BigAutoField"
