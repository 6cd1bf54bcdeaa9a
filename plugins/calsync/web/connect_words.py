"""What the employee's own page says: each sentence tells what is, and whom to ask where the reader can do nothing."""

from __future__ import annotations

from typing import Final, NamedTuple

from calsync.graph.signin import NotSignedIn
from calsync.stages.connecting import Standing


class Say(NamedTuple):
    """A heading, and what to do."""

    heading: str
    text: str


_ASK: Final = "Ask your administrator of calendar sync"
_ELSE: Final = "ask your administrator of calendar sync"

NOT_SIGNED_IN: Final = {
    NotSignedIn.STALE: Say(
        "This sign-in is no longer valid",
        "It was begun in another window, or too long ago. Sign in again.",
    ),
    NotSignedIn.CANCELLED: Say("You are not signed in", "The sign-in was cancelled. Nothing was changed."),
    NotSignedIn.CONSENT: Say(
        "Microsoft did not get consent",
        "Signing in needs your consent, or your organisation's, to see who you are. Sign in again and accept. If you "
        "are told that an administrator has to approve, ask your Microsoft 365 administrator to consent to this "
        "application.",
    ),
    NotSignedIn.STRANGER: Say(
        "This account belongs to another organisation",
        f"Sign in with the account of your own company. If you did, {_ELSE}: the configuration may "
        "name another Microsoft tenant.",
    ),
    NotSignedIn.BLOCKED: Say(
        "Microsoft did not let you sign in",
        "Your account is blocked, disabled, or not assigned to this application. Ask your Microsoft 365 administrator.",
    ),
}

STANDING: Final = {
    Standing.OPEN: Say("Your calendar is not connected", "Read what will happen below, and connect it."),
    Standing.CONNECTED: Say("Your calendar is connected", "It is kept the same as described below."),
    Standing.ELSEWHERE: Say(
        "Your calendar is connected elsewhere",
        "It is connected in another configuration of your company already, and can be in one only. Disconnect it on "
        f"that one's page first. {_ASK} which one it is, if you do not know.",
    ),
    Standing.GUEST: Say(
        "Guests cannot connect",
        "You signed in as a guest of this organisation. Only its own members can connect a calendar. Sign in with "
        "your own company's account, or ask the person who invited you.",
    ),
    Standing.UNKNOWN: Say(
        "No employee was found for you",
        f"Your Microsoft account is matched with no ShareCRM employee. {_ASK}: your ShareCRM user needs the e-mail "
        "address of this account, and employees have to be matched anew after that.",
    ),
    Standing.AMBIGUOUS: Say(
        "It is not clear which employee you are",
        "Several employees, or several Microsoft accounts, share an address with you. "
        f"{_ASK} to settle who is who on the page of accounts.",
    ),
    Standing.MOVED: Say(
        "Your address belonged to somebody else before",
        f"The employee with your address is connected with another Microsoft account. {_ASK} to authorise you anew.",
    ),
    Standing.STOPPED: Say(
        "You cannot be connected",
        f"Your ShareCRM user is stopped, your Microsoft account is disabled, or you were left out. {_ASK}.",
    ),
}

NO_TENANT: Final = Say(
    "There is no such page",
    f"Check the address you were given. If it is as you were told, {_ELSE}.",
)
TOO_MANY: Final = Say("Too many requests", "Wait a minute, then load the page again.")
NOT_NOW: Final = Say("That does not work at the moment", f"Try again in a few minutes. If it stays so, {_ELSE}.")
NOT_SET_UP: Final = Say(
    "Signing in is not set up",
    f"{_ASK}: the connection to Microsoft, or the registration of the application, has to be corrected.",
)
NOT_YOURS: Final = Say("This form is no longer valid", "Load the page again, and try once more.")
