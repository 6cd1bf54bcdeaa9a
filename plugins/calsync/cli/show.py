"""What commands say: results on standard output, complaints on standard error. Nothing is styled when piped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text


def say(sentence: str) -> None:
    """A sentence for the person, on standard output; never wrapped, brackets are no markup."""
    Console(soft_wrap=True, highlight=False).print(Text(sentence))


def complain(sentence: str) -> None:
    """A sentence on standard error; red where that is a terminal."""
    Console(stderr=True, soft_wrap=True, highlight=False).print(Text(sentence, style="red"))


def show_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table on standard output."""
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    Console(highlight=False).print(table)
