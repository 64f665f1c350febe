"""An emulator of the part of Daily's REST API that a bot needs: rooms and meeting tokens.

Sources: https://docs.daily.co/reference/rest-api/rooms/create-room,
https://docs.daily.co/reference/rest-api/meeting-tokens/create-meeting-token,
https://docs.daily.co/docs/rest-api/errors (`{"error", "info"}`),
https://docs.daily.co/docs/guides/privacy-and-security/meeting-tokens (the claims of a token).
"""

import base64
import hashlib
import hmac
import json
import re
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from aiohttp import web

from tests.emulators.faults import HTTP_STATUS, FaultKind, Point
from tests.emulators.server import Emulator, cut

DEFAULT_KEY = "daily-emulator-key"
DOMAIN = "leadline-emulator"
MAX_ROOM_NAME_LETTERS = 128
_ROOM_NAME = re.compile(r"^[A-Za-z0-9_-]+$")
_ROOM_FIELDS = frozenset({"name", "privacy", "properties"})
# The names that the token's properties have inside the JWT.
_CLAIMS = {
    "room_name": "r",
    "is_owner": "o",
    "user_name": "u",
    "user_id": "ud",
    "exp": "exp",
    "nbf": "nbf",
    "eject_at_token_exp": "ejt",
    "eject_after_elapsed": "eje",
    "enable_recording": "er",
    "start_video_off": "vo",
    "start_audio_off": "ao",
    "enable_screenshare": "ss",
    "enable_prejoin_ui": "ep",
    "start_cloud_recording": "sr",
    "permissions": "p",
}

_REFUSALS = {
    FaultKind.UNAUTHORIZED: ("authentication-error", None),
    FaultKind.RATE_LIMITED: ("rate-limit-error", "rate limit reached"),
    FaultKind.SERVER_ERROR: ("server-error", "unexpected error"),
}


class BadRequestError(ValueError):
    """What Daily answers with 400 `invalid-request-error`; the message is its `info`."""


