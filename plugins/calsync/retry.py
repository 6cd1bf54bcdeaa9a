"""Whether a failed task is tried again, and when: the branch of the error tree decides."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.sdk import RetryDecision, RetryPolicy

from calsync.errors import Terminal, Transient

if TYPE_CHECKING:
    from airflow.sdk import Context


class ErrorTreeRetryPolicy(RetryPolicy):
    """Terminal errors fail at once; transient ones wait as long as the service asked; the rest keep Airflow's back-off.

    Airflow asks the policy in the worker, with the exception itself, and never goes beyond the task's `retries`.
    """

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        """The decision for this failure. The reason names the error's class only: it is shown on Airflow's pages."""
        kind = type(exception).__name__
        if isinstance(exception, Terminal):
            return RetryDecision.fail(f"{kind}: trying again changes nothing")
        if isinstance(exception, Transient) and exception.retry_after is not None:
            wait = timedelta(seconds=max(exception.retry_after, 1.0))
            return RetryDecision.retry(wait, f"{kind}: the service asked for a pause of {wait.total_seconds():.0f} s")
        return RetryDecision.default()
