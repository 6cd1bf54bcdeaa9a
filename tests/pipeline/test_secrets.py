"""When secrets end: what a certificate says, what a connection says, and what nobody can know."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from shell.tenant_files import GUID, write_tenant

from calsync.config.load import load_tenant
from calsync.connections import Conn
from calsync.errors import ConfigError
from calsync.stages.secrets import Expiry, expiring

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CRM, GRAPH = "calsync_crm_tests", "calsync_graph_tests"


def told(folder: Path, crm: dict[str, Any], graph: dict[str, Any]) -> list[Expiry]:
    """What is told of connections with these extras."""
    tenant = load_tenant(write_tenant(folder / "tenants", "berlin"))
    extras = {CRM: ("generic", crm), GRAPH: ("msgraph", {"tenant_id": GUID} | graph)}

    def look_up(conn_id: str) -> Conn:
        kind, extra = extras[conn_id]
        return Conn(conn_id, kind, login="app", password="" if "certificate_data" in extra else "secret", extra=extra)

    return expiring(tenant, NOW, look_up)


def test_a_certificate_says_itself_when_it_ends(tmp_path: Path) -> None:
    soon, late = ((NOW + timedelta(days=days)).replace(minute=0) for days in (10, 400))
    for end, expected in ((soon, [Expiry(GRAPH, "certificate", soon)]), (late, [])):
        made = trustme.CA().issue_cert("calsync.example", not_after=end)
        pem = made.private_key_pem.bytes() + made.cert_chain_pems[0].bytes()
        assert told(tmp_path, {}, {"certificate_data": pem.decode()}) == expected


@pytest.mark.parametrize(
    ("said", "days"),
    [("2026-11-24", 1), ("2026-11-20T00:00:00+00:00", -3), ("2027-06-30", None), ("soon", None), ("", None)],
)
def test_of_a_secret_the_connection_says_it(tmp_path: Path, said: str, days: int | None) -> None:
    midnight = NOW.replace(hour=0)
    expected = [] if days is None else [Expiry(CRM, "secret", midnight + timedelta(days=days))]
    assert told(tmp_path, {"secret_expires": said}, {}) == expected


def test_the_first_to_end_comes_first(tmp_path: Path) -> None:
    found = told(tmp_path, {"secret_expires": "2026-12-10"}, {"secret_expires": "2026-12-01"})
    assert [one.connection for one in found] == [GRAPH, CRM]


def test_a_connection_that_is_missing_or_wrong_says_nothing(tmp_path: Path) -> None:
    tenant = load_tenant(write_tenant(tmp_path / "tenants", "berlin"))

    def nowhere(conn_id: str) -> Conn:
        raise ConfigError([f"connection {conn_id}: does not exist"])

    assert expiring(tenant, NOW, nowhere) == []
    assert told(tmp_path, {}, {"certificate_data": "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----"}) == []
