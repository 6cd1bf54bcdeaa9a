"""The login service's errors, in its own words.

Codes are those of "Microsoft Entra authentication and authorization error codes" (Microsoft).
"""

from __future__ import annotations

import uuid
from datetime import datetime

from sandbox.microsoft.call import Answer


class LoginError(Exception):
    """An answer of the login service that is an error: HTTP `status`, OAuth `error`, AADSTS `code` and a sentence."""

    def __init__(self, status: int, error: str, code: int, message: str) -> None:
        super().__init__(f"AADSTS{code}: {message}")
        self.status, self.error, self.code = status, error, code

    def answer(self, now: datetime, correlation_id: str | None) -> Answer:
        """In the shape of published answers."""
        trace, correlation = str(uuid.uuid4()), correlation_id or str(uuid.uuid4())
        stamp = f"{now:%Y-%m-%d %H:%M:%S}Z"
        body = {
            "error": self.error,
            "error_description": f"{self} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}",
            "error_codes": [self.code],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={self.code}",
        }
        return Answer(self.status, body)


def unknown_client(client_id: str) -> LoginError:
    message = (
        f"Application with identifier '{client_id}' was not found in the directory 'calsync sandbox'. This can happen "
        "if the application has not been installed by the administrator of the tenant or consented to by any user in "
        "the tenant. You may have sent your authentication request to the wrong tenant."
    )
    return LoginError(400, "unauthorized_client", 700016, message)
