"""A version of a template, rendered with the answers of one repository: what a run would publish of it."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.api.subjects import Subject
from core.errors import NotFound
from core.names import confined
from scaffolder import permitted
from scaffolder.dry_run import render_workspace
from scaffolder.expressions import render_value
from scaffolder.language import environment
from scaffolder.models import Instance, StepRun, TemplateVersion
from scaffolder.registry import copies
from scaffolder.registry.pins import FILE, pinned_base
from scaffolder.states import StepState
from scaffolder.template import frozen_spec

_PUBLISHES = ("publish:", "github:repo:push", "gitlab:repo:push")


@dataclass(frozen=True, slots=True)
class Rendering:
    """How an instance's versions are rendered: on whose behalf, and until when."""

    instance: Instance
    subject: Subject
    cancelled: threading.Event

    def render(self, version: TemplateVersion, values: Mapping[str, Any], into: Path) -> Path:
        """Render into the absent folder `into`; the folder within it that would be published.

        The steps are done up to the first one that makes something outside. Raises the error of a step that fails,
        and NotFound when the version's files are no longer kept.
        """
        run = self.instance.run
        document = permitted.template(version.document, self.subject)
        spec = frozen_spec(document, ref=version.template_ref, values=values, user=run.spec["user"])
        spec["templateInfo"]["baseUrl"] = pinned_base(version.source, version.commit)
        outputs = self._outputs()
        render_workspace(
            spec,
            secrets={},
            subject=self.subject,
            into=into,
            files=_kept(version),
            outputs=outputs,
            cancelled=self.cancelled,
        )
        return _published(spec, outputs, into)

    def _outputs(self) -> dict[str, dict[str, Any]]:
        """What the steps of the run that made it gave, for steps that are not done again."""
        done = StepRun.objects.filter(run_id=self.instance.run_id, state=StepState.COMPLETED)
        return dict(done.values_list("step_id", "output"))


def _kept(version: TemplateVersion) -> Path | None:
    if not version.source.startswith(FILE):
        return None
    copy = copies.copy_of(version.commit)
    if not version.commit or not copy.is_dir():
        raise NotFound(f"the files of {version} were not kept")
    return copy


def _published(spec: Mapping[str, Any], outputs: Mapping[str, Any], into: Path) -> Path:
    """The folder of a workspace that its first publishing step names; all of it when it names none."""
    for step in spec["steps"]:
        if step["action"].startswith(_PUBLISHES):
            steps = {name: {"output": output} for name, output in outputs.items()}
            context = {"parameters": spec["parameters"], "steps": steps, "user": spec["user"]}
            named = render_value(
                (step.get("input") or {}).get("sourcePath"), context, environment=environment()
            )
            return confined(into, named) if isinstance(named, str) and named else into
    return into
