"""Runs the web server: granian's WSGI, some processes with some threads each, that go when their parent goes.

`python -m core.supervisor.web config.wsgi:application --port 7007` is `granian --interface wsgi …` with what its
command line cannot say. The application is loaded before the workers are forked, so that they share its memory; it
opens no connection and starts no thread before its first request. And a worker is ended by the kernel when the main
process is killed: it would keep the port, and answer from old code beside the new workers.
"""

import argparse
import ctypes
import gc
import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server

from core.embedded.launch import PR_SET_PDEATHSIG

LONGEST_HEAD = 64 * 1024
"""Bytes of a request's line and headers together; more is answered 431."""


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    options = _options()
    server = Server(
        options.application,
        address=options.host,
        port=options.port,
        interface=Interfaces.WSGI,
        workers=options.workers,
        blocking_threads=options.threads,  # left out, each of some hundred threads would open a connection
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(max_buffer_size=LONGEST_HEAD),
        websockets=False,
        respawn_failed_workers=True,
        respawn_interval=0.1,
        workers_kill_timeout=options.grace,
        log_level=LogLevels.error,
    )
    module, _, name = options.application.partition(":")
    application: Callable[..., Any] = getattr(import_module(module), name)
    parent = os.getpid()

    def in_worker(_target: str) -> Callable[..., Any]:
        _die_with(parent)
        return application

    gc.collect()
    gc.freeze()  # the collector would write to what the workers share
    server.serve(target_loader=in_worker)


def _die_with(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit("the web server's main process is gone")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="core.supervisor.web")
    parser.add_argument("application", help="module:name of a WSGI application")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--grace", type=int, default=5, help="seconds for requests under way when it stops")
    return parser.parse_args()


if __name__ == "__main__":
    main()
