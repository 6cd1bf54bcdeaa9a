"""How one ShareCRM enterprise is reached, and what differs between enterprises or is not published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from zoneinfo import ZoneInfo

CALLS_PER_20S = 90
"""How often one path is called in 20 seconds, a little below the 100 that ShareCRM publishes as its limit."""


@dataclass(frozen=True, slots=True)
class Codes:
    """Which `errorCode` means what. ShareCRM's published table and its gateway disagree, so every set is a setting.

    throttled: the rate of a path or of the token endpoint. busy: nothing was done, ask again. fault: ask again, but a
    write may have been done. token: bad or expired. quota: used up, or never bought. auth: the app is refused.
    user: the acting employee is unknown or stopped. gone: the record is not there; ShareCRM publishes no such number,
    so there is none until the tenant says so, and until then an id that cannot be read proves nothing (RULES D1).
    """

    throttled: frozenset[int] = frozenset({14001, 30004})
    busy: frozenset[int] = frozenset({-1})
    fault: frozenset[int] = frozenset({-2, 50009})
    token: frozenset[int] = frozenset({20016, 20005, 11014})
    quota: frozenset[int] = frozenset({30002, 30003})
    auth: frozenset[int] = frozenset({10006, 11001, 11002, 11013, 20006, 20014, 20015, 20017, 20020, 20021, 20022})
    user: frozenset[int] = frozenset({20012, 30027})
    gone: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class CrmSettings:
    """One enterprise's ShareCRM.

    base_url: the OpenAPI's host of the enterprise's cloud, without a path. ea: the enterprise account; "" takes the one
    that comes with the token. user: the employee who acts where nobody else does; in legacy mode in its `FSUID_` form,
    as every employee id then is. verify: False, True, or the path of a CA file. *_s: seconds. calls_per_20s: per path;
    ShareCRM allows 100. time_zone: IANA, where all-day dates are at home. all_day_end: the form that is written.
    fields: api names of ScheduleObj's fields by role, over what describe says. private_values: options of the private
    field that mean private, the one to write first; public_value: the one to write otherwise; both empty: found by
    describe. scope_all: the enterprise has no Calendar field and that is meant. workflows: writes set them off.
    """

    base_url: str
    app_id: str
    app_secret: str = field(repr=False)
    permanent_code: str = field(repr=False)
    auth_mode: Literal["oauth", "legacy"] = "oauth"
    ea: str = ""
    user: str = "1000"
    verify: bool | str = True
    connect_s: float = 10.0
    read_s: float = 60.0
    attempts: int = 5
    calls_per_20s: int = CALLS_PER_20S
    concurrency: int = 8
    time_zone: str = "Asia/Shanghai"
    all_day_end: Literal["inclusive", "exclusive"] = "inclusive"
    fields: Mapping[str, str] = field(default_factory=dict)
    private_values: tuple[str, ...] = ()
    public_value: str = ""
    scope_all: bool = False
    workflows: bool = False
    codes: Codes = field(default_factory=Codes)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)
