"""A Template entity → the form's schema, the steps of the workflow, and values that fit; or the reason why not."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from core.errors import InputError, ValidationErrors
from scaffolder.validation import compiled, faults, sentence

API_VERSIONS = ("scaffolder.backstage.io/v1beta3",)
_SPEC: dict[str, tuple[type, ...]] = {
    "parameters": (dict, list),
    "steps": (list,),
    "output": (dict,),
    "secrets": (dict,),
}
DEFAULT_TITLE = "Please enter the following information"
SOURCE_LOCATION = "backstage.io/source-location"
MANAGED_BY = "backstage.io/managed-by-location"


def check_version(entity: Mapping[str, Any]) -> None:
    """InputError for a template of another version of the language."""
    version = entity.get("apiVersion")
    if version not in API_VERSIONS:
        raise InputError(
            f"Unsupported apiVersion field in schema entity, {version}: templates are written in {API_VERSIONS[0]}"
        )


def parameter_steps(entity: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The pages of the form, each a JSON Schema; none when the template asks nothing."""
    parameters = entity["spec"].get("parameters") or []
    return list(parameters) if isinstance(parameters, list) else [parameters]


def parameter_schema(entity: Mapping[str, Any]) -> dict[str, Any]:
    """What a form is drawn from (SCAFFOLDER.md 5). The schemas leave as they are written, hints and all."""
    metadata, spec = entity["metadata"], entity["spec"]
    shown: dict[str, Any] = {"title": metadata.get("title") or metadata["name"]}
    if spec.get("presentation"):
        shown["presentation"] = spec["presentation"]
    if metadata.get("description"):
        shown["description"] = metadata["description"]
    if metadata.get("ui:options"):
        shown["ui:options"] = metadata["ui:options"]
    shown["steps"] = [_page(step) for step in parameter_steps(entity)]
    decorators = spec.get("formDecorators") or spec.get("EXPERIMENTAL_formDecorators")
    if decorators:
        shown["formDecorators"] = decorators
    return shown


def _page(step: Mapping[str, Any]) -> dict[str, Any]:
    page: dict[str, Any] = {"title": step.get("title") or DEFAULT_TITLE}
    if step.get("description"):
        page["description"] = step["description"]
    page["schema"] = step
    return page


def workflow_steps(entity: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The steps, each with an id and a name: `step-<n>`, and the action's id, where the template gives none."""
    steps = []
    for number, step in enumerate(entity["spec"].get("steps") or [], start=1):
        if not isinstance(step, Mapping) or not isinstance(step.get("action"), str):
            raise InputError(f"step {number} of the template names no action; write `action: <id>`")
        given = dict(step)
        given["id"] = given.get("id") or f"step-{number}"
        given["name"] = given.get("name") or given["action"]
        steps.append(given)
    return steps


def check_actions(steps: Iterable[Mapping[str, Any]], known: Sequence[str]) -> None:
    """InputError for the first step whose action does not exist here, with the ones that it may have meant."""
    for step in steps:
        if step["action"] not in known:
            near = get_close_matches(step["action"], known, n=3, cutoff=0.5)
            meant = f"did you mean {' or '.join(near)}?" if near else "see GET /api/scaffolder/v2/actions"
            raise InputError(
                f"Template action with ID '{step['action']}' is not registered; step '{step['id']}' asks for it: {meant}"
            )


def check_values(entity: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """ValidationErrors with the faults of the first page that the values do not fit. Defaults are not filled in."""
    for number, step in enumerate(parameter_steps(entity), start=1):
        found = faults(step, values, where=f"spec.parameters[{number - 1}] of {entity['metadata']['name']}")
        if found:
            raise ValidationErrors(found)


def check_secrets(entity: Mapping[str, Any], secrets: Mapping[str, Any]) -> None:
    """ValidationErrors for secrets that do not fit `spec.secrets.schema`; no value is ever repeated."""
    schema = (entity["spec"].get("secrets") or {}).get("schema")
    if not isinstance(schema, Mapping):
        return
    where = f"spec.secrets.schema of {entity['metadata']['name']}"
    found = faults(schema, dict(secrets), where=where, root="secrets")
    if found:
        raise ValidationErrors([{**one, "message": sentence(one), "instance": {}} for one in found])


def check_template_shape(entity: Mapping[str, Any]) -> None:
    """InputError for what was sent as a template and is none, in the contract's words where it has some."""
    spec, metadata = entity.get("spec"), entity.get("metadata")
    if entity.get("kind") != "Template" or not isinstance(spec, Mapping):
        raise InputError("Input template is not a template")
    if not isinstance(metadata, Mapping) or not isinstance(metadata.get("name"), str):
        raise InputError("Input template is not a template: metadata.name must be a text")
    check_version(entity)
    for name, kinds in _SPEC.items():
        if name in spec and not isinstance(spec[name], kinds):
            raise InputError(f"Input template is not a template: spec.{name} has the wrong type")
    if not all(isinstance(page, Mapping) for page in parameter_steps(entity)):
        raise InputError("Input template is not a template: each page of spec.parameters must be an object")
    workflow_steps(entity)


def check_template(entity: Mapping[str, Any], known_actions: Sequence[str]) -> None:
    """InputError when a template could never run: its version, its steps, its actions, its schemas."""
    check_version(entity)
    check_actions(workflow_steps(entity), known_actions)
    for number, step in enumerate(parameter_steps(entity)):
        compiled(step, f"spec.parameters[{number}] of {entity['metadata']['name']}")


def base_url(entity: Mapping[str, Any]) -> str:
    """Where the template lies: relative addresses in its steps are meant from here.

    Its author may say where its source is, but not that it lies on this machine when it came from elsewhere.
    """
    annotations = entity["metadata"].get("annotations") or {}
    said, read_from = (str(annotations.get(name) or "") for name in (SOURCE_LOCATION, MANAGED_BY))
    forged = said.startswith("file:") and not read_from.startswith("file:")
    kind, _, target = (read_from if forged or not said else said).partition(":")
    return f"file://{target}" if kind == "file" else target


def frozen_spec(
    entity: Mapping[str, Any], *, ref: str, values: Mapping[str, Any], user: Mapping[str, Any]
) -> dict[str, Any]:
    """All that a run needs to know, in the contract's shape (SCAFFOLDER.md 2.4); secrets are kept elsewhere."""
    spec = entity["spec"]
    frozen: dict[str, Any] = {"apiVersion": entity["apiVersion"], "steps": workflow_steps(entity)}
    if spec.get("EXPERIMENTAL_recovery"):
        frozen["EXPERIMENTAL_recovery"] = spec["EXPERIMENTAL_recovery"]
    frozen |= {
        "output": spec.get("output") or {},
        "parameters": dict(values),
        "user": dict(user),
        "templateInfo": {
            "entityRef": ref,
            "baseUrl": base_url(entity),
            "entity": {"metadata": entity["metadata"]},
        },
    }
    return frozen
