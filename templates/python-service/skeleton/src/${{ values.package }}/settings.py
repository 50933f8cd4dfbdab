"""What the service reads from its environment, once, at start."""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Settings:
    """Where to listen, what to log, and which commit this is."""

    host: str = "127.0.0.1"  # the container image sets HOST=0.0.0.0
    port: int = ${{ values.port }}
    log_level: str = "INFO"
    git_sha: str = "unknown"

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Self:
        """Read HOST, PORT, LOG_LEVEL and GIT_SHA; a ValueError names every wrong one together."""
        port = env.get("PORT") or str(cls.port)
        log_level = (env.get("LOG_LEVEL") or cls.log_level).upper()
        wrong = []
        if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            wrong.append(f"PORT is {port!r}, expected a number from 1 to 65535")
        if log_level not in logging.getLevelNamesMapping():
            wrong.append(f"LOG_LEVEL is {log_level!r}, expected DEBUG, INFO, WARNING or ERROR")
        if wrong:
            raise ValueError("; ".join(wrong))
        return cls(
            host=env.get("HOST") or cls.host,
            port=int(port),
            log_level=log_level,
            git_sha=env.get("GIT_SHA") or cls.git_sha,
        )
