"""report: what the run did, in a sentence, in counters, and action by action. It runs whatever happened."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from calsync.core.model import Event, Side
from calsync.core.plan import Action, ActionState, Remark, Verb
from calsync.store.records import JournalRow, RunState

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.stages.context import Counters, Ports, Run
    from calsync.staging import Staging

REPORT = "report"
PRIVATE = "Private"

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
}
COUNTERS = (*_COUNTED.values(), "linked", "unlinked", "skipped", "conflicts", *dict.fromkeys(_STATES.values()), "mails",
            "accounts", "requests_crm", "requests_graph")  # fmt: skip
_FAILED = ("failed", "upstream_failed")


def report(tenant: Tenant, ports: Ports, run: Run, states: dict[str, str]) -> Counters:
    """Gather, stage `report.json`, end the run in the state database; `failed` is 1 when a stage failed.

    :param states: task id -> success, failed, skipped, upstream_failed ...
    """
    staging, key = ports.staging, tenant.key
    actions = staging.read_rows(Action, key, run.id, "actions")
    journal = (
        {} if run.dry_run else {row.action.id: row for row in ports.store.actions(key, ids=[a.id for a in actions])}
    )
    remarks = staging.read_rows(Remark, key, run.id, "remarks")
    stages = {name: staging.read_json(key, run.id, f"stage-{name}") or {} for name in states}
    counters = _counters(actions, journal, remarks, stages, run)
    counters["accounts"] = sum(account.served for account in ports.store.accounts(key))
    failed = any(state in _FAILED for state in states.values())
    refusal = (staging.read_json(key, run.id, "verdict") or {}).get("refusal", "")
    sentence = sentence_of(counters, states, stages, refusal, run)
    told = {
        "tenant": key,
        "run": run.id,
        "at": run.at.isoformat(),
        "dry_run": run.dry_run,
        "sentence": sentence,
        "counters": counters,
        "changes": [_change(ports, key, action, journal.get(action.id)) for action in actions],
        "remarks": [_remark(remark) for remark in remarks],
        "stages": {name: {"state": state, **stages[name]} for name, state in states.items()},
    }
    staging.write_json(key, run.id, REPORT, told)
    _end(tenant, ports, run, states, counters, sentence)
    return {**counters, "sentence": sentence, "failed": int(failed)}


def read_report(staging: Staging, tenant: str, run: str) -> dict[str, Any] | None:
    """What `report` staged of a run; None when there is nothing (any more)."""
    found: dict[str, Any] | None = staging.read_json(tenant, run, REPORT)
    return found


def _end(
    tenant: Tenant, ports: Ports, run: Run, states: dict[str, str], counters: dict[str, int], sentence: str
) -> None:
    ports.staging.prune(tenant.key, run.at - timedelta(days=tenant.retention.staging_days))
    if run.dry_run:
        return
    failed = any(state in _FAILED for state in states.values())
    skipped = states.get("diff") == "skipped"
    state = RunState.FAILED if failed else RunState.SKIPPED if skipped else RunState.DONE
    with ports.store.begin() as tx:
        if not any(known.id == run.id for known in tx.runs(tenant.key)):
            if failed or skipped:
                return  # a run that never came to writing is not the tenant's first sync (G4)
            tx.start_run(tenant.key, run.id, run.kind, run.at)
        tx.end_run(tenant.key, run.id, state, ports.now(), counters, sentence)


def _counters(
    actions: list[Action],
    journal: dict[str, JournalRow],
    remarks: list[Remark],
    stages: dict[str, dict[str, Any]],
    run: Run,
) -> dict[str, int]:
    found: Counter[str] = Counter(dict.fromkeys(COUNTERS, 0))
    for action in actions:
        row = journal.get(action.id)
        state = row.state if row else (ActionState.HELD if action.held else ActionState.PLANNED)
        if state is ActionState.DONE or (run.dry_run and not action.held):
            found[_COUNTED.get((action.side, action.verb), f"{action.verb}ed")] += 1
            found["mails"] += len(action.mails)
        elif state in _STATES:
            found[_STATES[state]] += 1
        found["conflicts"] += action.rule == "C5" and "both sides" in action.reason
    found["skipped"] = sum(remark.skipped for remark in remarks)
    for name in ("requests_crm", "requests_graph"):
        found[name] = sum(int(stage.get(name, 0)) for stage in stages.values())
    return dict(found)


def sentence_of(
    counters: dict[str, int], states: dict[str, str], stages: dict[str, dict[str, Any]], refusal: str, run: Run
) -> str:
    """The run in a sentence: what is parked first, then what failed, then what was done."""
    parts = [f"{counters['parked']} parked."] if counters["parked"] else []
    broken = next((name for name, state in states.items() if state == "failed"), None)
    if broken:
        why = refusal or str(stages[broken].get("error", "")) or "see its log"
        parts.append(f"{broken} failed: {why}")
    elif states.get("diff") == "skipped":
        parts.append("Nothing to do: nothing was found and nothing was waiting.")
    else:
        parts.append(_done(counters, run))
        if refusal:
            parts.append(refusal)
    for name, words in (("held", "held for a person"), ("stale", "moved on meanwhile and decided again")):
        if counters[name]:
            parts.append(f"{counters[name]} {words}.")
    return " ".join(parts)


def _done(counters: dict[str, int], run: Run) -> str:
    def side(name: str) -> str:
        return ", ".join(f"{counters[f'{name}_{v}']} {v}" for v in ("created", "updated", "deleted"))

    would = "Would write (dry run): " if run.dry_run else ""
    extra = f", {counters['linked']} linked" if counters["linked"] else ""
    return (
        f"{would}ShareCRM {side('crm')}; Outlook {side('outlook')}{extra}; "
        f"{counters['skipped']} skipped, {counters['mails']} mails."
    )


def _change(ports: Ports, tenant: str, action: Action, row: JournalRow | None) -> dict[str, Any]:
    event = action.event or action.before
    mailbox = {a.object_id: a.employee for a in ports.store.accounts(tenant)}.get(action.mailbox, "")
    return {
        "id": action.id,
        "side": str(action.side),
        "verb": str(action.verb),
        "employee": mailbox or action.actor,
        "title": masked(event, action.before),
        "start": str(event.time.start) if event else "",
        "fields": [
            *action.fields,
            *(["people"] if action.invite or action.uninvite or action.add or action.remove else []),
        ],
        "rule": action.rule,
        "reason": action.reason,
        "mails": len(action.mails),
        "state": str(row.state) if row else ("held" if action.held else "planned"),
        "sentence": (row.sentence if row else "") or action.held,
    }


def masked(*events: Event | None) -> str:
    """A title as it may be shown: private meetings are "Private", also those that were private before (F6)."""
    if any(event.private for event in events if event):
        return PRIVATE
    return next((event.title for event in events if event), "")


def _remark(remark: Remark) -> dict[str, Any]:
    return {
        "side": str(remark.side) if remark.side else "",
        "rule": remark.rule,
        "reason": remark.reason,
        "id": remark.crm_id or remark.outlook_id or remark.link,
        "skipped": remark.skipped,
    }
