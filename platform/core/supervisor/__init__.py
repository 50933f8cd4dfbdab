"""Starts the processes of Greenroom in order, keeps them alive, and leaves nothing behind when it stops."""

from core.supervisor.process import Process
from core.supervisor.supervisor import Supervisor

__all__ = ["Process", "Supervisor"]
