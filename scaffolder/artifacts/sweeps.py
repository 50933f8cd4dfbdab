"""Artifacts whose days are over are removed."""

from datetime import timedelta

from django.utils import timezone

from core.sweeps import sweep
from scaffolder.artifacts.models import Artifact

_AT_ONCE = 500


@sweep("scaffolder.artifacts", every=timedelta(minutes=15))
def remove_expired() -> None:
    """Remove what has expired, with its parts."""
    over = Artifact.objects.filter(expires_at__lte=timezone.now()).order_by("expires_at")
    Artifact.objects.filter(pk__in=list(over.values_list("pk", flat=True)[:_AT_ONCE])).delete()
