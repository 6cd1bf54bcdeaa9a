"""report: what the run did, in a sentence, in counters, and action by action. It runs whatever happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from calsync.core.model import Side
from calsync.core.plan import Action, ActionState, Remark, Verb
from calsync.stages.changes import shown_change, state_of
from calsync.stages.drift import differences, drift_sentence
from calsync.stages.held import Held, held_of, held_words
from calsync.stages.masking import mask_anew, titles_of, without_titles
from calsync.stages.outcomes import GONE_BEFORE, taken_up
from calsync.stages.settings import days
from calsync.store.records import JournalRow, RunState
from calsync.store.records import Run as Ended

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.stages.context import Counters, Ports, Run
    from calsync.staging import Staging
    from calsync.store.store import Store

REPORT = "report"

_COUNTED = {
    (Side.CRM, Verb.CREATE): "crm_created",
    (Side.CRM, Verb.UPDATE): "crm_updated",
    (Side.CRM, Verb.DELETE): "crm_deleted",
    (Side.OUTLOOK, Verb.CREATE): "outlook_created",
    (Side.OUTLOOK, Verb.UPDATE): "outlook_updated",
    (Side.OUTLOOK, Verb.DELETE): "outlook_deleted",
}
_STATES = {
    ActionState.HELD: "held",
    ActionState.PARKED: "parked",
    ActionState.FAILED: "failed",
    ActionState.STALE: "stale",
    ActionState.PLANNED: "left",
    ActionState.SENT: "left",
    ActionState.DROPPED: "dropped",
}
COUNTERS = (*_COUNTED.values(), "linked", "unlinked", "skipped", "conflicts", *dict.fromkeys(_STATES.values()), "mails",
            "compared", "drift", "accounts", "requests_crm", "requests_graph")  # fmt: skip
_OPEN_WORDS = {
    "stale": "moved on meanwhile and decided again",
    "left": "left for the next run",
    "dropped": "dropped by a person",
}
_FAILED = ("failed", "upstream_failed")
_NOTHING_HELD = Held()


def report(tenant: Tenant, ports: Ports, run: Run, states: dict[str, str]) -> Counters:
    """Gather, stage `report.json`, end the run in the state database; `failed` is 1 when a stage failed.

    :param states: task id -> success, failed, skipped, upstream_failed ...
    """
    staging, key = ports.staging, tenant.key
    actions = staging.read_rows(Action, key, run.id, "actions")
    journal = _journal(ports, key, run, {action.id: action for action in actions})
    remarks = staging.read_rows(Remark, key, run.id, "remarks")
    verdict = staging.read_json(key, run.id, "verdict") or {}
    accounts = ports.store.accounts(key)
    stages = {name: _stage(staging, key, run, name) for name in states}
    counters = _counters(actions, journal, run)
    counters["conflicts"] = int(verdict.get("conflicts", 0))
    counters["skipped"] = sum(remark.skipped for remark in remarks)
    counters["accounts"] = sum(account.served for account in accounts)
    for name in ("requests_crm", "requests_graph"):
        counters[name] = sum(int(stage.get(name, 0)) for stage in stages.values())
    found_out = _drift(tenant, run, verdict, actions, journal, counters)
    new = [a.link for a in actions if state_of(a, journal.get(a.id)) is ActionState.HELD]
    sentence = sentence_of(counters, states, stages, run, found_out, held_of(ports.store, key, new, remarks))
    employees = {account.object_id: account.employee for account in accounts}
    titles = titles_of(staging, ports.store, key, run.id, remarks)
    told = {
        "tenant": key,
        "run": run.id,
        "at": run.at.isoformat(),
        "dry_run": run.dry_run,
        "sentence": sentence,
        "counters": counters,
        "changes": [shown_change(action, journal.get(action.id), employees) for action in actions],
        "remarks": [_remark(remark, titles) for remark in remarks],
        "stages": {name: {**stages[name], "state": state} for name, state in states.items()},
    }
    staging.write_json(key, run.id, REPORT, mask_anew(told, ports.store))
    _end(tenant, ports, run, states, counters, sentence)
    return {**counters, "sentence": sentence, "failed": int(_has_failed(states))}


def _journal(ports: Ports, key: str, run: Run, actions: dict[str, Action]) -> dict[str, JournalRow]:
    """By action, what the journal says of it; of a dry run's, what the real one would leave as it stands there (G8)."""
    found = {row.action.id: row for row in ports.store.actions(key, ids=actions)}
    if not run.dry_run:
        return found
    now = ports.now()
    return {id_: row for id_, row in found.items() if taken_up(actions[id_], row, run.at, now) is row.state}


def _drift(
    tenant: Tenant,
    run: Run,
    verdict: dict[str, Any],
    actions: list[Action],
    journal: dict[str, JournalRow],
    counters: dict[str, int],
) -> str:
    """What a run over days of its own found and mended, in counters and a sentence; "" of any other (G8)."""
    if "compared" not in verdict:
        return ""
    differ, mended = differences(actions, {action.id: state_of(action, journal.get(action.id)) for action in actions})
    counters |= {"compared": int(verdict["compared"]), "drift": differ}
    return drift_sentence(days(tenant, run), counters["compared"], differ, None if run.dry_run else mended)


def _has_failed(states: dict[str, str]) -> bool:
    return any(state in _FAILED for state in states.values())


def _stage(staging: Staging, key: str, run: Run, name: str) -> dict[str, Any]:
    """How a stage went; of a mapped one, its batches together: numbers added up, the longest time, the first error."""
    told: dict[str, Any] = {}
    for part in staging.read_parts(key, run.id, f"stage-{name}"):
        for fact, value in part.items():
            if fact == "seconds":
                told[fact] = max(value, told.get(fact, 0.0))
            elif isinstance(value, int):
                told[fact] = value + told.get(fact, 0)
            else:
                told.setdefault(fact, value)
    return told


