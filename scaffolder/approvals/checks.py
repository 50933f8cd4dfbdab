"""Start-up check: the file GREENROOM_APPROVALS says something that can be followed."""

from typing import Any

from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from scaffolder.approvals.policy import rules


@checks.register()
def approvals_are_understood(**_: Any) -> list[checks.CheckMessage]:
    """A rule that cannot be read would stop every run: it stops the start instead."""
    try:
        rules()
    except ImproperlyConfigured as error:
        return [checks.Error(str(error), hint="docs/approvals.md shows each key.", id="scaffolder.E004")]
    return []
