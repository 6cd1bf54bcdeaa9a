"""What Graph answered, and which of our errors a refusal is.

The codes are those of Graph's error catalogue for Outlook; where Microsoft's status differs from report to report
(a dead delta token, a repeated transactionId) the code decides. The service's own message is never kept: it may quote
an address or a subject.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from calsync.core.model import Availability
from calsync.core.text import ident
from calsync.errors import (
    AnswerLost,
    AuthFailed,
    CursorExpired,
    Forbidden,
    MailboxAway,
    NotFound,
    Refused,
    Remote,
    RemoteError,
    Stale,
    Throttled,
    Unavailable,
)

DUPLICATE_TRANSACTION = "errorduplicatetransactionid"

_DEAD_TOKEN = {"syncstatenotfound", "syncstateinvalid", "resyncrequired", "fullsyncrequired"}
_NO_USER = {"errorinvaliduser", "request_resourcenotfound", "resourcenotfound"}
_NO_MAILBOX = {
    "mailboxnotenabledforrestapi",
    "mailboxnotsupportedforrestapi",
    "errornonexistentmailbox",
    "errorfoldernotfound",
    "erroritemnotfound",
}
_PASSING = {"errorserverbusy", "errormailboxstoreunavailable", "errortimeoutexpired"}
_FULL = {"errorquotaexceeded"}

_WHY = {
    "erroroccurrencecrossingboundary": "A date of a series cannot pass its neighbours: move it to a time between them",
}
"""What a person can do about a refusal, by its code."""
_NOTHING_DONE = {503, 509}
"""5xx by which Graph says that it did not start on the request; after any other a write may have been done."""

_LONGEST_PAUSE_S = 86_400.0
_OTHER_CLOCK = timedelta(days=3660)
"""A clock that differs by more than this from ours is none."""

log = logging.getLogger(__name__)

_EVENT_PATH = re.compile(r"/events/[^/?]+")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: status, headers (lower-case names) and the JSON body, None when there is none or it is not JSON."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    is_json: bool = True

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300 and self.is_json

    @property
    def value(self) -> dict[str, Any]:
        """The body as an object, empty when it is none."""
        return self.body if isinstance(self.body, dict) else {}


def items_of(page: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The items of a collection's page; what has no id can neither be known nor followed and is passed over.

    Raises Unavailable for a page that is none: a listing that lacks a page is no listing (RULES D2).
    """
    listed = page.get("value")
    if not isinstance(listed, list):
        raise Unavailable("Graph answered a listing without its items; nothing of it is used", Remote("graph", 200))
    found = [item for item in listed if isinstance(item, dict) and ident(item.get("id"))]
    if len(found) < len(listed):
        log.warning("Graph listed %d items without an id; they are passed over", len(listed) - len(found))
    return found


def link_of(page: Mapping[str, Any], name: str) -> str:
    """The link of a page that `name` holds, "" when it has none. Raises Unavailable for what can be no link."""
    link = page.get(name)
    if not isinstance(link, str | None):
        raise Unavailable("Graph's listing breaks off; nothing of it is used", Remote("graph", 200))
    return link or ""


def failure(answer: Answer, method: str, path: str) -> RemoteError:
    """The typed error that `answer` (not `ok`) to `method path` stands for."""
    writes = method != "GET"
    remote = _remote(answer)
    code = remote.code.lower()
    if answer.status == 429:
        return Throttled("Graph asks for a pause", remote, retry_after(answer.headers))
    if answer.status >= 500 or code in _PASSING:
        return _server_side(remote, code, writes, retry_after(answer.headers))
    if 200 <= answer.status < 300:
        return no_answer("Graph's answer is not JSON: check the connection's host", writes, remote)
    return _client_side(remote, code, path)


def no_answer(sentence: str, writes: bool, remote: Remote | None = None) -> RemoteError:
    """The error for a request that was sent and not answered in words we understand."""
    remote = remote or Remote("graph")
    return AnswerLost(sentence, remote) if writes else Unavailable(sentence, remote)


