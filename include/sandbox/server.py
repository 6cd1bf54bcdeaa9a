"""The sandbox served over TLS, in a thread of this process."""

from __future__ import annotations

import logging
import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

import trustme
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sandbox.app import create_app, new_world
from sandbox.middleware import TRANSPORT
from sandbox.world import World

_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 10.0
_EVERYWHERE = "0.0.0.0"  # noqa: S104 - for containers, on request


class _Protocol(HttpToolsProtocol):
    """uvicorn's protocol, with the transport in the scope, so that a fault can drop the connection."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: self.transport}  # type: ignore[dict-item]


class _Uvicorn(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


class Server:
    """A running sandbox, as a context manager.

    Writes its CA, its key and Microsoft's client certificate into `directory` and removes them when it stops.
    `port` 0 takes a free one. The certificate holds for this machine's own names, for `names` and for `host`; `url`
    has the first name that is not this machine's own, if there is one. `info` is what clients need to know.
    """

    def __init__(self, directory: Path, *, host: str = "127.0.0.1", port: int = 0, names: tuple[str, ...] = ()) -> None:
        self.directory = directory
        self.host = host
        self.port = port
        own = () if host == _EVERYWHERE else (host,)
        self.names = tuple(dict.fromkeys(("127.0.0.1", "localhost", *names, *own)))
        self.world: World = new_world()
        self._files: list[Path] = []

    @property
    def url(self) -> str:
        further = self.names[2:]
        return f"https://{further[0] if further else self.names[0]}:{self.port}"

    @property
    def ca(self) -> str:
        """The path of the certificate authority's PEM file, for clients to trust."""
        return str(self.directory / "ca.pem")

    @property
    def info(self) -> dict[str, Any]:
        """Where the sandbox is, and the ids and secrets of its two systems; all of it is made up."""
        microsoft, crm = self.world.microsoft, self.world.sharecrm
        return {
            "url": self.url,
            "ca": self.ca,
            "tenant_id": microsoft.tenant_id,
            "client_id": microsoft.client_id,
            "client_secret": microsoft.client_secret,
            "certificate": str(self.directory / "client.pem"),
            "certificate_thumbprint": microsoft.application.thumbprint,
            "ea": crm.auth.ea,
            "crm_app_id": crm.auth.app_id,
            "crm_app_secret": crm.auth.app_secret,
            "crm_permanent_code": crm.auth.permanent_code,
            "crm_corp_id": crm.auth.corp_id,
            "crm_user": crm.ADMIN,
        }

    def __enter__(self) -> Server:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.host, self.port))
        self.port = int(listener.getsockname()[1])
        key = self._write_secrets()
        config = uvicorn.Config(
            create_app(self.world),
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level=logging.ERROR,
            access_log=False,
            date_header=False,
            server_header=False,
            ssl_certfile=key,
            timeout_graceful_shutdown=1,
        )
        self._server = _Uvicorn(config)
        run = {"sockets": [listener]}
        self._thread = threading.Thread(target=self._server.run, kwargs=run, name="sandbox", daemon=True)
        self._thread.start()
        if not self._server.ready.wait(_START_TIMEOUT_S):
            self._remove_files()
            raise RuntimeError("The sandbox did not start. Look above for the server's own error.")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(_STOP_TIMEOUT_S)
        self._remove_files()

    def _write_secrets(self) -> Path:
        self.directory.mkdir(parents=True, exist_ok=True)
        authority = trustme.CA(organization_name="calsync sandbox")
        server = authority.issue_cert(*self.names)
        self._write("ca.pem", authority.cert_pem.bytes())
        self._write("client.pem", self.world.microsoft.application.certificate_pem.encode())
        return self._write("server.pem", server.private_key_and_cert_chain_pem.bytes())

    def _write(self, name: str, content: bytes) -> Path:
        path = self.directory / name
        path.write_bytes(content)
        path.chmod(0o644 if name == "ca.pem" else 0o600)
        self._files.append(path)
        return path

    def _remove_files(self) -> None:
        for path in self._files:
            path.unlink(missing_ok=True)
