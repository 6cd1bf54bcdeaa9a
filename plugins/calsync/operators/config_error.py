"""The only task of a tenant whose file cannot be used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from calsync.errors import ConfigError

if TYPE_CHECKING:
    from airflow.sdk import Context


class ConfigErrorOperator(BaseOperator):
    """
    Fails with what is wrong in the tenant's file.

    :param problems: lines of `file: field: what and what to do`
    """

    ui_color = "#f4c7c3"

    def __init__(self, *, problems: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.problems = problems

    def execute(self, context: Context) -> None:
        """Fail.

        :raises ConfigError: always
        """
        raise ConfigError(self.problems)