def read_report(staging: Staging, tenant: str, run: str) -> dict[str, Any] | None:
    """What `report` staged of a run; None when there is nothing (any more). For people: `shown_report`."""
    found: dict[str, Any] | None = staging.read_json(tenant, run, REPORT)
    return found


def shown_report(
    staging: Staging,
    store: Store | None,
    tenant: str,
    run: str,
    narrow: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
) -> dict[str, Any] | None:
    """The report of a run as it may be shown today: what has turned private since is masked (F6).

    :param store: None when the state database cannot be asked: then no title is shown
    :param narrow: takes out what is not looked at, before the rest is looked up
    """
    told = read_report(staging, tenant, run)
    if told is None:
        return None
    told = narrow(told) if narrow else told
    return mask_anew(told, store) if store else without_titles(told)


def _end(
    tenant: Tenant, ports: Ports, run: Run, states: dict[str, str], counters: dict[str, int], sentence: str
) -> None:
    if run.dry_run:
        return
    ports.staging.prune(tenant.key, run.at - timedelta(days=tenant.retention.staging_days))
    failed = _has_failed(states)
    skipped = states.get("diff") == "skipped"
    state = RunState.FAILED if failed else RunState.SKIPPED if skipped else RunState.DONE
    ended = Ended(run.id, run.kind, run.at, state, ports.now(), counters, sentence)
    with ports.store.begin() as tx:
        tx.note_last_run(tenant.key, ended, synced=run.moves_cursors and not failed)
        if not any(known.id == run.id for known in tx.runs(tenant.key)):
            if failed or skipped:
                return  # a run that never came to writing is not the tenant's first sync (G4)
            tx.start_run(tenant.key, run.id, run.kind, run.at)
        tx.end_run(tenant.key, run.id, state, ended.ended_at or run.at, counters, sentence)


def _counters(actions: list[Action], journal: dict[str, JournalRow], run: Run) -> dict[str, int]:
    """Every action in one counter; the mails of those that were done, and had something to do."""
    found: Counter[str] = Counter(dict.fromkeys(COUNTERS, 0))
    for action in actions:
        row = journal.get(action.id)
        state = state_of(action, row)
        if state is ActionState.DONE or (run.dry_run and state is ActionState.PLANNED):
            found[_COUNTED.get((action.side, action.verb), f"{action.verb}ed")] += 1
            if not (row and row.code == GONE_BEFORE):
                found["mails"] += len(action.mails)
        else:
            found[_STATES[state]] += 1
    return dict(found)


def sentence_of(
    counters: dict[str, int],
    states: dict[str, str],
    stages: dict[str, dict[str, Any]],
    run: Run,
    drift: str = "",
    held: Held = _NOTHING_HELD,
) -> str:
    """The run in a sentence: what is parked first, then what it compared, then what failed, then what was done, then
    what is held."""
    parts = [f"{counters['parked']} parked."] if counters["parked"] else []
    parts += [drift] if drift else []
    broken = next((name for name, state in states.items() if state == "failed"), None)
    if broken:
        why = str(stages[broken].get("error", "")) or "see its log"
        parts.append(f"{broken} failed: {why}")
    elif states.get("diff") == "skipped":
        waits = held.waiting or held.answered
        parts.append(f"Nothing to do: nothing {'new was found' if waits else 'was found and nothing was waiting'}.")
    else:
        parts.append(_done(counters, run, held))
    parts += held_words(held, dry_run=run.dry_run)
    for name, words in _OPEN_WORDS.items():
        if counters[name]:
            parts.append(f"{counters[name]} {words}.")
    if unkept := stages.get("load", {}).get("unkept"):
        meetings = "1 meeting has" if unkept == 1 else f"{unkept} meetings have"
        parts.append(f"{meetings} a record or an event that belongs to another; report it if it stays.")
    if away := stages.get("extract_graph", {}).get("unavailable"):
        parts.append(f"{away} mailbox{'' if away == 1 else 'es'} could not be read.")
    if not counters["accounts"] and not broken:
        parts.append("Nobody's calendar takes part: authorise people with `python -m calsync accounts authorise`.")
    return " ".join(parts)


def _done(counters: dict[str, int], run: Run, held: Held) -> str:
    written = [
        f"{label} {', '.join(done)}"
        for label, side in (("ShareCRM", "crm"), ("Outlook", "outlook"))
        if (done := [f"{n} {verb}" for verb in ("created", "updated", "deleted") if (n := counters[f"{side}_{verb}"])])
    ]
    agreed = [f"{counters[name]} {name}" for name in ("linked", "unlinked") if counters[name]]
    what = "; ".join([*written, *([", ".join(agreed)] if agreed else [])])
    if not what and (held != _NOTHING_HELD or any(counters[name] for name in _STATES.values())):
        return f"Nothing was written; {counters['skipped']} skipped."
    if not what:
        return f"Nothing to write: both calendars agree; {counters['skipped']} skipped."
    would = "Would write (dry run): " if run.dry_run else ""
    mails = "1 mail" if counters["mails"] == 1 else f"{counters['mails']} mails"
    return f"{would}{what}; {counters['skipped']} skipped, {mails}."


def _remark(remark: Remark, titles: dict[str, str]) -> dict[str, Any]:
    about = (remark.crm_id, remark.outlook_id, remark.link)
    return {
        "side": str(remark.side) if remark.side else "",
        "rule": remark.rule,
        "reason": remark.reason,
        "id": next((id_ for id_ in about if id_), ""),
        "link": remark.link,
        "title": next((title for id_ in about if (title := titles.get(id_))), ""),
        "skipped": remark.skipped,
    }
