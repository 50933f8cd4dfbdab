"""Errors leave as problem details (RFC 9457), always with the request's id."""

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from .logs import request_id

# What the OpenAPI document says about every answer that is not a success.
PROBLEM_RESPONSE: dict[int | str, dict[str, object]] = {
    "default": {
        "description": "What went wrong",
        "content": {
            "application/problem+json": {
                "schema": {
                    "title": "Problem",
                    "type": "object",
                    "required": ["title", "status", "request_id"],
                    "properties": {
                        "title": {"type": "string"},
                        "status": {"type": "integer"},
                        "detail": {"type": "string"},
                        "request_id": {"type": "string"},
                        "errors": {"type": "array", "items": {"type": "object"}},
                    },
                }
            }
        },
    }
}


def problem(status: int, detail: str, **more: object) -> JSONResponse:
    """An error answer; `detail` is for the caller to read, so it never holds internals."""
    body = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail, "request_id": request_id.get()}
    return JSONResponse(body | more, status_code=status, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Answer refused input and HTTP errors with problem details."""

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> JSONResponse:
        answer = problem(error.status_code, str(error.detail))
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        errors = [{"field": ".".join(map(str, e["loc"])), "message": e["msg"]} for e in error.errors()]
        return problem(422, "The request does not fit the API; see errors", errors=errors)
