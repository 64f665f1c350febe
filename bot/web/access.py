"""Who asks, and whether they may: ``Authorization: Bearer KEY``."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from bot.web.keys import ApiKey, ApiKeys, Scope
from bot.web.problems import Problem

_BEARER = HTTPBearer(
    auto_error=False,
    scheme_name="API key",
    description="A key that `leadline web key` has made, with the scope that the address needs.",
)


def holder_of(scope: Scope) -> Any:
    """A dependency: the key of the request, which must have `scope`."""

    def check(
        request: Request,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    ) -> ApiKey:
        keys: ApiKeys = request.app.state.keys
        key = keys.find(credentials.credentials) if credentials else None
        if key is None:
            raise Problem(
                HTTPStatus.UNAUTHORIZED,
                "this needs an API key: send it as `Authorization: Bearer KEY`",
                headers={"WWW-Authenticate": "Bearer"},
            )
        if scope not in key.scopes:
            raise Problem(
                HTTPStatus.FORBIDDEN,
                f"this needs a key with the scope {scope}, which the key {key.name!r} has not",
                headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'},
            )
        return key

    return Depends(check)
