"""The two tasks before the stages of an approval: ask a person, and write down what they said (RULES G6)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Final

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import conf
from airflow.sdk.exceptions import AirflowSkipException, TaskAwaitingInput

from calsync.config.load import load_one, tenants_folder
from calsync.core.plan import Word
from calsync.naming import ASK, changes_tab
from calsync.operators.base import StageOperator, discreet
from calsync.operators.runs import asked_for, run_of

if TYPE_CHECKING:
    from airflow.sdk import Context

    from calsync.config.model import Tenant
    from calsync.stages.context import Counters, Ports, Run

NOTHING_WAITS: Final = (
    "Nothing of this question waits any more: it was answered elsewhere, or what it was about has moved on."
)

NOBODY_LEFT_TO_ASK: Final = (
    "Nothing waits that nobody was asked about yet. To be asked again about something else, start this DAG with the "
    "id of its question, as `python -m calsync held` lists it."
)

TOO_LATE: Final = (
    "The answer changes nothing: what it is about was answered elsewhere, has moved on, or can have no such answer. "
    "What still waits is asked about again."
)


class AskOperator(HITLOperator):
    """
    Puts a question about held actions under *Required Actions* and waits for the answer, however long.

    It shows counts and ids, never a title, a name or an address: Airflow stores what is asked.

    :param tenant_key: the stem of the tenant's file
    """

    template_fields: Collection[str] = ("tenant_key",)
    ui_color = "#f6e0a8"
    ui_fgcolor = "#1b1f24"

    def __init__(self, *, tenant_key: str, **kwargs: Any) -> None:
        super().__init__(subject="What calsync held back", options=[str(word) for word in Word], **kwargs)
        self.tenant_key = tenant_key

    def execute(self, context: Context) -> Any:
        """Ask, and wait without a slot; Airflow goes on with `execute_complete`.

        A run that was started without a question asks about everything that nobody was asked about yet.

        :raises AirflowSkipException: nothing of the question waits any more, or there is nothing left to ask about
        """
        from calsync.stages.asked import show_question
        from calsync.stages.holds import gather, put, question

        dag_run, named = context["dag_run"], asked_for(context["params"])
        with self._at_work(context) as (tenant, ports, run):
            if not named:
                gather(tenant, ports, _question_of(run))
            asked = question(tenant, ports.store, _question_of(run))
            if asked.links:
                show_question(tenant, ports, run, asked)
        if not asked.links:
            raise AirflowSkipException(NOTHING_WAITS if named else NOBODY_LEFT_TO_ASK)
        self.body = asked.markdown(
            changes_tab(dag_run.dag_id, dag_run.run_id, conf.get("api", "base_url", fallback=""))
        )
        try:
            return super().execute(context)
        except TaskAwaitingInput:
            with self._at_work(context) as (tenant, ports, run):
                put(tenant, ports, _question_of(run))
            raise

    @contextmanager
    def _at_work(self, context: Context) -> Iterator[tuple[Tenant, Ports, Run]]:
        from calsync.stages.ports import open_ports

        with discreet(self.task_id):
            tenant = load_one(tenants_folder(), self.tenant_key)
            with closing(open_ports(tenant)) as ports:
                yield tenant, ports, run_of(context, tenant)


class AnswerOperator(StageOperator):
    """
    Writes down what a person answered, and who it was; the stages behind it carry it out.

    :param tenant_key: the stem of the tenant's file
    """

    ui_color = "#f6e0a8"
    word = ""
    who = ""

    def execute(self, context: Context) -> Counters:
        """Run the stage.

        :raises AirflowSkipException: the answer changes nothing
        """
        said = context["ti"].xcom_pull(task_ids=ASK)
        self.word, self.who = said["chosen_options"][0], _who(said["responded_by_user"])
        counters = super().execute(context)
        if not counters["meetings"]:
            raise AirflowSkipException(TOO_LATE)
        return counters

    def stage(self, tenant: Tenant, ports: Ports, run: Run) -> Counters:
        from calsync.stages.holds import answer

        links = answer(tenant, ports, run, _question_of(run), Word(self.word), self.who)
        return {"meetings": len(links), "answer": self.word}


def _question_of(run: Run) -> str:
    return run.focus.question if run.focus else ""


def _who(user: Mapping[str, Any] | None) -> str:
    """The Airflow user who answered, as the history names them."""
    return str((user or {}).get("name") or (user or {}).get("id") or "")
