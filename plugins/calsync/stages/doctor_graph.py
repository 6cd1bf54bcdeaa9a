"""What `doctor` looks at in Microsoft Graph: connection, token, permissions, one mailbox, the clock. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from calsync.errors import ConfigError
from calsync.graph.paths import url
from calsync.stages.check import Check, Level, Look, bad, clock, in_turn, ok, warn

if TYPE_CHECKING:
    from calsync.core.model import Account
    from calsync.graph.client import GraphClient
    from calsync.stages.context import Ports

DIRECTORY, CALENDARS = "User.Read.All", "Calendars.ReadWrite"
READS_DIRECTORY = frozenset({DIRECTORY, "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"})
"""Each of these lets an application list the users (Graph permissions reference)."""

CONNECTION = "Microsoft connection"
_ADD_IT = "add it in Entra as an application permission, with admin consent"


async def of_graph(
    ports: Ports, accounts: Sequence[Account], mailbox: str = "", within_s: float | None = None
) -> list[Check]:
    """The checks of Microsoft's side.

    :param accounts: the tenant's accounts, one of whose mailboxes is tried
    :param mailbox: the address of another one to try in their place
    :param within_s: seconds that each check may take
    """
    try:
        client = ports.graph()
    except ConfigError as error:
        return [Check(CONNECTION, Level.BAD, str(error))]
    async with client as graph:
        return await in_turn(_looks(graph, accounts, mailbox), within_s)


def _looks(client: GraphClient, accounts: Sequence[Account], address: str) -> list[Look]:
    async def connection() -> tuple[Level, str]:
        return ok(f"The connection is complete; Graph is {client.settings.base_url}.")

    async def token() -> tuple[Level, str]:
        await client.roles()
        return ok("The login service gives a token.")

    async def permissions() -> tuple[Level, str]:
        return _permissions(await client.roles())

    async def directory() -> tuple[Level, str]:
        await client.get(url("users", _select="id", _top=1))
        return ok("The application may list the users of the Microsoft tenant.")

    async def mailbox() -> tuple[Level, str]:
        return await (_named(client, address) if address else _mailbox(client, accounts))

    async def time() -> tuple[Level, str]:
        return clock("Microsoft", client.skew.total_seconds()) if client.skew else ok("Microsoft's clock agrees.")

    return [
        Look(CONNECTION, connection, needed=True),
        Look("Microsoft token", token, needed=True),
        Look("Microsoft permissions", permissions),
        Look("Microsoft directory", directory),
        Look("Microsoft mailbox", mailbox),
        Look("Microsoft clock", time),
    ]


def _permissions(roles: frozenset[str]) -> tuple[Level, str]:
    """What the token's `roles` claim says. It is a diagnosis only: the live probes decide."""
    if not roles:
        return warn("The token names no application permissions; whether they are enough, the two next lines say.")
    if not roles & READS_DIRECTORY:
        return bad(f"The application lacks {DIRECTORY}: {_ADD_IT}.")
    if CALENDARS not in roles:
        by_exchange = "only where Exchange grants it by RBAC for Applications is it rightly not in the token"
        return warn(f"The application lacks {CALENDARS}: {_ADD_IT}; {by_exchange}.")
    return ok(f"The token has {', '.join(sorted(roles & (READS_DIRECTORY | {CALENDARS})))}.")


async def _mailbox(client: GraphClient, accounts: Sequence[Account]) -> tuple[Level, str]:
    """A probe of one authorised mailbox, the first that is not known to be away."""
    authorised = sorted((a for a in accounts if a.authorised), key=lambda a: (not a.served, a.employee))
    if not authorised:
        return warn("Nobody is authorised yet, so no mailbox could be tried: `python -m calsync accounts authorise`.")
    one = authorised[0]
    return await _reached(client, one.object_id, f"The calendar of employee {one.employee}")


async def _named(client: GraphClient, address: str) -> tuple[Level, str]:
    """A probe of the mailbox that a person named; the address itself is not said again."""
    return await _reached(client, address, "The calendar of this mailbox")


async def _reached(client: GraphClient, user: str, whose: str) -> tuple[Level, str]:
    calendar = await client.get(url("users", user, "calendar", _select="id,canEdit"))
    if calendar.get("canEdit") is False:
        return bad(f"{whose} may be read, not changed: grant {CALENDARS}.")
    return ok(f"{whose} can be reached.")
