"""The code hosts' work for later, by its lasting name."""

from core.jobs import Job

HANDLE_DELIVERY = Job("scm.handle_delivery")
SEND_HOOK = Job("scm.send_hook")
