"""What can stop the demo, as one sentence for the person who started it."""

from __future__ import annotations


class DemoError(Exception):
    """The demo cannot go on; `str()` says why and what to do next."""
