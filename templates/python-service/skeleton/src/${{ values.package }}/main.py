"""The application, put together."""

from fastapi import FastAPI

from . import NAME, __version__, health, logs, notes, problems
from .request_log import RequestLog
from .settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """A new application with its own state; tests make one each."""
    logs.configure(settings.log_level)
    app = FastAPI(title=NAME, version=__version__)
    app.state.settings = settings
    app.state.notes = notes.Notes()
    app.state.readiness = health.Readiness()
    app.add_middleware(RequestLog)
    problems.install(app)
    app.include_router(health.router)
    app.include_router(notes.router)
    return app
