"""ShareCRM's state: employees and records, and how records come to be, change and go."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.sharecrm.auth import Auth, Caller, open_user_id
from sandbox.sharecrm.describe import ACCOUNT, CONTACT, SCHEDULE
from sandbox.sharecrm.errors import CrmError
from sandbox.sharecrm.friendly import plain_event, schedule_values
from sandbox.sharecrm.settings import Settings

if TYPE_CHECKING:
    from sandbox.seed import Seed
    from sandbox.world import World

Record = dict[str, Any]
"""A record by role (see `sandbox.sharecrm.describe`): times in ms, `version` an int, `private` a bool."""

SYSTEM_ACTOR = "-10000"
KINDS = {SCHEDULE: "event", CONTACT: "contact", ACCOUNT: "account"}


@dataclass
class Table:
    """The records of one object, with their ids in order."""

    records: dict[str, Record] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)

    def add(self, record: Record) -> None:
        """Raises ValueError when the id is taken."""
        if record["_id"] in self.records:
            raise ValueError(f"the record id {record['_id']} is given twice")
        self.records[record["_id"]] = record
        insort(self.ids, record["_id"])


class ShareCrm:
    """One enterprise. `ADMIN` may always act and is not listed among the employees."""

    ADMIN = "1"
    TENANT_ID = "780001"

    def __init__(self, world: World) -> None:
        self.world = world
        self.auth = Auth(self)
        self.reset()

    def reset(self) -> None:
        self.settings = Settings()
        self.employees: dict[str, dict[str, Any]] = {}
        self.tables = {SCHEDULE: Table(), CONTACT: Table(), ACCOUNT: Table()}
        self.by_open_id = {open_user_id(self.ADMIN): self.ADMIN}
        self.unsettled: set[str] = set()
        self._made = 0
        self.auth.reset()

    def now_ms(self) -> int:
        """ShareCRM's own clock, in ms since 1970."""
        return int(self.world.clock.now("crm").timestamp() * 1000)

    def employee_id(self, given: str) -> str | None:
        """The employee id behind `given`, which may be one or an `FSUID_...`; None when nobody has it."""
        known = self.by_open_id.get(given, given)
        return known if known in self.employees or known in {self.ADMIN, SYSTEM_ACTOR} else None

    def may_act(self, employee: str) -> bool:
        return employee == self.ADMIN or (employee in self.employees and not self.employees[employee]["stopped"])

    # Records

    def insert(self, api_name: str, values: Record, *, owner: str, by: str) -> Record:
        """A new record with its system fields; `values` may override them. Nothing is written to the logs."""
        self._made += 1
        now = self.now_ms()
        record: Record = {
            "_id": f"65a0c0de{self._made:016x}",
            "owner": [owner],
            "created_by": [by],
            "create_time": now,
            "last_modified_by": [by],
            "last_modified_time": now,
            "version": 1,
            "tenant_id": self.TENANT_ID,
            "object_describe_api_name": api_name,
            "record_type": "default__c",
            "owner_department": "Sales",
            "data_own_department": ["1000"],
            "lock_status": "0",
            "life_status": "normal",
            "is_deleted": False,
        }
        if api_name == SCHEDULE:
            record |= {"name": f"SCH-{self._made:06d}", "calendar": "CRM Calendar", "all_day": False, "private": False}
        record |= {role: value for role, value in values.items() if value is not None}
        self.tables[api_name].add(record)
        return record

    def touch(self, record: Record, by: str, *, modified: bool = True) -> None:
        """Count a change of `record`; without `modified` its modification stamp stays."""
        record["version"] += 1
        if modified:
            record["last_modified_by"] = [by]
            record["last_modified_time"] = self.now_ms()

    def find(self, api_name: str, record_id: Any, caller: Caller) -> Record:
        """The record as `caller` may see it. Raises CrmError (`gone_code`) when it is deleted, hidden or unknown."""
        record = self.tables[api_name].records.get(str(record_id))
        if record is None or record["is_deleted"] or not self.visible(record, caller.employee):
            raise CrmError(self.settings.gone_code, "the data does not exist or has been deleted")
        return record

    def visible(self, record: Record, employee: str) -> bool:
        """Private schedules may be hidden from those who do not take part."""
        if not (self.settings.hide_private and record.get("private")):
            return True
        return employee in record["owner"] or employee in record.get("participants", [])

    def log(self, action: str, record: Record, caller: Caller) -> None:
        """Note a write."""
        kind = KINDS[record["object_describe_api_name"]]
        owner = record["owner"][0]
        self.world.write("sharecrm", action, kind=kind, id=record["_id"], actor=caller.actor, owner=owner)

    # The control interface

    def seed(self, seed: Seed) -> None:
        """Plant employees, accounts, contacts and events. Raises ValueError when the seed contradicts itself."""
        for employee in seed.employees:
            if employee.id in self.employees:
                raise ValueError(f"the employee id {employee.id} is given twice")
            self.employees[employee.id] = {**employee.model_dump(), "created": self.now_ms()}
            self.by_open_id[open_user_id(employee.id)] = employee.id
        for account in seed.accounts:
            self.insert(ACCOUNT, {"_id": account.id, "name": account.name}, owner=self.ADMIN, by=self.ADMIN)
        for contact in seed.contacts:
            values = {"_id": contact.id, **contact.model_dump(include={"name", "email", "account_id"})}
            owner = self._known_employee(contact.owner or self.ADMIN)
            self._known(ACCOUNT, [contact.account_id] if contact.account_id else [])
            self.insert(CONTACT, values, owner=owner, by=owner)
        for event in seed.crm_events:
            owner = self._known_employee(event.owner)
            for attendee in event.attendees or []:
                self._known_employee(attendee)
            self._known(CONTACT, event.contacts)
            self.insert(SCHEDULE, schedule_values(event, self.settings), owner=owner, by=owner)

    def _known_employee(self, employee: str) -> str:
        if self.employee_id(employee) is None:
            raise ValueError(f"there is no employee {employee}")
        return employee

    def _known(self, api_name: str, ids: list[str]) -> None:
        for record_id in ids:
            if record_id not in self.tables[api_name].records:
                raise ValueError(f"there is no {KINDS[api_name]} {record_id}")

    def dump(self) -> dict[str, list[dict[str, Any]]]:
        """Everything in plain JSON, in the shapes of the seed; deleted records are marked."""
        shown = ("id", "name", "email", "account", "stopped")
        return {
            "employees": [{name: employee[name] for name in shown} for employee in self.employees.values()],
            "contacts": [self._plain(record, ("email", "account_id")) for record in self._records(CONTACT)],
            "accounts": [self._plain(record, ()) for record in self._records(ACCOUNT)],
            "events": [plain_event(record, self.settings.zone) for record in self._records(SCHEDULE)],
        }

    def _records(self, api_name: str) -> list[Record]:
        return list(self.tables[api_name].records.values())

    @staticmethod
    def _plain(record: Record, roles: tuple[str, ...]) -> dict[str, Any]:
        gone = record["is_deleted"] or record["life_status"] == "invalid"
        plain = {"id": record["_id"], "name": record.get("name", ""), "owner": record["owner"][0]}
        return plain | {role: record.get(role) for role in roles} | {"deleted": gone}
