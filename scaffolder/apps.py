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
        from . import checks, sweeps  # noqa: F401
        from .expressions.extensions import load

        load(settings.GREENROOM_SCAFFOLDER_EXTENSIONS)  # checks.py tells what is wrong with them
