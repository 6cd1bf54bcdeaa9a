"""A person's word, carried out at once in a run that looks at its meetings alone: for what is held (G6), or a wish."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from calsync.stages.context import Focus
from calsync.stages.holds import answer
from calsync.stages.lease import exclusively
from calsync.stages.run import run_tenant
from calsync.stages.wishes import note

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.core.plan import Word
    from calsync.stages.context import Counters, Ports, Run
    from calsync.store.records import Wish


def answer_now(
    tenant: Tenant, ports: Ports, run: Run, ids: Iterable[str], word: Word, who: str
) -> tuple[list[str], Counters]:
    """Note a person's word about these meetings or questions, and do what follows from it.

    :returns: the meetings it was said of, and what the run's report says; no counters when there are none
    :raises LeaseHeld: another run writes this tenant; nothing was noted
    """
    with exclusively(tenant, ports, run):
        answered = _noted(tenant, ports, run, ids, word, who)
        if not answered:
            return [], {}
        return answered, run_tenant(tenant, ports, replace(run, focus=Focus(links=frozenset(answered))))


def answer_next(tenant: Tenant, ports: Ports, run: Run, ids: Iterable[str], word: Word, who: str) -> list[str]:
    """Note a person's word about these meetings or questions, for the next run to do what follows from it.

    :returns: the meetings it was said of
    :raises LeaseHeld: another run writes this tenant; nothing was noted
    """
    with exclusively(tenant, ports, run):
        return _noted(tenant, ports, run, ids, word, who)


def _noted(tenant: Tenant, ports: Ports, run: Run, ids: Iterable[str], word: Word, who: str) -> list[str]:
    return sorted({link for id_ in ids for link in answer(tenant, ports, run, id_, word, who)})


def wish_now(tenant: Tenant, ports: Ports, run: Run, wish: Wish) -> Counters:
    """Note what a person wants of one meeting, and do it; what the run's report says.

    :raises LeaseHeld: another run writes this tenant; nothing was noted
    """
    with exclusively(tenant, ports, run):
        note(tenant, ports.store, wish)
        return run_tenant(tenant, ports, replace(run, focus=Focus(links=frozenset({wish.link}))))
