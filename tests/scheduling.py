"""Which tests share a process: those that use the one running Greenroom of `tests/live`. All others go to whoever is free.

pytest-xdist's own groups (`--dist loadgroup`) need to rename tests, which pytest 9.2 does not let it: each process then
started a Greenroom of its own, and nobody was told.
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

TOGETHER = "tests/live/"


class Together(LoadScopeScheduling):
    """Hands out one test after the other, and those of `TOGETHER` as one."""

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER if nodeid.startswith(TOGETHER) else nodeid


@pytest.hookimpl
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Together:
    return Together(config, log)
