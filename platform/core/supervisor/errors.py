"""What can keep Greenroom's processes, the embedded servers among them, from starting."""

from core.errors import GreenroomError


class StartRefused(GreenroomError):
    """Something on this machine keeps Greenroom from starting: a program, a folder, a port, a disk.

    The message is one sentence that says what, and the way out. Commands print it and exit with status 1.
    """

    code = "start_refused"
    status = 503
    name = "ServiceUnavailableError"
