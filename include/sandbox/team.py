"""The believable sales team of the demo: people, customers, and two calendars that do not agree yet.

Contoso sells from Shanghai. Among its people are the awkward ones: one without a mailbox, a stopped employee, an
address that differs in case, an alias, a guest. Among its events are all-day, private and long ones, emoji, a weekly
series with an exception and a cancelled date, and an outsider's meeting.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

CALENDAR = "Sales calendar"
ZONE = "Asia/Shanghai"

_WORKDAYS = 5

EMPLOYEES = [
    {"id": "1000", "name": "Lin Mei", "email": "lin.mei@contoso.example", "account": "linmei"},
    {"id": "1001", "name": "Anna Berg", "email": "anna.berg@contoso.example", "account": "anna"},
    {"id": "1002", "name": "Raj Patel", "email": "Raj.Patel@Contoso.example", "account": "raj"},
    {"id": "1003", "name": "Sofia Rossi", "email": "sofia@contoso.example", "account": "sofia"},
    {"id": "1004", "name": "Tom Wright", "email": "tom.wright@contoso.example", "account": "tom"},
    {"id": "1005", "name": "陈伟 Chen Wei", "email": "chen.wei@contoso.example", "account": "chenwei"},
    {"id": "1006", "name": "Olga Novak", "email": "olga.novak@contoso.example", "account": "olga", "stopped": True},
    {"id": "1007", "name": "Diego Alvarez", "email": "diego@partner.example", "account": "diego"},
]

MAILBOXES = [
    {"address": "lin.mei@contoso.example", "name": "Lin Mei", "time_zone": ZONE},
    {"address": "anna.berg@contoso.example", "name": "Anna Berg", "time_zone": ZONE},
    {"address": "raj.patel@contoso.example", "name": "Raj Patel", "time_zone": ZONE},
    {
        "address": "sofia.rossi@contoso.example",
        "name": "Sofia Rossi",
        "time_zone": ZONE,
        "proxy_addresses": ["SMTP:sofia.rossi@contoso.example", "smtp:sofia@contoso.example"],
    },
    {"address": "chen.wei@contoso.example", "name": "陈伟 Chen Wei", "time_zone": ZONE},
    {"address": "olga.novak@contoso.example", "name": "Olga Novak", "time_zone": ZONE},
    {"address": "diego@partner.example", "name": "Diego Alvarez", "user_type": "Guest"},
    {"address": "paula.kim@contoso.example", "name": "Paula Kim", "time_zone": ZONE},
]

ACCOUNTS = [
    {"id": "acc-northwind", "name": "Northwind Traders"},
    {"id": "acc-fabrikam", "name": "Fabrikam"},
    {"id": "acc-litware", "name": "Litware"},
    {"id": "acc-galaxy", "name": "星河科技"},
]

_CONTACTS = [
    ("con-01", "Grace Hill", "grace.hill@northwind.example", "acc-northwind"),
    ("con-02", "Peter Novotny", "peter@northwind.example", "acc-northwind"),
    ("con-03", "Ines Duarte", "ines.duarte@northwind.example", "acc-northwind"),
    ("con-04", "Samuel Okoro", "samuel.okoro@fabrikam.example", "acc-fabrikam"),
    ("con-05", "Julia Stein", "julia.stein@fabrikam.example", "acc-fabrikam"),
    ("con-06", "Marc Dubois", "marc@fabrikam.example", "acc-fabrikam"),
    ("con-07", "Front desk", "office@litware.example", "acc-litware"),
    ("con-08", "Helen Brooks", "office@litware.example", "acc-litware"),
    ("con-09", "Yusuf Demir", "yusuf.demir@litware.example", "acc-litware"),
    ("con-10", "王芳", "wang.fang@galaxy.example", "acc-galaxy"),
    ("con-11", "李强", "li.qiang@galaxy.example", "acc-galaxy"),
    ("con-12", "Old reception", "", "acc-galaxy"),
]

_LONG = "Quarterly review of the Northwind framework agreement: prices, delivery dates, service levels, " + (
    "open complaints, the planned move of the warehouse, the new contact in purchasing, training for the second shift, "
    "the joint exhibition in spring, and what we promised them last year but have not yet delivered"
)

# Working day from this week's Monday, start, end (Shanghai), content, owner, and what differs from a plain event.
_CRM_EVENTS: list[tuple[int, str, str, str, str, dict[str, Any]]] = [
    (-3, "10:00", "11:00", "Follow-up call Fabrikam", "1001", {"contacts": ["con-04"]}),
    (0, "09:30", "10:00", "Visit to Northwind Traders", "1001", {"contacts": ["con-01", "con-02"]}),
    (
        1,
        "14:00",
        "15:30",
        "Offer presentation Litware",
        "1002",
        {"contacts": ["con-09"], "attendees": ["1002", "1001"]},
    ),
    (1, "16:00", "17:00", "Contract talks 星河科技 🤝", "1005", {"contacts": ["con-10", "con-11"]}),
    (2, "11:00", "12:00", _LONG, "1000", {"contacts": ["con-03"], "attendees": ["1000", "1001", "1005"]}),
    (2, "13:00", "14:00", "Salary talk", "1000", {"private": True, "attendees": ["1000", "1003"]}),
    (3, "10:00", "10:30", "Call the front desk at Litware", "1003", {"contacts": ["con-07"]}),
    (4, "09:00", "10:00", "Hand over of accounts", "1003", {"attendees": ["1003", "1004"]}),
    (
        5,
        "15:00",
        "16:00",
        "Demo for Fabrikam",
        "1002",
        {"contacts": ["con-05", "con-06"], "attendees": ["1002", "1007"]},
    ),
    (6, "08:30", "09:00", "Prepare forecast", "1004", {}),
    (7, "10:00", "12:00", "Site visit 星河科技", "1005", {"contacts": ["con-12"]}),
    (8, "13:30", "14:30", "Dentist", "1001", {"private": True, "calendar": "CRM Calendar"}),
    (9, "11:00", "11:45", "Reference call", "1002", {"calendar": "CRM Calendar", "contacts": ["con-01"]}),
]

# First working day, last working day, content, owner, and what differs.
_CRM_DAYS: list[tuple[int, int, str, str, dict[str, Any]]] = [
    (3, 4, "Trade fair Shanghai", "1000", {"attendees": ["1000", "1001", "1002"]}),
    (10, 10, "Inventory day", "1005", {}),
]

# Working day, start, end, subject, mailbox, guests, and further Graph properties. A name alone is one of Contoso's.
_OUTLOOK_EVENTS: list[tuple[int, str, str, str, str, list[str], dict[str, Any]]] = [
    (-2, "09:00", "09:30", "Debrief last week", "lin.mei", ["anna.berg"], {}),
    (0, "11:00", "12:00", "Pipeline review", "lin.mei", ["anna.berg", "raj.patel", "sofia.rossi"], {}),
    (0, "15:00", "15:30", "Call with Grace", "anna.berg", ["grace.hill@northwind.example"], {}),
    (1, "09:00", "10:00", "Doctor", "anna.berg", [], {"sensitivity": "private"}),
    (1, "11:00", "12:00", "Prices for Fabrikam", "raj.patel", ["julia.stein@fabrikam.example", "lin.mei"], {}),
    (2, "09:30", "10:30", "技术交流 with 星河 🚀", "chen.wei", ["wang.fang@galaxy.example"], {}),
    (3, "14:00", "15:00", "Kick-off with an unknown guest", "sofia.rossi", ["somebody@elsewhere.example"], {}),
    (4, "16:00", "16:30", "Week in review", "lin.mei", [], {"showAs": "free"}),
    (5, "10:00", "11:00", "Litware office tour", "sofia.rossi", ["office@litware.example"], {}),
    (6, "13:00", "14:00", "Lunch with the partner", "raj.patel", ["diego@partner.example"], {}),
    (7, "09:00", "09:45", "Interview", "lin.mei", ["paula.kim"], {"sensitivity": "confidential"}),
    (8, "15:00", "17:00", "Focus time", "chen.wei", [], {}),
]


def sales_team(now: datetime) -> dict[str, Any]:
    """The seed, the same for the same date: from last week's end to two weeks ahead of `now`'s day in Shanghai."""
    today = now.astimezone(ZoneInfo(ZONE)).date()
    week = _Week(today)
    contacts = [
        {"id": key, "name": name, "email": email, "account_id": account, "owner": "1000"}
        for key, name, email, account in _CONTACTS
    ]
    return {
        "employees": EMPLOYEES,
        "accounts": ACCOUNTS,
        "contacts": contacts,
        "mailboxes": MAILBOXES,
        "crm_events": [*week.crm_events(), *week.crm_days()],
        "outlook_events": [*week.outlook_events(), week.all_day(), week.series(), week.outsiders()],
    }


class _Week:
    """Turns the tables' working days into dates, from the Monday of the week that the day after `today` is in."""

    def __init__(self, today: date) -> None:
        tomorrow = today + timedelta(days=1)
        self.monday = tomorrow - timedelta(days=tomorrow.weekday())
        self.created = datetime.combine(today - timedelta(days=14), time(9), ZoneInfo(ZONE)).isoformat()

    def day(self, number: int) -> date:
        return self.monday + timedelta(days=7 * (number // _WORKDAYS) + number % _WORKDAYS)

    def crm_events(self) -> list[dict[str, Any]]:
        return [
            {
                "id": f"sch-{number:02d}",
                "content": content,
                "start": f"{self.day(day)}T{start}:00",
                "end": f"{self.day(day)}T{end}:00",
                "owner": owner,
                "calendar": CALENDAR,
                "created": self.created,
                **more,
            }
            for number, (day, start, end, content, owner, more) in enumerate(_CRM_EVENTS, 1)
        ]

    def crm_days(self) -> list[dict[str, Any]]:
        return [
            {
                "id": f"sch-day-{number:02d}",
                "content": content,
                "start": str(self.day(first)),
                "end": str(self.day(last)),
                "all_day": True,
                "owner": owner,
                "calendar": CALENDAR,
                "created": self.created,
                **more,
            }
            for number, (first, last, content, owner, more) in enumerate(_CRM_DAYS, 1)
        ]

    def outlook_events(self) -> list[dict[str, Any]]:
        return [
            {
                "mailbox": _address(mailbox),
                "subject": subject,
                **self._timed(day, start, end),
                **_guests(guests),
                **more,
            }
            for day, start, end, subject, mailbox, guests, more in _OUTLOOK_EVENTS
        ]

    def _timed(self, day: int, start: str, end: str) -> dict[str, Any]:
        return {"created": self.created, **self._span(day, start, end)}

    def _span(self, day: int, start: str, end: str) -> dict[str, Any]:
        times = {"start": start, "end": end}
        return {name: {"dateTime": f"{self.day(day)}T{at}:00", "timeZone": ZONE} for name, at in times.items()}

    def all_day(self) -> dict[str, Any]:
        first, after = self.day(6), self.day(6) + timedelta(days=1)
        bounds = {"start": first, "end": after}
        return {
            "mailbox": "raj.patel@contoso.example",
            "subject": "Public holiday (office closed)",
            "isAllDay": True,
            "created": self.created,
            **{name: {"dateTime": f"{day}T00:00:00", "timeZone": ZONE} for name, day in bounds.items()},
        }

    def series(self) -> dict[str, Any]:
        """Four Mondays; the second is later and longer, the third does not take place."""
        rule = {
            "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"], "firstDayOfWeek": "sunday"},
            "range": {"type": "numbered", "startDate": str(self.monday), "numberOfOccurrences": 4},
        }
        return {
            "mailbox": "lin.mei@contoso.example",
            "subject": "Sales meeting",
            "recurrence": rule,
            "exceptions": {
                str(self.day(5)): {"subject": "Sales meeting with the forecast"} | self._span(5, "10:00", "11:00")
            },
            "cancelledOccurrences": [str(self.day(10))],
            **self._timed(0, "09:00", "09:30"),
            **_guests(["anna.berg@contoso.example", "chen.wei@contoso.example"]),
        }

    def outsiders(self) -> dict[str, Any]:
        return {
            "mailbox": "anna.berg@contoso.example",
            "subject": "Supplier day at Northwind",
            "organizer": {"emailAddress": {"name": "Peter Novotny", "address": "peter@northwind.example"}},
            **self._timed(4, "13:00", "15:00"),
            **_guests(["anna.berg@contoso.example"]),
        }


def _guests(addresses: list[str]) -> dict[str, Any]:
    return {"attendees": [{"type": "required", "emailAddress": {"address": _address(each)}} for each in addresses]}


def _address(name: str) -> str:
    return name if "@" in name else f"{name}@contoso.example"
