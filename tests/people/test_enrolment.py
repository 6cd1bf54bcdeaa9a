"""A list of employees: what each line would do."""

from __future__ import annotations

import pytest
from people.make import ANN, NOW, TWINS, allow, match, tenant

from calsync.accounts import revoke
from calsync.core.accounts import Employee, User, Why
from calsync.stages.enrolment import MOST_LINES, Line, Word, preview, read_lines
from calsync.store.store import Store


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"1\n2\n", [(1, "1"), (2, "2")]),
        (b"\xef\xbb\xbfemployee,name\r\n1,Ann\r\n\r\n2,Bob\r\n", [(2, "1"), (4, "2")]),
        (b"E-mail;name\nann@x.io;Ann", [(2, "ann@x.io")]),
        ('"1"\t李'.encode("gb18030"), [(1, "1")]),
        (b"  1  \n", [(1, "1")]),
        (b"", []),
    ],
)
def test_lists_as_people_save_them(data: bytes, lines: list[tuple[int, str]]) -> None:
    assert read_lines(data) == lines


def test_what_is_no_list_is_refused_with_a_sentence() -> None:
    with pytest.raises(ValueError, match="Save the list as CSV"):
        read_lines(b"PK\x03\x04\x00\x00")
    with pytest.raises(ValueError, match="at most 20,000"):
        read_lines(b"1\n" * (MOST_LINES + 1))


@pytest.fixture
def full(store: Store) -> Store:
    """Ann authorised, Bob not, Cem with two users, Dan without one, Eve connected elsewhere, two with one address."""
    users = [TWINS[0], User("u3", mail="bob@x.io", proxies=("robert@x.io",)), User("u6", mail="eve@x.io")]
    several = [User("u4", mail="cem@x.io"), User("u5", upn="cem@x.io")]
    employees = [
        Employee(key, f"{name}@x.io") for key, name in (("2", "bob"), ("3", "cem"), ("4", "dan"), ("5", "eve"))
    ]
    shared = [Employee("6", "desk@x.io"), Employee("7", "desk@x.io")]
    match(store, [ANN, *employees, *shared], [*users, *several])
    match(store, [employees[3]], [users[2]], key="north")
    allow(store, "1")
    allow(store, "5", key="north")
    return store


AUTHORISE = [
    ("1", "", "is authorised already"),
    ("2", "2", "will be authorised"),
    ("Robert@x.io", "", "the same employee as in line 2"),
    ("3", "", str(Why.SEVERAL_USERS)),
    ("dan@x.io", "", str(Why.NO_USER)),
    ("5", "", "is authorised in configuration north: revoke it there first"),
    ("desk@x.io", "", "several employees have this address: give the id"),
    ("99", "", "no employee with this id or address"),
    ("nobody@x.io", "", "no employee with this id or address"),
]


def test_each_line_is_told_before_anything_is_done(full: Store) -> None:
    lines = [(number, given) for number, (given, _, _) in enumerate(AUTHORISE, 1)]
    before = full.accounts("acme")
    told = preview(tenant(), lines, Word.AUTHORISE, full)
    assert told == [Line(number, *expected) for number, expected in enumerate(AUTHORISE, 1)]
    assert full.accounts("acme") == before


def test_a_list_revokes_too(full: Store) -> None:
    told = preview(tenant(), [(1, "ann@x.io"), (2, "2")], Word.REVOKE, full)
    assert [(line.employee, line.sentence) for line in told] == [
        ("1", "will be revoked"),
        ("", "is not authorised: nothing to revoke"),
    ]
    revoke(tenant(), ["1"], full, NOW)
    assert not preview(tenant(), [(1, "1")], Word.REVOKE, full)[0].does
