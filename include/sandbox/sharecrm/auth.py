"""Who asks: tokens of both auth modes, people acting for themselves, the employee a call acts as (fact sheet §1)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.sharecrm.errors import BAD_CREDENTIALS, BAD_TOKEN, NO_AUTH, UNKNOWN_USER, CrmError

if TYPE_CHECKING:
    from sandbox.sharecrm.state import ShareCrm

TOKEN_LIFE_S = 7200
REUSE_S = 6600


@dataclass(frozen=True)
class Caller:
    """Who makes a call: the employee it acts as, whether an app or the person, and in which form ids are spoken."""

    employee: str
    app: bool
    open_ids: bool

    @property
    def actor(self) -> str:
        """The name in the logs."""
        return f"{'app' if self.app else 'user'}:{self.employee}"


@dataclass
class _Token:
    value: str
    issued_at: float


class Auth:
    """Issues tokens and tells whose call it is. Times are those of ShareCRM's clock, so tokens expire by command."""

    app_id = "FSAID_sandbox"
    app_secret = "secret-of-the-sandbox-app"  # noqa: S105 - known to everybody, as the sandbox is
    permanent_code = "permanent-code-of-the-sandbox"
    ea = "contoso"
    corp_id = "FSCID_5D7A3E1F90B24C68"

    def __init__(self, crm: ShareCrm) -> None:
        self.crm = crm
        self.reset()

    def reset(self) -> None:
        self._tokens: list[_Token] = []
        self._calls: list[float] = []
        self._issued = 0
        self.busy = False

    def issue(self, body: Mapping[str, Any]) -> tuple[str, int]:
        """A token and the seconds it has left: the current one for 6600 s, then a new one while the old one lives on.

        Raises CrmError for wrong credentials and for more calls a minute than allowed.
        """
        now = self._now()
        self._refuse_too_many(now)
        given = tuple(body.get(name) for name in ("appId", "appSecret", "permanentCode"))
        if given != (self.app_id, self.app_secret, self.permanent_code):
            raise CrmError(BAD_CREDENTIALS, "appId, appSecret or permanentCode is wrong")
        self._tokens = [token for token in self._tokens if now - token.issued_at < TOKEN_LIFE_S]
        if not self._tokens or now - self._tokens[-1].issued_at >= REUSE_S:
            self._issued += 1
            seed = f"{self.ea}/{self._issued}/{now}"
            self._tokens.append(_Token(hashlib.sha256(seed.encode()).hexdigest().upper(), now))
        current = self._tokens[-1]
        return current.value, int(TOKEN_LIFE_S - (now - current.issued_at))

    def _refuse_too_many(self, now: float) -> None:
        self._calls = [at for at in self._calls if at > now - 60] + [now]
        allowed = self.crm.world.limits.crm_token_calls_per_minute
        if allowed is not None and len(self._calls) > allowed:
            raise CrmError(self.crm.settings.token_rate_code, "too many token requests")

    def caller(self, headers: Mapping[str, str], body: Mapping[str, Any]) -> Caller:
        """Who makes this call. Raises CrmError when that is nobody, or the token or the employee is not known."""
        bearer = headers.get("authorization", "").removeprefix("Bearer ").strip()
        if bearer.startswith("user:"):
            return Caller(self._employee(bearer.removeprefix("user:")), app=False, open_ids=_open_ids(body, False))
        if bearer:
            if headers.get("x-fs-ea") != self.ea:
                raise CrmError(NO_AUTH, "x-fs-ea is missing or unknown")
            self._check(bearer)
            return Caller(self._employee(headers.get("x-fs-userid", "")), app=True, open_ids=_open_ids(body, False))
        if "corpAccessToken" not in body:
            raise CrmError(NO_AUTH, "corpId is unknown")
        self._check(str(body["corpAccessToken"]))
        if body.get("corpId") != self.corp_id:
            raise CrmError(NO_AUTH, "corpId is unknown")
        employee = self._employee(str(body.get("currentOpenUserId", "")))
        return Caller(employee, app=True, open_ids=_open_ids(body, True))

    def _check(self, value: str) -> None:
        now = self._now()
        if not any(token.value == value and now - token.issued_at < TOKEN_LIFE_S for token in self._tokens):
            raise CrmError(BAD_TOKEN, "the access token is missing, expired or wrong")

    def _employee(self, given: str) -> str:
        employee = self.crm.employee_id(given)
        if employee is None or not self.crm.may_act(employee):
            raise CrmError(UNKNOWN_USER, "the user does not exist or is stopped")
        return employee

    def _now(self) -> float:
        return self.crm.world.clock.now("crm").timestamp()


def _open_ids(body: Mapping[str, Any], default: bool) -> bool:
    asked = body.get("convertUserId")
    return default if asked is None else bool(asked)


def open_user_id(employee: str) -> str:
    """The `FSUID_...` form of an employee's id, as the legacy mode speaks it."""
    return "FSUID_" + hashlib.md5(employee.encode(), usedforsecurity=False).hexdigest().upper()
