"""What a run says before its first step about the template that it is made from."""

from core.notices import notice
from scaffolder.fencing import channel
from scaffolder.models import Run, RunEvent, TemplateVersion


def unpinned_warning(version: TemplateVersion) -> str:
    """The sentence for a version whose files may change while a run reads them; "" for one that is fixed."""
    if version.commit:
        return ""
    return f"The template's files are not fixed to a commit: {version.unpinned}. Steps read them as they are then."


def warn(run: Run, *sentences: str) -> None:
    """Write these, but for empty ones, into the run's log as warnings."""
    for sentence in filter(None, sentences):
        body = {"message": f"\x1b[33mwarn\x1b[39m: {sentence}"}
        RunEvent.objects.create(run=run, type=RunEvent.Type.LOG, body=body)
        notice(channel(run.pk))
