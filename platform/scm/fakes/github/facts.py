"""What a fake GitHub remembers of a repository beside its files, its branches and its description."""

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass
class Pull:
    """A pull request; its head moves with its branch until it is closed."""

    number: int
    title: str
    body: str
    head: str
    base: str
    by: str
    draft: bool = False
    state: str = "open"
    head_sha: str = ""
    base_sha: str = ""
    merge_commit: str = ""
    reviewers: list[str] = field(default_factory=list)
    teams: list[str] = field(default_factory=list)
    assignees: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    fork: str = ""
    """Whose fork has the head."""


@dataclass
class Facts:
    """A test looks here, as a person would look at the host's pages. Secrets are kept sealed, as they came."""

    settings: Json = field(default_factory=dict)
    """What PATCH of the repository said last of each setting."""
    protection: dict[str, Json] = field(default_factory=dict)
    """Branch → the body of the PUT; `signatures` is ours."""
    collaborators: dict[str, str] = field(default_factory=dict)
    teams: dict[str, str] = field(default_factory=dict)
    hooks: dict[int, Json] = field(default_factory=dict)
    keys: dict[int, Json] = field(default_factory=dict)
    autolinks: dict[int, Json] = field(default_factory=dict)
    pulls: dict[int, Pull] = field(default_factory=dict)
    issues: dict[int, Json] = field(default_factory=dict)
    environments: dict[str, Json] = field(default_factory=dict)
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)
    """"" for the repository's, or an environment's name → name → sealed value."""
    variables: dict[str, dict[str, str]] = field(default_factory=dict)
    workflows: set[str] = field(default_factory=set)
    runs: list[Json] = field(default_factory=list)
    statuses: dict[str, dict[str, str]] = field(default_factory=dict)
    """Commit → context → state."""
    check_runs: dict[str, dict[str, str | None]] = field(default_factory=dict)
    """Commit → name → conclusion, None while it is going on."""
    pages: Json | None = None
    properties: Json = field(default_factory=dict)
    claims: Json = field(default_factory=dict)
    workflow_access: str = "none"
    watched_by: list[str] = field(default_factory=list)

    @property
    def next_number(self) -> int:
        """Issues and pull requests of a repository share their numbers."""
        return max([0, *self.pulls, *self.issues]) + 1
