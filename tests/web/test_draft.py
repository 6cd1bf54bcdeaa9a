"""What is typed into the configuration's form: what becomes of it, what is complained about, which secrets stay."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from calsync.config.model import Tenant
from calsync.connections import Conn
from calsync.web.credentials import AGAIN, Kept, MicrosoftForm, Use, consent_url
from calsync.web.draft import Known, drafted, shown

GUID = "00000000-0000-0000-0000-000000000001"
APP = "00000000-0000-0000-0000-00000000000a"

TYPED = {
    "name": "Sales",
    "installation": "production",
    "enterprise": "acme",
    "microsoft_tenant": GUID,
    "time_zone": "Europe/Berlin",
    "connections.crm": "acme_crm",
    "connections.graph": "acme_graph",
    "direction": "bidirectional",
    "window.past_days": "30",
    "window.future_days": "180",
    "schedule.every_minutes": "15",
    "schedule.cron": "",
    "graph_conn.method": "secret",
    "graph_conn.server": "https://graph.microsoft.com",
    "graph_conn.application": APP,
    "graph_conn.secret": "typed-secret",
    "crm_conn.server": "https://open.fxiaoke.com",
    "crm_conn.app": "FSAID_1",
    "crm_conn.secret": "typed-app-secret",
    "crm_conn.code": "typed-code",
}

GRAPH = Conn(
    "acme_graph", "msgraph", APP, "kept-secret", "https", "graph.microsoft.com", None,
    {"tenant_id": GUID, "proxies": {"https": "http://proxy.example:3128"}},
)  # fmt: skip
CRM = Conn("acme_crm", "generic", "FSAID_1", "kept-app-secret", "", "https://open.fxiaoke.com", None,
           {"permanent_code_secret": "kept-code", "ea": "acme", "calls_per_20s": 50})  # fmt: skip
UNTOUCHED = {"graph_conn.secret": "", "crm_conn.secret": "", "crm_conn.code": ""}


def known(folder: Path, **said: Any) -> Known:
    new: dict[str, Any] = {"key": "sales", "crm": Kept("acme_crm"), "graph": Kept("acme_graph")}
    return Known(folder, **new | said)


def saved(folder: Path, **said: Any) -> Known:
    """A form about a tenant that is there, with its two connections in Airflow."""
    tenant = drafted(TYPED, known(folder)).tenant
    kept = {"crm": Kept("acme_crm", CRM, Use.CHANGE), "graph": Kept("acme_graph", GRAPH, Use.CHANGE)}
    return known(folder, **{"tenant": tenant, **kept, **said})


@pytest.mark.parametrize(
    ("field", "typed", "says"),
    [
        ("name", "", "is missing"),
        ("name", "x" * 101, "is too long: write at most 100 characters"),
        ("name", "CRM calendar", "is ShareCRM's own calendar"),
        ("name", " crm CALENDAR ", "is ShareCRM's own calendar"),
        ("description", "x" * 2001, "is too long: write at most 2000 characters"),
        ("microsoft_tenant", "contoso", "is not a GUID"),
        ("time_zone", "Berlin", "is not an IANA time zone"),
        ("window.past_days", "-1", "is too small: write at least 0"),
        ("window.future_days", "many", "is not a whole number"),
        ("schedule.cron", "every day", "is not a cron expression"),
        ("direction", "sideways", "has no such choice"),
        ("graph_conn.server", "http://graph.example", "must be reached by https"),
        ("graph_conn.application", "", "is missing"),
        ("graph_conn.application", "contoso-app", "is not a GUID: copy the 'Application (client) ID'"),
        ("graph_conn.secret", "", "is missing"),
        ("graph_conn.authority", "http://login.example", "must be reached by https"),
        ("graph_conn.verify", "/nowhere/ca.pem", "is no CA file that can be read"),
        ("crm_conn.server", "", "is missing"),
        ("crm_conn.server", "https://open.fxiaoke.com/cgi", "must stand without a path"),
        ("crm_conn.app", "", "is missing"),
        ("crm_conn.secret", "", "is missing"),
        ("crm_conn.code", "", "is missing"),
    ],
)
def test_a_field_that_is_wrong_says_why(tmp_path: Path, field: str, typed: str, says: str) -> None:
    found = drafted({**TYPED, field: typed}, known(tmp_path)).problems
    assert set(found) == {field}
    assert says in found[field]


def test_a_form_that_is_right_becomes_the_tenant_and_two_complete_connections(tmp_path: Path) -> None:
    draft = drafted(TYPED, known(tmp_path))
    assert draft.problems == {}
    assert draft.tenant is not None
    assert (draft.tenant.key, draft.tenant.name, draft.tenant.schedule.every_minutes) == ("sales", "Sales", 15)
    assert draft.graph.conn == Conn(
        "acme_graph", "msgraph", APP, "typed-secret", "https", "graph.microsoft.com", None, {"tenant_id": GUID}
    )
    assert draft.crm.conn == Conn(
        "acme_crm", "generic", "FSAID_1", "typed-app-secret", "", "https://open.fxiaoke.com", None,
        {"ea": "acme", "permanent_code_secret": "typed-code"},
    )  # fmt: skip


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    typed = {**TYPED, "name": "", "graph_conn.application": "", "crm_conn.app": "", "window.past_days": "x"}
    assert set(drafted(typed, known(tmp_path)).problems) == {
        "name", "graph_conn.application", "crm_conn.app", "window.past_days"
    }  # fmt: skip


def test_a_connection_needs_a_name_that_airflow_accepts(tmp_path: Path) -> None:
    found = drafted(TYPED, known(tmp_path, crm=Kept("a b"))).problems
    assert set(found) == {"connections.crm"}
    assert "is not a connection id" in found["connections.crm"]


@pytest.mark.parametrize("key", ["New!", "-x", "new", "x" * 64])
def test_a_key_that_cannot_be_is_refused(tmp_path: Path, key: str) -> None:
    assert set(drafted(TYPED, known(tmp_path, key=key)).problems) == {"key"}


def test_a_cron_expression_stands_in_place_of_the_minutes(tmp_path: Path) -> None:
    tenant = drafted({**TYPED, "schedule.cron": "*/30 * * * *"}, known(tmp_path)).tenant
    assert tenant is not None
    assert tenant.schedule.cron == "*/30 * * * *"
    assert shown(tenant)["schedule.every_minutes"] == ""


def test_settings_that_the_form_does_not_have_stay_as_they_are(tmp_path: Path) -> None:
    before = Tenant.model_validate(
        {
            "key": "sales", "name": "Sales", "installation": "production", "enterprise": "acme",
            "microsoft_tenant": GUID, "time_zone": "Europe/Berlin", "tags": ["emea"], "employees": {"1001": None},
            "connections": {"crm": "acme_crm", "graph": "acme_graph"}, "limits": {"tenant_meetings": 7},
            "window": {"past_days": 5, "reanchor_days": 3},
        }
    )  # fmt: skip
    typed = {**TYPED, **UNTOUCHED, "installation": "other", "window.past_days": "", "direction": "crm_to_outlook"}
    after = drafted(typed, saved(tmp_path, tenant=before)).tenant

    assert after is not None
    assert (after.tags, dict(after.employees), after.limits.tenant_meetings) == (("emea",), {"1001": None}, 7)
    assert (after.window.past_days, after.window.reanchor_days, after.installation) == (30, 3, "production")
    assert after.direction == "crm_to_outlook"


def test_the_two_systems_do_not_change_once_there_are_links(tmp_path: Path) -> None:
    typed = {**TYPED, **UNTOUCHED, "enterprise": "other", "microsoft_tenant": GUID.replace("1", "2")}
    moved = drafted(typed, saved(tmp_path)).tenant
    settled = drafted(typed, saved(tmp_path, settled=True)).tenant
    assert moved is not None
    assert settled is not None
    assert (moved.enterprise, settled.enterprise, settled.microsoft_tenant) == ("other", "acme", GUID)


def test_empty_secrets_keep_what_is_stored_with_everything_else_of_the_connection(tmp_path: Path) -> None:
    draft = drafted({**TYPED, **UNTOUCHED}, saved(tmp_path))
    assert draft.problems == {}
    assert (draft.graph.conn, draft.crm.conn) == (GRAPH, CRM)
    assert "password" not in draft.graph.body()
    assert "password" not in draft.crm.body()


def test_typed_secrets_replace_what_is_stored(tmp_path: Path) -> None:
    draft = drafted(TYPED, saved(tmp_path))
    assert draft.graph.body()["password"] == "typed-secret"
    assert draft.crm.body()["password"] == "typed-app-secret"
    assert draft.crm.conn.extra["permanent_code_secret"] == "typed-code"
    assert draft.crm.conn.extra["calls_per_20s"] == 50


@pytest.mark.parametrize(
    ("change", "again"),
    [
        ({"graph_conn.server": "https://evil.example"}, {"graph_conn.secret"}),
        ({"graph_conn.authority": "https://evil.example"}, {"graph_conn.secret"}),
        ({"graph_conn.application": GUID}, {"graph_conn.secret"}),
        ({"crm_conn.server": "https://evil.example"}, {"crm_conn.secret", "crm_conn.code"}),
        ({"crm_conn.app": "FSAID_2"}, {"crm_conn.secret", "crm_conn.code"}),
    ],
)
def test_a_stored_secret_is_never_sent_elsewhere(tmp_path: Path, change: Mapping[str, str], again: set[str]) -> None:
    found = drafted({**TYPED, **UNTOUCHED, **change}, saved(tmp_path)).problems
    assert found == dict.fromkeys(again, AGAIN)


def test_from_a_secret_to_a_certificate_and_back(tmp_path: Path) -> None:
    pem = tmp_path / "app.pem"
    pem.write_text(
        "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n"
        "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"
    )
    typed = {**TYPED, **UNTOUCHED, "graph_conn.method": "certificate", "graph_conn.certificate_path": str(pem)}
    to = drafted(typed, saved(tmp_path))
    assert to.problems == {}
    assert (to.graph.conn.password, to.graph.conn.extra["certificate_path"]) == ("", str(pem))
    assert to.graph.body()["password"] == "", "the old secret is taken out"

    missing = drafted({**typed, "graph_conn.certificate_path": ""}, saved(tmp_path)).problems
    assert set(missing) == {"graph_conn.certificate_path"}

    there = saved(tmp_path, graph=Kept("acme_graph", to.graph.conn, Use.CHANGE))
    back = drafted({**TYPED, "graph_conn.secret": "new-secret"}, there)
    assert back.problems == {}
    assert "certificate_path" not in back.graph.conn.extra


def test_a_login_service_of_ones_own_is_set_up_whole(tmp_path: Path) -> None:
    typed = {
        **TYPED, "graph_conn.server": "https://127.0.0.1:8443", "graph_conn.authority": "https://127.0.0.1:8443"
    }  # fmt: skip
    extra = drafted(typed, known(tmp_path)).graph.conn.extra
    assert extra == {
        "tenant_id": GUID,
        "authority": "https://127.0.0.1:8443",
        "allowed_hosts": "127.0.0.1",
        "disable_instance_discovery": True,
    }


def test_a_connection_that_is_used_as_it_is_is_not_made_of_what_was_typed(tmp_path: Path) -> None:
    env = Kept("acme_graph", GRAPH, Use.AS_IS, "from the environment")
    assert (
        drafted({**TYPED, "graph_conn.server": "x", "graph_conn.secret": ""}, known(tmp_path, graph=env)).problems == {}
    )
    broken = Kept("acme_graph", Conn("acme_graph", "msgraph"), Use.AS_IS)
    found = drafted(TYPED, known(tmp_path, graph=broken)).problems
    assert set(found) == {"connections.graph"}
    assert "login: is missing" in found["connections.graph"]


def test_what_the_form_shows_of_connections_holds_no_secret() -> None:
    from calsync.web.credentials import CrmForm

    values = {**MicrosoftForm.shown(GRAPH), **CrmForm.shown(CRM)}
    assert not [value for value in values.values() if "kept" in value]


@pytest.mark.parametrize(
    ("host", "extra", "url"),
    [
        ("graph.microsoft.com", {}, "https://login.microsoftonline.com"),
        ("graph.microsoft.us", {}, "https://login.microsoftonline.us"),
        ("microsoftgraph.chinacloudapi.cn", {}, "https://login.partner.microsoftonline.cn"),
        ("127.0.0.1:8443", {"authority": "https://127.0.0.1:8443"}, "https://127.0.0.1:8443"),
    ],
)
def test_the_consent_link_is_that_of_the_cloud(host: str, extra: dict[str, str], url: str) -> None:
    conn = Conn("c", "msgraph", APP, schema="https", host=host, extra=extra)
    assert consent_url(conn, GUID) == f"{url}/{GUID}/adminconsent?client_id={APP}"
    assert consent_url(conn, "") == ""
