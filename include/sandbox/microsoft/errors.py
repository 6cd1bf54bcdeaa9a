"""The errors of Microsoft Graph, in its own words.

Codes and messages are those of published answers (tests/fixtures/graph) and of Microsoft's error lists.
"""

from __future__ import annotations


class GraphError(Exception):
    """An answer that is an error: HTTP `status`, `code`, `message` and extra `headers`."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message = status, code, message
        self.headers = headers or {}


def invalid_request(message: str) -> GraphError:
    return GraphError(400, "ErrorInvalidRequest", message)


def invalid_property(message: str) -> GraphError:
    return GraphError(400, "ErrorPropertyValidationFailure", f"At least one property failed validation. {message}")


def unreadable_body(message: str) -> GraphError:
    return GraphError(400, "RequestBodyRead", message)


def invalid_query(message: str) -> GraphError:
    return GraphError(400, "ErrorInvalidUrlQuery", message)


def malformed_id() -> GraphError:
    return GraphError(400, "ErrorInvalidIdMalformed", "Id is malformed.")


def item_not_found() -> GraphError:
    return GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def unknown_segment(segment: str) -> GraphError:
    return GraphError(400, "BadRequest", f"Resource not found for the segment '{segment}'.")


def method_not_allowed() -> GraphError:
    message = "Specified HTTP method is not allowed for the request target."
    return GraphError(405, "Request_BadRequest", message)


def no_such_user(name: str) -> GraphError:
    message = f"Resource '{name}' does not exist or one of its queried reference-property objects are not present."
    return GraphError(404, "Request_ResourceNotFound", message)


def no_such_mailbox(name: str) -> GraphError:
    return GraphError(404, "ErrorInvalidUser", f"The requested user '{name}' is invalid.")


def mailbox_not_enabled() -> GraphError:
    message = "The mailbox is either inactive, soft-deleted, or is hosted on-premise."
    return GraphError(404, "MailboxNotEnabledForRESTAPI", message)


def access_denied() -> GraphError:
    return GraphError(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")


def access_blocked_by_policy() -> GraphError:
    return GraphError(403, "ErrorAccessDenied", "Access to OData is disabled.")


def directory_denied() -> GraphError:
    message = "Insufficient privileges to complete the operation."
    return GraphError(403, "Authorization_RequestDenied", message)


def invalid_token(message: str) -> GraphError:
    return GraphError(401, "InvalidAuthenticationToken", message, {"WWW-Authenticate": 'Bearer realm=""'})


def etag_mismatch() -> GraphError:
    message = (
        "The send or update operation could not be performed because the change key passed in the request "
        "does not match the current change key for the item."
    )
    return GraphError(412, "ErrorIrresolvableConflict", message)


def duplicate_transaction(status: int) -> GraphError:
    message = (
        "Your request can't be completed. The TransactionId specified in the request has already been used "
        "to create a different event."
    )
    return GraphError(status, "ErrorDuplicateTransactionId", message)


def unsupported_zone(name: str) -> GraphError:
    message = f"A valid TimeZone value must be specified. The following TimeZone value is not supported: '{name}'."
    return GraphError(400, "TimeZoneNotSupportedException", message)


def crossing_occurrence() -> GraphError:
    message = "Modified occurrence is crossing or overlapping adjacent occurrence."
    return GraphError(400, "ErrorOccurrenceCrossingBoundary", message)


def not_organizer() -> GraphError:
    return invalid_request("Your request can't be completed. You need to be an organizer to cancel a meeting.")


def is_organizer() -> GraphError:
    message = "Your request can't be completed. You can't respond to this meeting because you're the meeting organizer."
    return invalid_request(message)


def missing_window() -> GraphError:
    message = (
        "This request requires a time window specified by the query string parameters StartDateTime and EndDateTime."
    )
    return GraphError(400, "ErrorInvalidParameter", message)


def sync_state_lost(generation: str) -> GraphError:
    return GraphError(410, "SyncStateNotFound", f"The sync state generation is not found; generation={generation};")


def throttled(retry_after_s: float, limit: str = "RequestQuota") -> GraphError:
    """`Retry-After` is in seconds and fractional, as the service sends it."""
    headers = {"Retry-After": f"{retry_after_s:.3f}"}
    return GraphError(429, "ApplicationThrottled", f"Application is over its {limit} limit.", headers)
