"""Matching employees with Microsoft users (RULES A5): what matches, what is refused, what outlives a change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calsync.core.accounts import (
    Candidate,
    Employee,
    Matched,
    User,
    Why,
    authorised,
    chosen,
    clean,
    match,
    revoked,
    settled,
)
from calsync.core.model import Account, Availability

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
BEFORE = NOW - timedelta(days=30)


def matched(
    employees: list[Employee],
    users: list[User],
    explicit: Mapping[str, str | None] | None = None,
    known: list[Account] | None = None,
    zones: Mapping[str, str] | None = None,
) -> Matched:
    return match(employees, users, explicit or {}, known or [], zones or {}, NOW)


def pairs(result: Matched) -> dict[str, str]:
    return {account.employee: account.object_id for account in result.accounts}


def refusals(result: Matched) -> dict[str, Why]:
    return {refusal.employee: refusal.why for refusal in result.refusals}


def account(employee: str = "1", user: str = "u1", address: str = "ann@x.io", **more: object) -> Account:
    said: dict[str, object] = {"addresses": frozenset({address}), "authorised_since": BEFORE, **more}
    return Account(employee, user, address, **said)  # type: ignore[arg-type]


ANN = Employee("1", "ann@x.io")


@pytest.mark.parametrize(
    "user",
    [
        User("u1", mail="ann@x.io"),
        User("u1", mail="Ann@X.io", upn="other@x.io"),
        User("u1", mail="ann.b@x.io", proxies=("ANN@x.io",)),
        User("u1", upn="ann@x.io"),
    ],
    ids=["mail", "letter case", "proxy address", "user principal name"],
)
def test_any_of_a_members_addresses_matches(user: User) -> None:
    assert pairs(matched([ANN], [user, User("u2", mail="bob@x.io")])) == {"1": "u1"}


def test_a_new_account_is_not_authorised_and_knows_all_addresses() -> None:
    user = User("u1", mail="Ann.B@x.io", upn="ann@corp.x.io", proxies=("ann@x.io",))

    (found,) = matched([ANN], [user]).accounts

    assert found.authorised is False
    assert found.address == "ann.b@x.io"
    assert found.addresses == {"ann.b@x.io", "ann@corp.x.io", "ann@x.io"}


@pytest.mark.parametrize(
    ("employee", "users", "explicit", "why"),
    [
        (ANN, [User("u2", mail="bob@x.io")], {}, Why.NO_USER),
        (Employee("1"), [User("u1", mail="ann@x.io")], {}, Why.NO_EMAIL),
        (Employee("1", "ann"), [User("u1", mail="ann@x.io")], {}, Why.NO_EMAIL),
        (Employee("1", "ann@x.io", active=False), [User("u1", mail="ann@x.io")], {}, Why.STOPPED),
        (ANN, [User("u1", mail="ann@x.io", member=False)], {}, Why.GUEST),
        (ANN, [User("u1", mail="ann@x.io", enabled=False)], {}, Why.DISABLED),
        (ANN, [User("u1", mail="ann@x.io"), User("u2", upn="ANN@x.io")], {}, Why.SEVERAL_USERS),
        (ANN, [User("u1", mail="ann@x.io"), User("u2", proxies=("ann@x.io",), enabled=False)], {}, Why.SEVERAL_USERS),
        (ANN, [User("u1", mail="ann@x.io")], {"1": None}, Why.EXCLUDED),
        (ANN, [User("u1", mail="ann@x.io")], {"1": "nobody@x.io"}, Why.NO_MAPPED),
    ],
)
def test_whoever_cannot_be_matched_surely_is_refused_with_the_reason(
    employee: Employee, users: list[User], explicit: Mapping[str, str | None], why: Why
) -> None:
    result = matched([employee], users, explicit)

    assert result.accounts == ()
    assert refusals(result) == {"1": why}


@pytest.mark.parametrize("wanted", ["u2", "b@x.io"])
def test_an_explicit_mapping_comes_before_the_address(wanted: str) -> None:
    users = [User("u1", mail="ann@x.io"), User("u2", mail="b@x.io")]

    assert pairs(matched([ANN], users, {"1": wanted})) == {"1": "u2"}


def test_two_employees_of_one_address_are_both_refused() -> None:
    result = matched([ANN, Employee("2", "ANN@x.io")], [User("u1", mail="ann@x.io")])

    assert result.accounts == ()
    assert refusals(result) == {"1": Why.SEVERAL_EMPLOYEES, "2": Why.SEVERAL_EMPLOYEES}


def test_two_employees_of_one_user_through_different_addresses_are_both_refused() -> None:
    user = User("u1", mail="ann@x.io", proxies=("office@x.io",))

    result = matched([ANN, Employee("2", "office@x.io")], [user])

    assert refusals(result) == {"1": Why.SEVERAL_EMPLOYEES, "2": Why.SEVERAL_EMPLOYEES}


def test_a_mapping_settles_who_of_two_it_is() -> None:
    result = matched([ANN, Employee("2", "ann@x.io")], [User("u1", mail="ann@x.io")], {"2": "u1"})

    assert pairs(result) == {"2": "u1"}
    assert refusals(result) == {"1": Why.MAPPED_AWAY}


def test_two_mappings_to_one_user_are_both_refused() -> None:
    employees = [ANN, Employee("2", "b@x.io")]

    result = matched(employees, [User("u1", mail="ann@x.io")], {"1": "u1", "2": "u1"})

    assert refusals(result) == {"1": Why.SEVERAL_EMPLOYEES, "2": Why.SEVERAL_EMPLOYEES}


def test_a_stopped_employee_makes_nothing_ambiguous() -> None:
    employees = [ANN, Employee("2", "ann@x.io", active=False)]

    assert pairs(matched(employees, [User("u1", mail="ann@x.io")])) == {"1": "u1"}


def test_the_user_of_an_authorised_account_is_not_given_to_another_employee() -> None:
    employees = [Employee("1", "ann.married@x.io"), Employee("2", "ann@x.io")]

    result = matched(employees, [User("u1", mail="ann@x.io")], known=[account()])

    assert pairs(result) == {"1": "u1"}
    assert refusals(result) == {"1": Why.NO_USER, "2": Why.TAKEN}


def test_an_address_that_comes_to_match_another_user_moves_nothing_by_itself() -> None:
    users = [User("u1", mail="ann.old@x.io"), User("u2", mail="ann@x.io")]

    result = matched([ANN], users, known=[account()])

    (kept,) = result.accounts
    assert (kept.object_id, kept.authorised_since) == ("u1", BEFORE)
    assert "ann@x.io" in kept.addresses
    assert refusals(result) == {"1": Why.MOVED}
    assert (result.moved["1"].object_id, result.moved["1"].authorised) == ("u2", False)


def test_a_revoked_account_keeps_its_user_too() -> None:
    known = account(revoked_at=NOW - timedelta(days=1))

    result = matched([ANN], [User("u1", mail="old@x.io"), User("u2", mail="ann@x.io")], known=[known])

    assert pairs(result) == {"1": "u1"}
    assert refusals(result) == {"1": Why.MOVED}


def test_an_account_that_never_was_authorised_follows_the_address() -> None:
    known = account(authorised_since=None)

    result = matched([ANN], [User("u1", mail="old@x.io"), User("u2", mail="ann@x.io")], known=[known])

    assert pairs(result) == {"1": "u2"}
    assert result.refusals == ()


def test_a_former_address_stays_the_persons_until_somebody_else_is_given_it() -> None:
    known = account(address="ann.maiden@x.io")
    user = User("u1", mail="ann@x.io")

    (kept,) = matched([ANN], [user], known=[known]).accounts
    (given_away,) = matched([ANN], [user, User("u2", proxies=("ann.maiden@x.io",))], known=[known]).accounts

    assert kept.addresses == {"ann@x.io", "ann.maiden@x.io"}
    assert given_away.addresses == {"ann@x.io"}
    assert kept.address == "ann@x.io"


def test_a_user_who_left_the_directory_is_gone_and_may_come_back() -> None:
    users = [User("u2", mail="bob@x.io")]

    (gone,) = matched([ANN], users, known=[account()]).accounts
    (later,) = match([ANN], users, {}, [gone], {}, NOW + timedelta(days=1)).accounts
    (back,) = matched([ANN], [*users, User("u1", mail="ann@x.io")], known=[gone]).accounts

    assert (gone.availability, gone.away_since, gone.authorised) == (Availability.GONE, NOW, True)
    assert later == gone
    assert (back.availability, back.away_since) == (Availability.OK, None)


def test_what_a_mailbox_said_of_itself_is_not_overruled_by_the_directory() -> None:
    known = account(availability=Availability.NO_MAILBOX, away_since=BEFORE)

    (kept,) = matched([ANN], [User("u1", mail="ann@x.io")], known=[known]).accounts

    assert (kept.availability, kept.away_since) == (Availability.NO_MAILBOX, BEFORE)


def test_an_employee_who_is_stopped_or_gone_leaves_an_inactive_account() -> None:
    users = [User("u1", mail="ann@x.io")]

    (stopped,) = matched([Employee("1", "ann@x.io", active=False)], users, known=[account()]).accounts
    (gone,) = matched([Employee("2", "bob@x.io")], users, known=[account()]).accounts

    assert (stopped.active, stopped.authorised) == (False, True)
    assert (gone.active, gone.authorised) == (False, True)


def test_lists_that_came_back_empty_change_no_account() -> None:
    assert matched([], [], known=[account()]).accounts == (account(),)


def test_a_configured_zone_replaces_a_learnt_one() -> None:
    users = [User("u1", mail="ann@x.io"), User("u2", mail="bob@x.io")]
    known = [account(zone="Asia/Tokyo"), account("2", "u2", "bob@x.io", zone="Asia/Tokyo")]

    result = matched([ANN, Employee("2", "bob@x.io")], users, known=known, zones={"1": "Europe/Berlin"})

    assert [one.zone for one in result.accounts] == ["Europe/Berlin", "Asia/Tokyo"]


@pytest.mark.parametrize(
    ("said", "address"),
    [
        (" Ann@X.io ", "ann@x.io"),
        ("SMTP:Ann@X.io", "ann@x.io"),
        ("X500:/o=Org/cn=ann@x", ""),
        ("ann", ""),
        ("@x.io", ""),
        (None, ""),
    ],
)
def test_addresses_are_compared_trimmed_and_in_lower_case(said: str | None, address: str) -> None:
    assert clean(said) == address


def test_authorising_twice_keeps_the_first_moment_and_revoking_ends_it() -> None:
    first = authorised(account(authorised_since=None), BEFORE)
    again = authorised(first, NOW)
    ended = revoked(again, NOW)

    assert again.authorised_since == BEFORE
    assert (ended.authorised, ended.authorised_since) == (False, BEFORE)
    assert authorised(ended, NOW) == account(authorised_since=NOW)
    assert revoked(ended, NOW + timedelta(days=1)) == ended


ADDRESSES = st.sampled_from(["a@x.io", "b@x.io", "c@x.io", ""])
EMPLOYEES = st.lists(ADDRESSES, max_size=4).map(lambda all_: [Employee(str(n), one) for n, one in enumerate(all_)])
USERS = st.lists(st.tuples(ADDRESSES, ADDRESSES), max_size=4).map(
    lambda all_: [User(f"u{n}", mail=mail, upn=upn) for n, (mail, upn) in enumerate(all_)]
)


@given(EMPLOYEES, USERS)
def test_no_user_ever_stands_for_two_employees_and_nobody_is_forgotten(
    employees: list[Employee], users: list[User]
) -> None:
    result = matched(employees, users)

    assert len(set(pairs(result).values())) == len(result.accounts)
    assert pairs(result).keys() | refusals(result).keys() == {one.id for one in employees}
    assert match(employees, users, {}, result.accounts, {}, NOW).accounts == result.accounts


TWINS = [User("u1", mail="ann@x.io", upn="ann@corp.x.io"), User("u2", mail="ann.b@x.io", proxies=("ann@x.io",))]


def test_an_ambiguous_match_names_whom_a_person_may_choose() -> None:
    (refused,) = matched([ANN], [*TWINS, User("u3", upn="ann@x.io", member=False)]).refusals
    assert (refused.why, refused.address) == (Why.SEVERAL_USERS, "ann@x.io")
    assert refused.candidates == (Candidate("u1", "ann@x.io", "ann@corp.x.io"), Candidate("u2", "ann.b@x.io", ""))


def test_what_a_person_chose_is_kept_by_every_later_matching_and_is_no_authorisation() -> None:
    account = chosen("1", Candidate("u2", "ann.b@x.io"), "ann@x.io")
    result = matched([ANN], TWINS, known=[account])
    assert (pairs(result), refusals(result)) == ({"1": "u2"}, {})
    assert result.accounts[0].chosen
    assert result.accounts[0].authorised_since is None


def test_the_tenant_file_goes_before_what_a_person_chose() -> None:
    account = chosen("1", Candidate("u2", "ann.b@x.io"), "ann@x.io")
    assert pairs(matched([ANN], TWINS, {"1": "u1"}, [account])) == {"1": "u1"}
    assert refusals(matched([ANN], TWINS, {"1": None}, [account])) == {"1": Why.EXCLUDED}


def test_whom_the_tenant_file_leaves_out_is_revoked_and_by_its_silence_not_authorised_again() -> None:
    (out,) = matched([ANN], TWINS[:1], {"1": None}, [account()]).accounts
    assert (out.authorised_since, out.revoked_at) == (BEFORE, NOW)
    result = match([ANN], TWINS[:1], {}, [out], {}, NOW + timedelta(days=1))
    assert (result.accounts, refusals(result)) == ((out,), {})


def test_a_choice_that_is_no_more_leaves_the_match_as_ambiguous_as_it_was() -> None:
    account = chosen("1", Candidate("gone", "ann.b@x.io"), "ann@x.io")
    assert refusals(matched([ANN], TWINS, known=[account])) == {"1": Why.SEVERAL_USERS}


def test_an_employee_chosen_among_several_leaves_the_others_without() -> None:
    office = User("u1", mail="ann@x.io", proxies=("office@x.io",))
    both = [ANN, Employee("2", "office@x.io")]
    before = matched(both, [office])
    assert refusals(before) == {"1": Why.SEVERAL_EMPLOYEES, "2": Why.SEVERAL_EMPLOYEES}
    first, second = before.refusals
    account = chosen("2", second.candidates[0], second.address)
    assert [(one.employee, one.why) for one in settled(before.refusals, second, second.candidates[0])] == [
        ("1", Why.MAPPED_AWAY)
    ]
    after = matched(both, [office], known=[account])
    assert (pairs(after), refusals(after)) == ({"2": "u1"}, {"1": Why.MAPPED_AWAY})
    assert first.candidates == second.candidates
