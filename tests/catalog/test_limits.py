"""The page of limits says what the code does."""

from pathlib import Path

from catalog import paging, placeholders, predicates, reading, yaml_documents
from catalog.api import bodies, lists
from catalog.filters import MOST_FIELDS
from catalog.ingest.reader import MOST_FILES
from core.api.bodies import LIMIT
from core.api.params import MOST_VALUES
from core.outbound.asking import REDIRECTS

PAGE = (Path(__file__).parents[2] / "docs/reference/limits.md").read_text()
MB = 1024 * 1024


def test_the_page_of_limits() -> None:
    times, more = yaml_documents.MAX_REPEATED
    for said in (
        f"{reading.LIMIT // MB} MB, {yaml_documents.MAX_DOCUMENTS:,} documents",
        f"{yaml_documents.MAX_DOCUMENT:,} characters, {yaml_documents.MAX_NODES:,} values, {yaml_documents.MAX_DEPTH} levels",
        f"{times} times its own length and {more:,} values",
        f"{yaml_documents.MAX_DOCUMENT // MB} million characters",
        f"{placeholders.MOST}, together {placeholders.MOST_BYTES // MB} MB",
        f"files below one location | {MOST_FILES:,} |",
        f"one wildcard stands for | {reading.MOST_MATCHES:,} |",
        f"{reading.LONGEST_READ:.0f} seconds, {REDIRECTS} redirects",
        f"{predicates.MOST_CONDITIONS:,}, nested {predicates.DEEPEST} levels",
        f"`fields` | {MOST_FIELDS} |",
        f"one page by cursor | {paging.MOST_ON_A_PAGE:,} entities",
        f"{bodies.MOST_REFS:,} references, {lists.MOST_BYTES // MB} MB",
        f"facets of one call | {MOST_VALUES} |",
        f"body | {LIMIT // MB} MB |",
    ):
        assert said in PAGE, said
