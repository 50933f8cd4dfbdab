"""Whether the port for the web server is free, and a sentence with the way out when it is not."""

import errno
import socket
from contextlib import suppress

import psutil

from core.supervisor.errors import StartRefused

STEP = 10  # to the port that is suggested


def check_port(host: str, port: int) -> None:
    """Raise `StartRefused` when nothing can listen on this address."""
    fault = _fault(host, port)
    if fault is None:
        return
    other = next((p for p in range(port + STEP, 65536, STEP) if _fault(host, p) is None), None)
    choose = (
        f"choose another: GREENROOM_PORT={other} make up" if other else "choose another with GREENROOM_PORT"
    )
    if fault == errno.EADDRINUSE:
        who = _listener(port)
        raise StartRefused(f"Port {port} is taken{who}. Stop what listens there, or {choose}", port=port)
    if fault == errno.EACCES:
        raise StartRefused(f"Port {port} is not for this account. Run as root, or {choose}", port=port)
    raise StartRefused(
        f"Nothing can listen on {host}:{port}: {errno.errorcode.get(fault, fault)}.", port=port
    )


def _fault(host: str, port: int) -> int | None:
    """The error number of an attempt to listen there; None when it would work."""
    with socket.socket() as door:
        # Connections of a former server may still be fading away; they are no obstacle to the next one.
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((host, port))
            door.listen()
        except OSError as error:
            return error.errno
    return None


def _listener(port: int) -> str:
    """` by NAME (process PID)` when the system tells us, else nothing."""
    with suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    return ""
