"""What is wrong with a request, as RFC 9457 problem details (application/problem+json).

Nothing of the inside leaks: no stack, no setting, no value of a field.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from loguru import logger
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

MEDIA_TYPE: Final = "application/problem+json"
MAX_FIELD_ERRORS: Final = 20


class FieldError(BaseModel):
    """One field of the request that is wrong."""

    field: str = Field(description="Where it is, e.g. `body.phone` or `query.limit`.")
    detail: str = Field(description="What is wrong with it.")


class ProblemDetails(BaseModel):
    """RFC 9457. `type` is `about:blank`: the status says what kind of problem it is."""

    type: str = "about:blank"
    title: str = Field(description="The status in words.")
    status: int
    detail: str = Field(description="What is wrong and what to do, in a sentence.")
    errors: list[FieldError] | None = Field(
        default=None, description="The fields at fault, if it is fields."
    )


class Problem(Exception):  # noqa: N818 - RFC 9457 calls it so.
    """Raised by a route; becomes the answer."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        field: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        """`field` names what is wrong, as in `FieldError`."""
        super().__init__(detail)
        self.status = status
        self.errors = [FieldError(field=field, detail=detail)] if field else None
        self.headers = headers


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems that a route may answer with, for OpenAPI."""
    schema = {"$ref": "#/components/schemas/ProblemDetails"}
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status in statuses
    }


def problem_response(
    status: int,
    detail: str,
    *,
    errors: list[FieldError] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """The answer itself."""
    body = ProblemDetails(
        title=HTTPStatus(status).phrase, status=status, detail=detail, errors=errors
    )
    return JSONResponse(
        body.model_dump(exclude_none=True), status, headers=headers, media_type=MEDIA_TYPE
    )


def install(app: FastAPI) -> None:
    """Every error of `app`'s routes becomes a problem."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)
    described = app.openapi

    def openapi() -> dict[str, Any]:
        document = described()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        template = "#/components/schemas/{model}"
        schemas["ProblemDetails"] = ProblemDetails.model_json_schema(ref_template=template)
        schemas |= schemas["ProblemDetails"].pop("$defs", {})
        return document

    app.openapi = openapi  # type: ignore[method-assign]


async def _problem(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)  # noqa: S101 - registered for it.
    return problem_response(error.status, str(error), errors=error.errors, headers=error.headers)


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it.
    found = error.errors()
    if any(each["type"] == "json_invalid" for each in found):
        detail = "the body is not JSON"
        return problem_response(400, detail, errors=[FieldError(field="body", detail=detail)])
    errors = [
        FieldError(
            field=".".join(str(part)[:60] for part in each["loc"])[:200],
            detail=str(each["msg"]).removeprefix("Value error, "),
        )
        for each in found[:MAX_FIELD_ERRORS]
    ]
    first = errors[0]
    return problem_response(422, f"{first.field}: {first.detail}", errors=errors)


async def _http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it.
    details = {
        404: "there is nothing at this address; /openapi.json says what there is",
        405: "this address does not take this method; /openapi.json says which it takes",
    }
    detail = details.get(error.status_code, str(error.detail))
    return problem_response(error.status_code, detail, headers=dict(error.headers or {}))


async def _unexpected(_request: Request, error: Exception) -> JSONResponse:
    logger.opt(exception=error).error("A request failed")
    return problem_response(500, "something went wrong here; the log says what")
