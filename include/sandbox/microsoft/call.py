"""A Graph request and its answer, whether it came by itself or as a part of a `$batch`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from sandbox.microsoft.errors import GraphError, invalid_query, unreadable_body

if TYPE_CHECKING:
    from sandbox.faults import Effect

JSON_TYPE = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"


@dataclass
class Prefer:
    """What the `Prefer` header asks for."""

    immutable: bool = False
    zone: str | None = None
    text_body: bool = False
    page_size: int | None = None

    @staticmethod
    def parse(header: str) -> Prefer:
        """Unknown preferences are ignored, as RFC 7240 demands."""
        found: dict[str, str] = {}
        for name, value in re.findall(r'([\w.\-]+)\s*=\s*("[^"]*"|[^,;\s]+)', header):
            found[name.lower()] = value.strip('"')
        size = found.get("odata.maxpagesize", found.get("maxpagesize", ""))
        return Prefer(
            immutable=found.get("idtype", "").lower() == "immutableid",
            zone=found.get("outlook.timezone"),
            text_body=found.get("outlook.body-content-type", "").lower() == "text",
            page_size=int(size) if size.isdigit() and int(size) > 0 else None,
        )

    def applied(self) -> str:
        """The value of `Preference-Applied`."""
        parts = ['IdType="ImmutableId"'] if self.immutable else []
        parts += [f'outlook.timezone="{self.zone}"'] if self.zone else []
        parts += ['outlook.body-content-type="text"'] if self.text_body else []
        return ", ".join(parts)


@dataclass
class Call:
    """One request. `path` is below the version, still percent-encoded; `root` is this service's own `…/v1.0`.

    `crowded`: more requests are under way at its mailbox than the service allows. `actor` is filled in once known.
    """

    method: str
    path: str
    query_string: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    root: str = ""
    effect: Effect | None = None
    crowded: bool = False
    actor: str = ""

    @cached_property
    def segments(self) -> list[str]:
        return [unquote(part) for part in self.path.strip("/").split("/") if part]

    @cached_property
    def query(self) -> dict[str, str]:
        """The query's parameters; `$`-names and window names in lower case, as OData reads them."""
        pairs = parse_qsl(self.query_string, keep_blank_values=True)
        return {name.lower(): value for name, value in pairs}

    @cached_property
    def prefer(self) -> Prefer:
        return Prefer.parse(self.headers.get("prefer", ""))

    @property
    def logged_path(self) -> str:
        """Path and query as the request log has them: from the root of the server, decoded."""
        query = f"?{self.query_string}" if self.query_string else ""
        return unquote(f"{urlsplit(self.root).path}/{self.path.strip('/')}{query}")

    @property
    def address(self) -> str:
        """The request's own url without its query."""
        return f"{self.root}/{self.path.strip('/')}"

    def number(self, name: str, default: int, most: int) -> int:
        """A whole number of the query between 0 and `most`. Raises GraphError."""
        text = self.query.get(name)
        if text is None:
            return default
        if not text.isdigit() or int(text) > most:
            raise invalid_query(f"The value '{text}' of the query option '{name}' is not between 0 and {most}.")
        return int(text)

    def json_object(self) -> dict[str, Any]:
        """The body, which must be a JSON object. Raises GraphError (RequestBodyRead)."""
        if not isinstance(self.body, dict):
            raise unreadable_body("An object was expected as the content of the request payload.")
        return self.body


@dataclass
class Answer:
    """Status, headers and JSON body (None: no body)."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


def error_answer(error: GraphError, date: str, request_id: str, client_request_id: str) -> Answer:
    """`error` in Graph's shape; `date` has no zone, as there."""
    inner = {"date": date, "request-id": request_id, "client-request-id": client_request_id}
    if error.status == 429:
        inner |= {"code": "429", "message": "Please retry after", "status": "429"}
    body = {"error": {"code": error.code, "message": error.message, "innerError": inner}}
    return Answer(error.status, body, dict(error.headers))
