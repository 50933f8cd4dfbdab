"""The code hosts' work for later, by its lasting name."""

from core.jobs import Job

HANDLE_DELIVERY = Job("scm.handle_delivery")
