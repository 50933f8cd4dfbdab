"""When templates are looked at for new versions: drift is told of what a template is, not of when it was used last."""

import logging
import time
from datetime import timedelta

from catalog.models import Entity
from core.errors import GreenroomError
from core.sweeps import sweep
from scaffolder.models import Instance
from scaffolder.registry import versions
from scm.budget import Lane, lane

EVERY = timedelta(minutes=5)
AT_ONCE = 50
"""Templates that are looked at in one go; when there are more, each has its turn."""

log = logging.getLogger(__name__)


@sweep("scaffolder.template_versions", every=EVERY)
def look_at_templates() -> None:
    """Record the present version of templates from which something was made."""
    refs = sorted(set(Instance.objects.order_by().values_list("template_ref", flat=True).distinct()))
    turns = -(-len(refs) // AT_ONCE)
    start = int(time.time() // EVERY.total_seconds()) % turns * AT_ONCE if turns else 0
    found = Entity.objects.filter(ref__in=refs[start : start + AT_ONCE]).select_related("stored")
    with lane(Lane.TIMETABLE):
        for entity in found:
            try:
                versions.record(entity.document, entity.ref)
            except GreenroomError as error:
                log.info("template not looked at", extra={"template": entity.ref, "error": error.message})