class DailyEmulator(Emulator):
    """Daily's REST API on loopback. `api_url` is what a client takes.

    Args:
        api_key: the only key that is accepted.
    """

    name: ClassVar[str] = "daily"

    def __init__(
        self, *, api_key: str = DEFAULT_KEY, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        super().__init__(host=host, port=port)
        self.api_key = api_key
        self.rooms: dict[str, dict[str, Any]] = {}

    @property
    def api_url(self) -> str:
        return f"{self.http_url}/v1"

    def script(self, body: Mapping[str, Any]) -> None:
        """`{"rooms": ["name"]}`: rooms that exist already."""
        for name in body.get("rooms", []):
            self.create({"name": name})

    def create(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Makes a room as `POST /rooms` does.

        Raises:
            BadRequestError: the name is taken or odd, or a property is wrong.
        """
        if unknown := set(body) - _ROOM_FIELDS:
            raise BadRequestError(f"unknown parameter '{sorted(unknown)[0]}'")
        name = body.get("name") or uuid.uuid4().hex[:20]
        if not isinstance(name, str) or not _ROOM_NAME.match(name):
            raise BadRequestError(
                f"{name} contains invalid characters (room names can contain A-Z, a-z, 0-9, '-',"
                " and '_')"
            )
        if len(name) > MAX_ROOM_NAME_LETTERS:
            raise BadRequestError(f"room name is longer than {MAX_ROOM_NAME_LETTERS} characters")
        if name in self.rooms:
            raise BadRequestError(f"a room named {name} already exists")
        privacy = body.get("privacy", "public")
        if privacy not in ("public", "private"):
            raise BadRequestError(f"privacy was '{privacy}', which is not public or private")
        properties = dict(body.get("properties") or {})
        _check_future(properties.get("exp"))
        self.rooms[name] = {
            "id": str(uuid.uuid4()),
            "name": name,
            "api_created": True,
            "privacy": privacy,
            "url": f"https://{DOMAIN}.daily.co/{name}",
            "created_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "config": properties,
        }
        return self.rooms[name]

    def claims(self, token: str) -> dict[str, Any]:
        """What a token that this emulator made allows.

        Raises:
            ValueError: another key has signed it.
        """
        head, payload, signature = token.split(".")
        if signature != self._signature(f"{head}.{payload}"):
            raise ValueError("the token was signed with another key")
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))
        return claims

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v1/", self._domain),
            web.get("/v1/rooms", self._list_rooms),
            web.post("/v1/rooms", self._create_room),
            web.get("/v1/rooms/{name}", self._get_room),
            web.delete("/v1/rooms/{name}", self._delete_room),
            web.post("/v1/meeting-tokens", self._create_token),
        ]

    def error_response(self, kind: FaultKind) -> web.Response:
        return _refusal(HTTP_STATUS[kind], *_REFUSALS[kind])

    async def _domain(self, request: web.Request) -> web.Response:
        if (refused := await self._admit("domain", request)) is not None:
            return refused
        return web.json_response({"domain_name": DOMAIN, "config": {}})

    async def _list_rooms(self, request: web.Request) -> web.Response:
        if (refused := await self._admit("rooms", request)) is not None:
            return refused
        listed = {"total_count": len(self.rooms), "data": list(self.rooms.values())}
        return web.json_response(listed)

    async def _get_room(self, request: web.Request) -> web.Response:
        if (refused := await self._admit("room", request)) is not None:
            return refused
        name = request.match_info["name"]
        if name not in self.rooms:
            return _refusal(404, "not-found", f"room {name} not found")
        return web.json_response(self.rooms[name])

    async def _delete_room(self, request: web.Request) -> web.Response:
        if (refused := await self._admit("room.delete", request)) is not None:
            return refused
        name = request.match_info["name"]
        if self.rooms.pop(name, None) is None:
            return _refusal(404, "not-found", f"room {name} not found")
        return web.json_response({"deleted": True, "name": name})

    async def _create_room(self, request: web.Request) -> web.Response:
        if (refused := await self._admit("room.create", request)) is not None:
            return refused
        try:
            return web.json_response(self.create(await _json_object(request)))
        except BadRequestError as error:
            return _refusal(400, "invalid-request-error", str(error))
        except ValueError:
            return _refusal(400, "json-parsing-error", "the body is not a JSON object")

    async def _create_token(self, request: web.Request) -> web.Response:
        if (refused := await self._admit("token", request)) is not None:
            return refused
        try:
            token = self._token((await _json_object(request)).get("properties") or {})
        except BadRequestError as error:
            return _refusal(400, "invalid-request-error", str(error))
        except ValueError:
            return _refusal(400, "json-parsing-error", "the body is not a JSON object")
        return web.json_response({"token": token})

    async def _admit(self, kind: str, request: web.Request) -> web.Response | None:
        """Records a request; an answer means that it gets no other."""
        try:
            body = json.loads(await request.text() or "null")
        except ValueError:
            body = None
        await self.record(kind, request, body)
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or not key:
            return _refusal(400, "authorization-header-error", "missing Authorization header")
        if key != self.api_key:
            return self.error_response(FaultKind.UNAUTHORIZED)
        fault = self.faults.take(Point.ANSWER, request.path)
        if fault is None:
            return None
        if fault.kind is FaultKind.CLOSE_MIDWAY:
            cut(request)
        rendered = await self.suffer_connect_fault(fault, request)
        return rendered if isinstance(rendered, web.Response) else None

    def _token(self, properties: Mapping[str, Any]) -> str:
        if unknown := set(properties) - set(_CLAIMS):
            raise BadRequestError(f"unknown parameter '{sorted(unknown)[0]}'")
        _check_future(properties.get("exp"))
        claims = {_CLAIMS[k]: v for k, v in properties.items()}
        claims |= {"d": DOMAIN, "iat": int(time.time())}
        signed = f"{_base64({'alg': 'HS256', 'typ': 'JWT'})}.{_base64(claims)}"
        return f"{signed}.{self._signature(signed)}"

    def _signature(self, text: str) -> str:
        digest = hmac.new(self.api_key.encode(), text.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


async def _json_object(request: web.Request) -> dict[str, Any]:
    text = await request.text()
    body = json.loads(text) if text else {}
    if not isinstance(body, dict):
        raise ValueError("the body is not an object")  # noqa: TRY004 - the bad JSON of a client.
    return body


def _check_future(exp: Any) -> None:
    if exp is not None and exp <= time.time():
        raise BadRequestError(f"exp was '{exp}', which is in the past rather than in the future")


def _base64(part: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def _refusal(status: int, error: str, info: str | None) -> web.Response:
    body = {"error": error} if info is None else {"error": error, "info": info}
    return web.json_response(body, status=status)
