"""Entity references "component:default/api" ⇄ EntityRef, and location references "url:https://…"."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from catalog.problems import Problem, Refused

DEFAULT_NAMESPACE = "default"


@dataclass(frozen=True, slots=True, order=True)
class EntityRef:
    """Kind, namespace and name as somebody wrote them; `str()` is the canonical, lower-case form.

    Two references mean the same entity when their canonical forms are equal, so compare `str(ref)`.
    """

    kind: str
    namespace: str
    name: str

    @classmethod
    def parse(cls, text: str, *, default_kind: str = "", default_namespace: str = "") -> Self:
        """`[<kind>:][<namespace>/]<name>` → EntityRef; Refused when a part is missing or empty.

        The grammar is the contract's (CATALOG.md 2.2): split at the first colon and the first slash, a
        colon behind the slash belongs to the name, and nothing but emptiness is checked.
        """
        if not text:
            raise Refused.because("Error", "Entity reference must not be empty")
        colon, slash = text.find(":"), text.find("/")
        if slash != -1 and slash < colon:
            colon = -1
        kind = text[:colon] if colon != -1 else None
        namespace = text[colon + 1 : slash] if slash != -1 else None
        name = text[max(colon, slash) + 1 :]
        if kind == "" or namespace == "" or not name:
            form = "[<kind>:][<namespace>/]<name>"
            raise Refused.because("TypeError", f'Entity reference "{text}" was not on the form {form}')
        kind = kind if kind is not None else default_kind
        if not kind:
            hint = '(e.g. did not start with "component:" or similar)'
            raise Refused.because("Error", f'Entity reference "{text}" had missing or empty kind {hint}')
        namespace = namespace if namespace is not None else default_namespace or DEFAULT_NAMESPACE
        return cls(kind, namespace, name)

    @classmethod
    def of(cls, entity: Mapping[str, Any]) -> Self:
        """The reference of an entity document whose kind and name are there."""
        metadata = entity["metadata"]
        return cls(entity["kind"], metadata.get("namespace") or DEFAULT_NAMESPACE, metadata["name"])

    def __str__(self) -> str:
        return f"{self.kind}:{self.namespace}/{self.name}".lower()


@dataclass(frozen=True, slots=True, order=True)
class LocationRef:
    """Where entities are read from: a type (`url` or `file`) and a target."""

    type: str
    target: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """`<type>:<target>` → LocationRef; Refused for a bare web address or a text without a colon."""
        colon = text.find(":")
        if colon < 1 or colon == len(text) - 1:
            expected = "expected '<type>:<target>', e.g. 'url:https://host/path'"
            raise Refused(Problem("TypeError", f"Unable to parse location ref '{text}', {expected}"))
        kind, target = text[:colon].strip(), text[colon + 1 :].strip()
        if kind in {"http", "https"}:
            advice = f"please prefix it with 'url:', e.g. 'url:{text}'"
            raise Refused(Problem("TypeError", f"Invalid location ref '{text}', {advice}"))
        return cls(kind, target)

    @property
    def entity_name(self) -> str:
        """The name of the Location entity that stands for this location: a hash that never changes."""
        digest = hashlib.sha1(str(self).encode(), usedforsecurity=False).hexdigest()
        return f"generated-{digest}"

    @property
    def entity_ref(self) -> str:
        """`location:default/generated-<sha1>` (CATALOG.md 12)."""
        return f"location:{DEFAULT_NAMESPACE}/{self.entity_name}"

    def __str__(self) -> str:
        return f"{self.type}:{self.target}"
