"""The doors through which a worker comes in."""

from celery import shared_task

from core.tasks import Door
from scm import hook_sending, jobs
from scm.webhooks import inbox


@shared_task(name=jobs.HANDLE_DELIVERY.name, base=Door)
def handle_delivery(delivery_id: str) -> None:
    inbox.handle(delivery_id)


@shared_task(name=jobs.SEND_HOOK.name, base=Door)
def send_hook(delivery_id: str) -> None:
    hook_sending.send(delivery_id)
