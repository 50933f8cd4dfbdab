"""The composition root: knows every app, and nothing imports it."""

from .worker import app as celery_app

__all__ = ["celery_app"]
