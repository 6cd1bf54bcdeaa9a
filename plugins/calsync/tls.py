"""Whom the clients trust. Reading a bundle of authorities costs more than a request, so each is read once."""

from __future__ import annotations

import ssl
from functools import lru_cache
from pathlib import Path


def trust(verify: bool | str) -> ssl.SSLContext:
    """The context of connections that check certificates so; clients of one process share it.

    :param verify: True: the public authorities. False: no check. A path: that CA file, read again once it changes.
    :raises OSError: the file cannot be read
    """
    return _context(verify, Path(verify).stat().st_mtime_ns if isinstance(verify, str) else 0)


@lru_cache(maxsize=16)
def _context(verify: bool | str, _written: int) -> ssl.SSLContext:
    if isinstance(verify, str):
        return ssl.create_default_context(cafile=verify)
    import httpx

    return httpx.create_ssl_context(verify=verify, trust_env=False)
