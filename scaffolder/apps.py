"""The scaffolder as a Django application."""

from django.apps import AppConfig


class ScaffolderConfig(AppConfig):
    name = "scaffolder"
    label = "scaffolder"
    verbose_name = "Scaffolder"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.conf import settings

        # Sweeps and checks register themselves; sweeps need the models, which are there only now.
        from identity.conditions import register_conditional

        from . import checks, permission_rules, permissions, sweeps  # noqa: F401
        from .approvals import checks as approval_checks  # noqa: F401
        from .approvals import sweeps as approval_sweeps  # noqa: F401
        from .artifacts import sweeps as artifact_sweeps  # noqa: F401
        from .expressions.extensions import load
        from .notifications import sweeps as notification_sweeps  # noqa: F401
        from .registry import timetable as registry_timetable  # noqa: F401
        from .rollback import sweeps as rollback_sweeps  # noqa: F401
        from .steps.added import load_actions
        from .upgrades import advancing, steps, timetable  # noqa: F401

        register_conditional(permissions.CONDITIONAL, permission_rules.check_conditions)

        load_actions(settings.GREENROOM_SCAFFOLDER_EXTENSIONS)
        load(settings.GREENROOM_SCAFFOLDER_EXTENSIONS)  # checks.py tells what is wrong with them
