"""Where Microsoft Graph is, who asks, and how hard: everything a client needs to know, as one frozen value."""

from __future__ import annotations

from dataclasses import dataclass, field

PUBLIC_GRAPH = "https://graph.microsoft.com"
PUBLIC_LOGIN = "https://login.microsoftonline.com"

LOGIN_OF = {
    PUBLIC_GRAPH: PUBLIC_LOGIN,
    "https://graph.microsoft.us": "https://login.microsoftonline.us",
    "https://dod-graph.microsoft.us": "https://login.microsoftonline.us",
    "https://microsoftgraph.chinacloudapi.cn": "https://login.partner.microsoftonline.cn",
}
"""The login service that belongs to each national cloud's Graph (Microsoft, "National cloud deployments")."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate credential. `private_key` and `public` are PEM text.

    Without `public` the SHA-1 `thumbprint` of the registered certificate is needed.
    """

    private_key: str = field(repr=False)
    public: str = ""
    thumbprint: str = ""
    passphrase: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class GraphSettings:
    """How to reach Graph; secrets never show in `repr`.

    base_url: with the version, no slash at its end. authority: the login service without the tenant.
    scope: the resource's `/.default`. verify: False, True or the path of a CA file. proxy: URL, "" for none.
    per_mailbox: requests of one mailbox in flight (Graph allows 4 per app and mailbox). concurrency: calls in flight.
    attempts: of one request, the first included. patience_s: the longest pause the client itself sits out; a longer
    `Retry-After` becomes `Throttled` for the caller. connect_s, read_s: time-outs in seconds.
    """

    tenant_id: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    certificate: Certificate | None = None
    base_url: str = f"{PUBLIC_GRAPH}/v1.0"
    authority: str = PUBLIC_LOGIN
    scope: str = f"{PUBLIC_GRAPH}/.default"
    verify: bool | str = True
    instance_discovery: bool = True
    proxy: str = ""
    per_mailbox: int = 3
    concurrency: int = 4
    attempts: int = 5
    patience_s: float = 60.0
    connect_s: float = 10.0
    read_s: float = 60.0
