"""No secret in a log: a canary goes through every door that writes lines, and must come out masked."""

import io
import logging
import logging.config

import pytest

from core.api.subjects import System
from core.audit import record
from core.logs import logging_config
from core.redaction import Redactor, redact

CANARY = "grn_abcdefghij_" + "c4n4ry" * 7 + "x"


@pytest.fixture(params=[True, False], ids=["json", "text"])
def lines(request: pytest.FixtureRequest) -> io.StringIO:
    sink = io.StringIO()
    config = logging_config(as_json=request.param, level="DEBUG")
    config["handlers"]["stderr"]["stream"] = sink
    config["root"]["handlers"] = []
    config["loggers"] = {"canary": {"handlers": ["stderr"], "level": "DEBUG", "propagate": False}}
    logging.config.dictConfig(config)
    return sink


def test_log_lines_are_masked(lines: io.StringIO) -> None:
    log = logging.getLogger("canary")
    log.info("token %s", CANARY)
    log.info("with extra", extra={"header": f"Authorization: Bearer {CANARY}", "nested": {"a": [CANARY]}})
    log.info("clone http://x:%s@host/repo.git", "s3cr3t-canary")
    try:
        raise ValueError(CANARY)
    except ValueError:
        log.exception("failed")
    written = lines.getvalue()
    assert "token" in written
    assert "failed" in written
    assert CANARY not in written
    assert "s3cr3t-canary" not in written


@pytest.mark.django_db
def test_the_audit_trail_is_masked() -> None:
    event = record(
        System("system:tests"), "used", "token", before=CANARY, note={"deep": [f"Bearer {CANARY}"]}
    )
    event.refresh_from_db()
    assert CANARY not in str(event.details)


def test_given_secrets_are_masked_longest_first_and_short_ones_left() -> None:
    redact = Redactor(["hunter2", "hunter2-long", "ab", ""])
    assert redact("a hunter2-long, a hunter2, ab") == "a ***, a ***, ab"


@pytest.mark.parametrize("shape", ["ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "gldt-", "glptt-"])
def test_tokens_of_code_hosts_are_known_by_their_shape(shape: str) -> None:
    assert redact(f"token is {shape}{'c4n4ry' * 6}.") == f"token is {shape}***."
    assert redact("glass-component-service-of-payments") == "glass-component-service-of-payments"
    assert redact(f"{shape}x is no token") == f"{shape}x is no token"
