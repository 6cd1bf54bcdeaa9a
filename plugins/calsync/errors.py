"""Everything calsync raises.

Each error carries its facts as attributes and says in one sentence what to do next; none of them ever holds calendar
content, an address or a secret. Whether a try again can help is the branch it hangs on:

    CalsyncError
    ├── Transient                    a later try may succeed
    │   ├── Throttled                429, ShareCRM's rate codes; knows when to come back
    │   ├── Unavailable              5xx, refused, timed out, not JSON
    │   ├── AnswerLost               the request was sent, its outcome is unknown
    │   ├── StateUnreachable         the state database does not answer
    │   ├── StagingUnusable          a staged file cannot be written or read
    │   └── LeaseHeld                another run writes this tenant
    └── Terminal                     somebody has to act first
        ├── ConfigError              a tenant file, a connection
        ├── AuthFailed               secret, certificate, app, tenant
        ├── Forbidden                a permission or an access policy
        ├── MailboxAway              the mailbox is not there, not licensed, not ours to read
        ├── NotFound                 this item is not there
        ├── Stale                    the item moved on since it was read (412, 409, version)
        ├── Refused                  the service rejects this very request
        ├── QuotaSpent               ShareCRM's daily quota
        ├── CursorExpired            the delta token is dead; read the window anew
        ├── LeaseLost                this run no longer may write
        └── StateError               the state database is missing, old or broken
            └── Contradiction        rows that contradict what it holds
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PLAIN = re.compile(r"[\w.\-]{0,80}")


class CalsyncError(Exception):
    """The root of the tree. `str()` is the sentence for a person."""


class Transient(CalsyncError):
    """A later try may succeed. `retry_after`: seconds the service asked for, None when it did not say."""

    retry_after: float | None = None


class Terminal(CalsyncError):
    """Trying again changes nothing; somebody has to act first."""


@dataclass(frozen=True, slots=True)
class Remote:
    """Where a remote refusal came from: what support needs, nothing personal.

    system: "graph", "login" or "sharecrm"; status: HTTP status (0: no answer, or not known); code: the service's own
    error code; request_id: Graph's `request-id`, ShareCRM's `traceId`. A code or an id that does not look like one is
    left out: a service may put anything in its place, an address say.
    """

    system: str
    status: int = 0
    code: str = ""
    request_id: str = ""

    def __post_init__(self) -> None:
        for name in ("code", "request_id"):
            if not _PLAIN.fullmatch(getattr(self, name)):
                object.__setattr__(self, name, "")

    def __str__(self) -> str:
        said = [f"HTTP {self.status}" if self.status else "" if self.code else "no answer", self.code]
        if self.request_id:
            said.append(f"request {self.request_id}")
        return f"{self.system}: " + ", ".join(part for part in said if part)


class RemoteError(CalsyncError):
    """Mixed into every error that a remote system caused; `remote` holds its facts."""

    def __init__(self, sentence: str, remote: Remote, retry_after: float | None = None) -> None:
        super().__init__(f"{sentence} ({remote})")
        self.sentence = sentence
        self.remote = remote
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[type, tuple[str, Remote, float | None]]:
        return type(self), (self.sentence, self.remote, self.retry_after)


class Throttled(RemoteError, Transient):
    """The service asks for a pause of `retry_after` seconds (None: it did not say)."""


class Unavailable(RemoteError, Transient):
    """The service did not answer, or answered with a passing failure. Nothing was changed by the request."""


class AnswerLost(RemoteError, Transient):
    """The request went out and no answer came: the work may or may not have been done."""


class StateUnreachable(Transient):
    """The state database does not answer, or could not do what it was asked: busy, gone for a moment, out of space."""


class StagingUnusable(Transient):
    """A staged file cannot be written or read: no space, no right, an object store that does not answer."""


class LeaseHeld(Transient):
    """Another run holds the tenant's lease (RULES G7)."""

    def __init__(self, tenant: str, holder: str, until: str, wait_s: float) -> None:
        super().__init__(f"Another run writes tenant {tenant}: {holder}, at most until {until}. Wait for it to end.")
        self.tenant, self.holder, self.until, self.retry_after = tenant, holder, until, wait_s

    def __reduce__(self) -> tuple[type, tuple[str, str, str, float | None]]:
        return type(self), (self.tenant, self.holder, self.until, self.retry_after)


class ConfigError(Terminal):
    """A tenant file or a connection is wrong; `problems` are lines of `file: field: what and what to do`."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems

    def __reduce__(self) -> tuple[type, tuple[list[str]]]:
        return type(self), (self.problems,)


class AuthFailed(RemoteError, Terminal):
    """No token: the secret, the certificate, the app or the tenant is wrong."""


class Forbidden(RemoteError, Terminal):
    """A permission of the application is missing."""


class MailboxAway(RemoteError, Terminal):
    """The whole mailbox is unavailable. Never a proof that an event was deleted (RULES D2)."""


class NotFound(RemoteError, Terminal):
    """This one item is not there: event-level evidence (RULES D1)."""


class Stale(RemoteError, Terminal):
    """The item has moved on since it was read; nothing was written (RULES G3)."""


class Refused(RemoteError, Terminal):
    """The service rejects this request for its own content; the item is parked (RULES G10)."""


class QuotaSpent(RemoteError, Terminal):
    """ShareCRM's quota of calls is used up or was never bought."""


class CursorExpired(RemoteError, Terminal):
    """The delta token is dead; the window has to be read anew, and nothing is deleted on that ground (RULES D2)."""


class LeaseLost(Terminal):
    """This run lost the tenant's lease and stopped before its next write (RULES G7)."""


class StateError(Terminal):
    """The state database is missing, of another version, or unreachable."""


class Contradiction(StateError):
    """The state database refused rows that contradict what it holds; nothing was stored."""