def availability(error: RemoteError) -> Availability | None:
    """What an error of a mailbox's read says of its account (RULES A5); None: nothing, it may pass or is our fault."""
    if isinstance(error, Forbidden):
        return Availability.FORBIDDEN
    if isinstance(error, MailboxAway):
        return Availability.GONE if error.remote.code.lower() in _NO_USER else Availability.NO_MAILBOX
    return None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by the `Retry-After` header: a number, often with a fraction, or an HTTP date; None: not said.

    No more than a day.
    """
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        said = float(text)
    except ValueError:
        moment = http_date(text)
        said = math.nan if moment is None else (moment - datetime.now(UTC)).total_seconds()
    return None if math.isnan(said) else min(max(0.0, said), _LONGEST_PAUSE_S)


def http_date(text: str) -> datetime | None:
    """An HTTP date as an aware datetime, None when it is not one or many years away."""
    try:
        moment = parsedate_to_datetime(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC) if abs(moment - datetime.now(UTC)) <= _OTHER_CLOCK else None
    except (ValueError, OverflowError):
        return None


def _remote(answer: Answer) -> Remote:
    error = answer.value.get("error")
    said = error if isinstance(error, dict) else {}
    inner = said.get("innerError") or said.get("innererror")
    request_id = answer.headers.get("request-id") or (inner.get("request-id") if isinstance(inner, dict) else "")
    return Remote("graph", answer.status, _text(said.get("code")), _text(request_id))


def _text(said: object) -> str:
    return said if isinstance(said, str) else ""


def _server_side(remote: Remote, code: str, writes: bool, pause: float | None) -> RemoteError:
    if code in _FULL or remote.status == 507:
        return Refused("The mailbox is full: its user has to make room", remote)
    if writes and remote.status >= 500 and remote.status not in _NOTHING_DONE:
        return AnswerLost("Graph failed while it worked on the request", remote, pause)
    return Unavailable("Graph is unavailable at the moment", remote, pause)


def _client_side(remote: Remote, code: str, path: str) -> RemoteError:
    status = remote.status
    if status == 410 or code in _DEAD_TOKEN:
        return _gone(remote, path)
    if code == DUPLICATE_TRANSACTION:
        return Refused("This transactionId was already used for another event", remote)
    if status == 401:
        return AuthFailed("Graph refuses the token: check the connection's tenant, host and scope", remote)
    if status == 403:
        return Forbidden(_forbidden(code), remote)
    if status == 404:
        return _not_found(remote, code, path)
    if status in (409, 412):
        return Stale("The event has changed since it was read", remote)
    if 300 <= status < 400:
        return Refused("Graph's address redirects: check the connection's host", remote)
    return Refused(_WHY.get(code, "Graph rejects the request"), remote)


def _gone(remote: Remote, path: str) -> RemoteError:
    """A dead delta token, where one was sent. Elsewhere it says nothing of the meeting that a write is about."""
    if "/calendarview" in path.lower():
        return CursorExpired("The delta token is no longer valid: the window has to be read anew", remote)
    return Unavailable("Graph says that this address is gone; if it stays so, check the connection's host", remote)


def _forbidden(code: str) -> str:
    if code == "authorization_requestdenied":
        return "The application may not read the directory: grant it User.Read.All with admin consent"
    return "The application may not use this mailbox: check Calendars.ReadWrite, its consent and the access policies"


def _not_found(remote: Remote, code: str, path: str) -> RemoteError:
    """Only an event-level code on an event's own path says that an event is not there (RULES D1)."""
    if code == "erroritemnotfound" and _EVENT_PATH.search(path):
        return NotFound("The event is not there", remote)
    if code in _NO_USER:
        return MailboxAway("There is no such Microsoft user", remote)
    if code in _NO_MAILBOX:
        return MailboxAway("The user has no mailbox that Graph can reach: check the licence", remote)
    return Refused("Graph does not know this address: check the connection's host", remote)
