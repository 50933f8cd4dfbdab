"""What Greenroom must reach beside Backstage, open (no credentials asked for) and as shipped."""

from dataclasses import dataclass

OPEN, SHIPPED = "backstage-open", "backstage-shipped"
"""The labels under which a comparison keeps them."""


@dataclass(frozen=True)
class Target:
    """`measure` of a scenario is at least, or at most, so many times the other's; `fixed` is a bound in itself."""

    scenario: str
    callers: int | None
    measure: str
    against: str
    at_least: float | None = None
    at_most: float | None = None
    fixed: float | None = None

    @property
    def words(self) -> str:
        """As a cell of a table."""
        if self.fixed is not None:
            return f"≤ {self.fixed:g}"
        sign, factor = ("≥", self.at_least) if self.at_least is not None else ("≤", self.at_most)
        return f"{sign} {factor:g} x {self.against.removeprefix('backstage-')}"

    def met(self, ours: float, theirs: float | None) -> bool | None:
        """Whether it is reached; None when the other was not measured."""
        if self.fixed is not None:
            return ours <= self.fixed
        if not theirs:
            return None
        ratio = ours / theirs
        return ratio >= self.at_least if self.at_least is not None else ratio <= (self.at_most or 0.0)


def _faster(scenario: str, factor: float, *callers: int, against: str = OPEN) -> list[Target]:
    return [Target(scenario, each, "per_second", against, at_least=factor) for each in callers]


TARGETS = [
    *_faster("by_name", 1.0, 1, 8, 32),
    *_faster("by_name", 5.0, 8, against=SHIPPED),
    *_faster("owned_by", 1.2, 8),
    *_faster("by_refs_50", 1.2, 8),
    *_faster("first_page", 8.0, 8),
    *_faster("next_pages", 2.0, 8),
    *_faster("sorted_filtered", 15.0, 8),
    *_faster("full_text", 15.0, 8),
    *_faster("list_500_fields", 8.0, 8),
    *_faster("facets", 5.0, 8),
    *_faster("full_list", 2.0, 1, 4),
    Target("full_list", 4, "app_memory_mib", OPEN, at_most=0.6),
    Target("by_name", 8, "app_memory_mib", OPEN, at_most=0.6),
    Target("ingest", None, "per_second", OPEN, at_least=15.0),
    Target("ingest", None, "cpu", OPEN, at_most=0.1),
    Target("restore", None, "per_second", OPEN, at_least=15.0),
    Target("restore", None, "cpu", OPEN, at_most=0.1),
    Target("change_description", None, "median_s", OPEN, fixed=0.15),
    Target("change_owner", None, "median_s", OPEN, fixed=0.15),
    Target("size", None, "bytes", OPEN, at_most=0.3),
]
