"""Who may see and do what on the pages: asked of Airflow's auth manager, one explicit dependency for every route.

*View* a tenant: the right to read the runs of its sync DAG. *Manage* calendar sync: the right to edit Airflow's
connections. *Answer* for what a tenant holds or parks: the right to answer its approval, as under Required Actions.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import ConnectionDetails, DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import GetUserDep
from airflow.configuration import conf
from airflow.models.dag import DagModel
from fastapi import Depends, HTTPException, Request

from calsync.naming import DagKind, dag_id

if TYPE_CHECKING:
    from airflow.api_fastapi.auth.managers.base_auth_manager import ResourceMethod
    from airflow.api_fastapi.auth.managers.models.base_user import BaseUser

NO_VIEW = "You may not see this configuration. It takes the right to read the runs of its DAG."
NO_MANAGE = "You may not manage calendar sync. It takes the right to edit Airflow's connections."
NO_ANSWER = "You may not answer for this configuration. It takes the right to answer its approvals."


@dataclass(frozen=True, slots=True)
class Viewer:
    """The signed-in user a page is for. manages: whether calendar sync may be managed."""

    user: BaseUser
    manages: bool

    @property
    def id(self) -> str:
        return str(self.user.get_id())

    @property
    def name(self) -> str:
        """As Airflow shows it, and as calsync's history names who did something."""
        return str(self.user.get_name())


def viewer(request: Request, user: GetUserDep) -> Viewer:
    """Anybody who is signed in; nobody else comes further. Every page finds the viewer in `request.state.viewer`."""
    manages = get_auth_manager().is_authorized_connection(method="PUT", details=ConnectionDetails(), user=user)
    request.state.viewer = Viewer(user, manages)
    return request.state.viewer  # type: ignore[no-any-return]


ViewerDep = Annotated[Viewer, Depends(viewer)]


def may_manage(viewer: ViewerDep) -> Viewer:
    """Refuses whoever may not manage calendar sync."""
    if not viewer.manages:
        raise HTTPException(403, NO_MANAGE)
    return viewer


def may_view(tenant: str, viewer: ViewerDep) -> Viewer:
    """Refuses whoever may not see the tenant in the path, whether there is one or not."""
    if not visible_tenants(viewer, [tenant]):
        raise HTTPException(403, NO_VIEW)
    return viewer


def may_manage_tenant(viewer: Annotated[Viewer, Depends(may_view)]) -> Viewer:
    """Refuses whoever may not both see the tenant in the path and manage calendar sync."""
    return may_manage(viewer)


def may_answer(tenant: str, viewer: Annotated[Viewer, Depends(may_view)]) -> Viewer:
    """Refuses whoever may not see the tenant in the path and answer its approvals."""
    if not answerable_tenants(viewer, [tenant]):
        raise HTTPException(403, NO_ANSWER)
    return viewer


def visible_tenants(viewer: Viewer, keys: Collection[str]) -> set[str]:
    """Those of these tenants that the viewer may see. Asked tenant by tenant: a new one's DAG may not be known yet."""
    return _allowed(viewer, keys, DagKind.SYNC, "GET", DagAccessEntity.RUN)


def answerable_tenants(viewer: Viewer, keys: Collection[str]) -> set[str]:
    """Those of these tenants for whose held and parked actions the viewer may answer."""
    return _allowed(viewer, keys, DagKind.APPROVAL, "PUT", DagAccessEntity.HITL_DETAIL)


def _allowed(
    viewer: Viewer, keys: Collection[str], kind: DagKind, method: ResourceMethod, entity: DagAccessEntity
) -> set[str]:
    ids = {key: dag_id(key, kind) for key in keys}
    teams = DagModel.get_dag_id_to_team_name_mapping(list(ids.values())) if _has_teams() else {}
    manager = get_auth_manager()
    return {
        key
        for key, id_ in ids.items()
        if manager.is_authorized_dag(
            method=method, access_entity=entity, details=DagDetails(id=id_, team_name=teams.get(id_)), user=viewer.user
        )
    }


def _has_teams() -> bool:
    return conf.getboolean("core", "multi_team", fallback=False)
