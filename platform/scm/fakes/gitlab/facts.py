"""What a fake GitLab remembers of a project beside its files, its branches and its description."""

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass
class Facts:
    """A test looks here, as a person would look at the host's pages."""

    settings: Json = field(default_factory=dict)
    """What PUT of the project said last of each setting."""
    marked_for_deletion: str = ""
    merge_requests: dict[int, Json] = field(default_factory=dict)
    protected: dict[str, Json] = field(default_factory=dict)
    approval_rules: dict[int, Json] = field(default_factory=dict)
    approvals: Json = field(default_factory=dict)
    hooks: dict[int, Json] = field(default_factory=dict)
    """With the token, which GitLab tells nobody."""
    issues: dict[int, Json] = field(default_factory=dict)
    variables: dict[tuple[str, str], Json] = field(default_factory=dict)
    """(key, environment scope) → the variable."""
    tokens: dict[str, dict[int, Json]] = field(
        default_factory=lambda: {"access_tokens": {}, "deploy_tokens": {}}
    )
    pipelines: list[Json] = field(default_factory=list)
    statuses: dict[str, list[Json]] = field(default_factory=dict)
    """Commit → the statuses of its jobs."""
    members: dict[int, int] = field(default_factory=dict)
    """Number of a person → level."""
    _made: int = 0

    def number(self) -> int:
        """A number that nothing else here has."""
        self._made += 1
        return self._made
