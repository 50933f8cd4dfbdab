"""Serve the application: `python -m` this package."""

import uvicorn

from .main import create_app
from .settings import Settings

settings = Settings.from_env()
uvicorn.run(
    create_app(settings),
    host=settings.host,
    port=settings.port,
    log_config=None,  # logs.configure() has set up JSON lines for uvicorn's loggers too
    access_log=False,  # request_log writes one line for each request
    server_header=False,
    timeout_graceful_shutdown=20,
)
