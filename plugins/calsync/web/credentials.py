"""The two connections as the configuration's form shows and takes them. A stored secret is kept, and never shown."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from calsync.connections import Conn
from calsync.errors import ConfigError
from calsync.graph.connection import server_url as graph_url
from calsync.graph.connection import settings_from_connection as graph_settings
from calsync.graph.settings import LOGIN_OF, PUBLIC_GRAPH, PUBLIC_LOGIN
from calsync.sharecrm.connection import server_url as crm_url
from calsync.sharecrm.connection import settings_from_connection as crm_settings

AGAIN: Final = "has to be typed again: the stored one is used only where, and for whom, it was stored"
_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NOT_AN_ID: Final = "is not a GUID: copy the 'Application (client) ID' from the Entra admin centre"


class Use(StrEnum):
    """What the form does with a connection."""

    MAKE = "make"
    CHANGE = "change"
    AS_IS = "as it is"


@dataclass(frozen=True, slots=True)
class Kept:
    """A connection that the form is about. conn: as it is stored, None when it is not there. why: what people are told
    about one that is used as it is; problem: why it cannot be used at all."""

    conn_id: str = ""
    conn: Conn | None = None
    use: Use = Use.MAKE
    why: str = ""
    problem: str = ""


class _Form(ABC):
    """One connection in the form. Its fields begin with `prefix`."""

    prefix: ClassVar[str]
    setting: ClassVar[str]
    fields: ClassVar[Mapping[str, str]]
    """Which field of the form a problem of the connection belongs to."""

    def __init__(self, values: Mapping[str, str], kept: Kept) -> None:
        self._values = values
        self.kept = kept
        self.conn = kept.conn if kept.use is Use.AS_IS and kept.conn else self._typed(kept.conn)

    def problems(self) -> dict[str, str]:
        """A sentence for each field that is wrong; for a connection that is used as it is, one for all."""
        if self.kept.problem:
            return {self.setting: self.kept.problem}
        found = self._checked()
        if self.kept.use is Use.AS_IS:
            return {self.setting: "cannot be used: " + "; ".join(found)} if found else {}
        said = dict(self._typed_wrongly())
        for problem in found:
            name, _, sentence = problem.partition(": ")
            said.setdefault(self.fields.get(name, self.setting), sentence or name)
        return said

    def body(self) -> dict[str, Any]:
        """The connection as Airflow's REST API takes it; a secret that was not typed is not in it."""
        conn = self.conn
        body: dict[str, Any] = {
            "connection_id": self.kept.conn_id,
            "conn_type": conn.conn_type,
            "host": conn.host,
            "schema": conn.schema or None,
            "port": conn.port,
            "login": conn.login,
            "extra": json.dumps(dict(conn.extra)),
        }
        if not self.kept.conn or conn.password != self.kept.conn.password:
            body["password"] = conn.password
        return body

    def said(self, name: str) -> str:
        return self._values.get(f"{self.prefix}.{name}", "").strip()

    def secret(self, name: str) -> str:
        """As it was typed: a space may be part of it."""
        return self._values.get(f"{self.prefix}.{name}", "")

    def _checked(self) -> list[str]:
        try:
            self._settings()
        except ConfigError as error:
            return [problem.removeprefix(f"connection {self.conn.conn_id}: ") for problem in error.problems]
        return []

    def _moved(self, *places: tuple[str, str]) -> bool:
        """Whether a stored secret would go elsewhere than before, or for somebody else."""
        return any(now != before for now, before in places)

    @abstractmethod
    def _typed(self, stored: Conn | None) -> Conn:
        """The connection that the form describes, over what is stored."""

    @abstractmethod
    def _settings(self) -> object:
        """The client's settings. Raises ConfigError."""

    def _typed_wrongly(self) -> Mapping[str, str]:
        return {}


