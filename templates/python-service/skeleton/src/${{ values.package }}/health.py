"""Is the process alive, can it take requests, and which commit is it: three different questions."""

from collections.abc import Callable
from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from . import NAME, __version__

router = APIRouter(tags=["operations"])

Check = Callable[[], str | None]


@dataclass
class Readiness:
    """What must work before requests are welcome: a check returns the reason when it does not."""

    checks: dict[str, Check] = field(default_factory=dict)

    def failures(self) -> dict[str, str]:
        found = {name: check() for name, check in self.checks.items()}
        return {name: reason for name, reason in found.items() if reason is not None}


class Alive(BaseModel):
    status: str = "ok"


class Ready(BaseModel):
    status: str
    failures: dict[str, str]


class Version(BaseModel):
    name: str
    version: str
    git_sha: str


@router.get("/healthz")
def healthz() -> Alive:
    """The process answers. Nothing else is looked at: a restart cures no dependency."""
    return Alive()


@router.get("/readyz", responses={503: {"model": Ready, "description": "Not now"}})
def readyz(request: Request, response: Response) -> Ready:
    """Every dependency answers; 503 takes this instance out of the balancer, without a restart."""
    failures = request.app.state.readiness.failures()
    response.status_code = 503 if failures else 200
    return Ready(status="unready" if failures else "ready", failures=failures)


@router.get("/version")
def version(request: Request) -> Version:
    """What is running: a deployment is done when this shows its commit."""
    return Version(name=NAME, version=__version__, git_sha=request.app.state.settings.git_sha)
