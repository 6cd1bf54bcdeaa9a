"""Who may use which route of the pages: one table, compared with the application and with a live Airflow."""

from __future__ import annotations

TABLE = """
route                                          nobody  viewer  user  op   admin  neighbour
GET  /                                         -       yes     yes   yes  yes    yes
GET  /attention/                               -       yes     yes   yes  yes    yes
GET  /tenants/{tenant}/attention/              -       yes     yes   yes  yes    -
POST /tenants/{tenant}/attention/held/         -       -       yes   yes  yes    -
POST /tenants/{tenant}/attention/parked/       -       -       yes   yes  yes    -
GET  /tenants/new/                             -       -       -     yes  yes    -
POST /tenants/new/                             -       -       -     yes  yes    -
GET  /tenants/{tenant}/                        -       -       -     yes  yes    -
POST /tenants/{tenant}/                        -       -       -     yes  yes    -
GET  /tenants/{tenant}/state/                  -       -       -     yes  yes    -
POST /tenants/{tenant}/pause/                  -       -       -     yes  yes    -
POST /tenants/{tenant}/run/                    -       -       -     yes  yes    -
POST /tenants/{tenant}/delete/                 -       -       -     yes  yes    -
GET  /tenants/{tenant}/accounts/               -       -       -     yes  yes    -
POST /tenants/{tenant}/accounts/find/          -       -       -     yes  yes    -
POST /tenants/{tenant}/accounts/change/        -       -       -     yes  yes    -
POST /tenants/{tenant}/accounts/settle/        -       -       -     yes  yes    -
POST /tenants/{tenant}/accounts/upload/        -       -       -     yes  yes    -
GET  /tenants/{tenant}/accounts/match/         -       -       -     yes  yes    -
POST /tenants/{tenant}/accounts/match/         -       -       -     yes  yes    -
GET  /tenants/{tenant}/meetings/               -       yes     yes   yes  yes    -
POST /tenants/{tenant}/meetings/               -       yes     yes   yes  yes    -
GET  /tenants/{tenant}/meetings/{link}/        -       yes     yes   yes  yes    -
POST /tenants/{tenant}/meetings/{link}/restore/ -       -       yes   yes  yes    -
POST /tenants/{tenant}/meetings/{link}/undo/   -       -       yes   yes  yes    -
POST /tenants/{tenant}/meetings/{link}/private/ -       -       -     yes  yes    -
GET  /dags/{dag_id}/runs/{run_id}/changes/     -       yes     yes   yes  yes    -
GET  /dags/{dag_id}/runs/{run_id}/changes/{kind}/ -    yes     yes   yes  yes    -
GET  /static/{name}                            -       yes     yes   yes  yes    yes
GET  /connect/static/{name}                    yes     yes     yes   yes  yes    yes
GET  /connect/{tenant}/                        yes     yes     yes   yes  yes    yes
GET  /connect/{tenant}/sign-in/                yes     yes     yes   yes  yes    yes
GET  /connect/{tenant}/signed-in/              yes     yes     yes   yes  yes    yes
POST /connect/{tenant}/connect/                yes     yes     yes   yes  yes    yes
POST /connect/{tenant}/disconnect/             yes     yes     yes   yes  yes    yes
POST /connect/{tenant}/sign-out/               yes     yes     yes   yes  yes    yes
"""
"""`-`: refused with 401 or 403. The neighbour has the right to the DAGs of another tenant than the one in the path.

Pages without a tenant in their path show what their viewer may see, which their own tests look at.
"""


ROLES = tuple(None if name == "nobody" else name for name in TABLE.split("\n")[1].split()[1:])
"""The columns: None for somebody who is not signed in."""


def table() -> dict[str, tuple[bool, ...]]:
    """Per route, whether each role may use it."""
    rows = [line.split() for line in TABLE.strip().splitlines()[1:]]
    return {f"{row[0]} {row[1]}": tuple(word == "yes" for word in row[2:]) for row in rows}
