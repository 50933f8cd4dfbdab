"""A run of 2,000 files holds a few of them at a time, and its journal does not grow with their number."""

import tracemalloc
from typing import Any

import pytest

from scaffolder.tasks import execute_run
from scm.folders import MIB
from scm.registry import publishing_host
from scm.values import RepositoryName
from tests.scaffolder.conftest import Workshop

FILES, SIZE = 2000, 16 * 1024
MOST = 16 * MIB
"""It takes one; a table of the whole process that is made larger in these seconds may take eight more."""


@pytest.mark.django_db(transaction=True)  # its lease is renewed by another connection
def test_two_thousand_files_are_never_all_in_memory(workshop: Workshop) -> None:
    skeleton = {
        f"skeleton/d{number % 20}/f{number}": "${{ values.name }}\n" + "x" * SIZE for number in range(FILES)
    }
    steps: list[dict[str, Any]] = [
        {"id": "fetch", "action": "fetch:template", "input": {"url": "./skeleton", "values": {"name": "n"}}},
        {"id": "publish", "action": "publish:local", "input": {"repoUrl": "local?owner=acme&repo=large"}},
    ]
    run_id = workshop.start(workshop.offer("large", steps, skeleton))
    tracemalloc.start()
    try:
        execute_run(run_id)
        assert tracemalloc.get_traced_memory()[1] < MOST < FILES * SIZE
    finally:
        tracemalloc.stop()
    assert workshop.task(run_id)["status"] == "completed", workshop.messages(run_id)
    made = publishing_host("local").list_files(RepositoryName("acme", "large"), "main")
    assert len(made) == FILES
    assert len(workshop.events(run_id)) < 20
