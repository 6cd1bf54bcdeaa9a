"""The OpenAPI's errors: HTTP 200 with an envelope whose `errorCode` is not 0 (fact sheet §4)."""

from __future__ import annotations

BUSY = -1
OFFSET_OUT_OF_RANGE = 10013
BAD_CREDENTIALS = 10006
TOKEN_RATE = 14001
BAD_PARAMETER = 15002
UNKNOWN_USER = 20012
BAD_TOKEN = 20016
NO_AUTH = 20017
QUOTA_USED = 30002
NO_QUOTA = 30003
RATE = 30004
BAD_QUERY = 32000

# The numbers of business errors are not published: these are the sandbox's own.
GONE = 320002
LOCKED = 320004
NOT_NORMAL = 320005


class CrmError(Exception):
    """A request that ShareCRM refuses; `code` goes into the envelope."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
