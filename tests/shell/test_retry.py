"""Which failures are tried again, and when."""

from __future__ import annotations

from datetime import timedelta

import pytest
from airflow.sdk import RetryAction

from calsync.errors import (
    AuthFailed,
    CalsyncError,
    ConfigError,
    LeaseLost,
    Remote,
    Throttled,
    Unavailable,
)
from calsync.retry import ErrorTreeRetryPolicy

GRAPH = Remote("graph", 429)


@pytest.mark.parametrize(
    ("error", "action", "wait"),
    [
        (Throttled("Slow down.", GRAPH, 37), RetryAction.RETRY, timedelta(seconds=37)),
        (Throttled("Slow down.", GRAPH, 0), RetryAction.RETRY, timedelta(seconds=1)),
        (Throttled("Slow down.", GRAPH), RetryAction.DEFAULT, None),
        (Unavailable("Down.", GRAPH, 120), RetryAction.RETRY, timedelta(minutes=2)),
        (Unavailable("Down.", GRAPH), RetryAction.DEFAULT, None),
        (AuthFailed("No token.", GRAPH), RetryAction.FAIL, None),
        (ConfigError(["a.yaml: name: is missing: add it"]), RetryAction.FAIL, None),
        (LeaseLost("Lost."), RetryAction.FAIL, None),
        (CalsyncError("Something unexpected."), RetryAction.DEFAULT, None),
        (ValueError("x"), RetryAction.DEFAULT, None),
    ],
)
def test_the_branch_of_the_error_tree_decides(error: Exception, action: RetryAction, wait: timedelta | None) -> None:
    decision = ErrorTreeRetryPolicy().evaluate(error, try_number=1, max_tries=3)
    assert (decision.action, decision.retry_delay) == (action, wait)
    assert str(error) not in (decision.reason or "")
