"""What differs between ShareCRM enterprises, or is not published: switches, changed by `POST /_control/sharecrm`."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from sandbox.sharecrm import errors
from sandbox.titles import Way


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError) as error:
        raise ValueError("not an IANA time zone, such as Europe/Berlin") from error
    return name


class Settings(BaseModel):
    """The switches and their defaults.

    `describe` picks the field names of ScheduleObj, `fields` renames single roles on top of it. `gone_code` answers
    a read of a record that is deleted or hidden. `end_of_day` says what a seeded all-day event's end holds: the last
    moment of its last day (`inclusive`) or the midnight after it (`exclusive`), both in `time_zone`. `contents` says
    what becomes of a written content (`sandbox.titles`); with `late_touch` a written record is touched once more by the
    server, after it was read for the first time.
    """

    model_config = ConfigDict(extra="forbid")

    describe: Literal["classic", "modern", "minimal"] = "classic"
    fields: dict[str, str] = Field(default_factory=dict)
    invalid_visible_in_query: bool = True
    invalid_touches_modified: bool = True
    gone_code: int = errors.GONE
    end_of_day: Literal["inclusive", "exclusive"] = "inclusive"
    time_zone: Annotated[str, AfterValidator(_known_zone)] = "Asia/Shanghai"
    hide_private: bool = False
    owner_in_update: Literal["ignore", "refuse"] = "ignore"
    contents: Way = "as_written"
    late_touch: bool = False
    require_trace_id: bool = False
    token_rate_code: int = errors.TOKEN_RATE
    rate_code: int = errors.RATE
    quota: Literal["ok", "used_up", "none"] = "ok"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)