class CrmForm(_Form):
    """The `generic` connection of ShareCRM."""

    prefix = "crm_conn"
    setting = "connections.crm"
    fields: ClassVar = {
        "host": "crm_conn.server", "login": "crm_conn.app", "password": "crm_conn.secret",
        "permanent_code_secret": "crm_conn.code", "user": "crm_conn.user", "verify": "crm_conn.verify",
    }  # fmt: skip

    @staticmethod
    def shown(conn: Conn) -> dict[str, str]:
        """What the form shows of a stored connection."""
        return {
            "crm_conn.server": crm_url(conn) if conn.host else "",
            "crm_conn.app": conn.login,
            "crm_conn.user": str(conn.extra.get("user") or ""),
            "crm_conn.verify": _ca(conn),
        }

    def _typed(self, stored: Conn | None) -> Conn:
        base = stored or Conn(self.kept.conn_id, "generic")
        before = self.shown(base)
        again = self._moved(
            (self.said("server"), before["crm_conn.server"]),
            (self.said("app"), base.login),
            (self.said("verify"), before["crm_conn.verify"]),
        )
        self._again = {
            name for name, is_kept in (("secret", base.password), ("code", base.extra.get("permanent_code_secret")))
            if is_kept and again and not self.secret(name)
        }  # fmt: skip
        extra = _with(base.extra, "verify", self.said("verify"), before["crm_conn.verify"])
        extra |= {"ea": self._values.get("enterprise", "").strip() or extra.get("ea", "")}
        extra = _with(extra, "user", self.said("user"), before["crm_conn.user"])
        if self.secret("code"):
            extra["permanent_code_secret"] = self.secret("code")
        conn = replace(base, login=self.said("app"), password=self.secret("secret") or base.password, extra=extra)
        if self.said("server") != before["crm_conn.server"]:
            conn = replace(conn, host=self.said("server"), schema="", port=None)
        return conn

    def _settings(self) -> object:
        return crm_settings(self.conn)

    def _typed_wrongly(self) -> Mapping[str, str]:
        return {f"{self.prefix}.{name}": AGAIN for name in self._again}


class MicrosoftForm(_Form):
    """The `msgraph` connection of Microsoft 365."""

    prefix = "graph_conn"
    setting = "connections.graph"
    fields: ClassVar = {
        "host": "graph_conn.server", "authority": "graph_conn.authority", "login": "graph_conn.application",
        "tenant_id": "microsoft_tenant", "password": "graph_conn.secret", "verify": "graph_conn.verify",
        "certificate_path": "graph_conn.certificate_path", "certificate": "graph_conn.certificate_path",
    }  # fmt: skip

    @staticmethod
    def shown(conn: Conn) -> dict[str, str]:
        """What the form shows of a stored connection."""
        extra = conn.extra
        by_certificate = bool(extra.get("certificate_path") or extra.get("certificate_data"))
        return {
            "graph_conn.server": graph_url(conn),
            "graph_conn.authority": str(extra.get("authority") or ""),
            "graph_conn.application": conn.login,
            "graph_conn.method": "certificate" if by_certificate else "secret",
            "graph_conn.certificate_path": str(extra.get("certificate_path") or ""),
            "graph_conn.certificate_thumbprint": str(extra.get("certificate_thumbprint") or ""),
            "graph_conn.verify": _ca(conn),
        }

    def _typed(self, stored: Conn | None) -> Conn:
        base = stored or Conn(self.kept.conn_id, "msgraph")
        before = self.shown(base)
        moved = self._moved(
            *(
                (self.said(name), before[f"graph_conn.{name}"])
                for name in ("server", "authority", "application", "verify")
            )
        )
        method = self.said("method") or "secret"
        keeps = bool(base.password) and method == before["graph_conn.method"]
        field = "passphrase" if method == "certificate" else "secret"
        self._again = {field} if keeps and moved and not self.secret(field) else set()
        password = self.secret(field) or (base.password if keeps else "")
        extra = dict(base.extra) | {"tenant_id": self._values.get("microsoft_tenant", "").strip()}
        extra = self._with_certificate(extra, method)
        extra = _with(extra, "verify", self.said("verify"), before["graph_conn.verify"])
        extra = self._with_authority(extra, before["graph_conn.authority"])
        conn = replace(base, login=self.said("application"), password=password, extra=extra)
        server = self.said("server")
        if stored is None or server != before["graph_conn.server"]:
            scheme, separator, host = (server or PUBLIC_GRAPH).rpartition("://")
            extra.pop("base_url", None)
            conn = replace(conn, schema=scheme if separator else "https", host=host.rstrip("/"), port=None)
        return conn

    def _with_certificate(self, extra: dict[str, Any], method: str) -> dict[str, Any]:
        names = ("certificate_path", "certificate_data", "certificate_thumbprint")
        rest = {name: value for name, value in extra.items() if name not in names}
        if method != "certificate":
            return rest
        path, print_ = self.said("certificate_path"), self.said("certificate_thumbprint")
        kept = {} if path else {"certificate_data": extra["certificate_data"]} if "certificate_data" in extra else {}
        return (
            rest
            | kept
            | ({"certificate_path": path} if path else {})
            | ({"certificate_thumbprint": print_} if print_ else {})
        )

    def _with_authority(self, extra: dict[str, Any], before: str) -> dict[str, Any]:
        """A login service that is none of Microsoft's is no part of what MSAL discovers."""
        now = self.said("authority").rstrip("/")
        if now == before:
            return extra
        names = ("authority", "disable_instance_discovery", "allowed_hosts")
        rest = {name: value for name, value in extra.items() if name not in names}
        if not now:
            return rest
        own = {} if now in LOGIN_OF.values() else {"disable_instance_discovery": True}
        return rest | {"authority": now, "allowed_hosts": urlsplit(self.said("server")).hostname or ""} | own

    def problems(self) -> dict[str, str]:
        """As `_Form.problems`; whoever signs in by certificate misses no secret."""
        found = super().problems()
        if self.said("method") == "certificate":
            found.pop("graph_conn.secret", None)
        return found

    def _settings(self) -> object:
        return graph_settings(self.conn)

    def _typed_wrongly(self) -> Mapping[str, str]:
        wrong = {f"{self.prefix}.{name}": AGAIN for name in self._again}
        application = self.said("application")
        if application and not _GUID.fullmatch(application):
            wrong["graph_conn.application"] = _NOT_AN_ID
        if self.said("method") == "certificate" and not {"certificate_path", "certificate_data"} & set(self.conn.extra):
            wrong["graph_conn.certificate_path"] = "is missing; name a PEM file with private key and certificate"
        return wrong


def consent_url(conn: Conn, tenant_id: str) -> str:
    """Where an administrator of the Microsoft tenant grants the application what it asks for; "" while ids lack.

    Microsoft identity platform, "Grant tenant-wide admin consent to an application".
    """
    if not (conn.login and tenant_id):
        return ""
    parts = urlsplit(graph_url(conn))
    authority = str(conn.extra.get("authority") or LOGIN_OF.get(f"{parts.scheme}://{parts.netloc}", PUBLIC_LOGIN))
    return f"{authority.rstrip('/')}/{tenant_id}/adminconsent?client_id={conn.login}"


def _ca(conn: Conn) -> str:
    """The CA file that the connection names; its other values are no file."""
    given = conn.extra.get("verify")
    return given if isinstance(given, str) and given.lower() not in ("", "true", "false") else ""


def _with(extra: Mapping[str, Any], name: str, now: str, before: str) -> dict[str, Any]:
    """The extra with what the form says now; untouched where the form still says what it showed."""
    if now == before:
        return dict(extra)
    rest = {key: value for key, value in extra.items() if key != name}
    return rest | {name: now} if now else rest
