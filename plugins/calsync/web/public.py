"""Addresses of our pages as they stand in a browser's address bar, or in Microsoft's registration of an application."""

from __future__ import annotations

from urllib.parse import urlsplit

from airflow.configuration import conf
from fastapi import Request


def origin(request: Request) -> str:
    """Scheme and host under which people reach Airflow: as `[api] base_url` says, else as this request came."""
    base = urlsplit(conf.get("api", "base_url", fallback="") or str(request.base_url))
    return f"{base.scheme}://{base.netloc}"


def connect_page(request: Request, tenant: str) -> str:
    """The address of the page on which employees of this tenant connect."""
    return f"{origin(request)}{request.scope.get('root_path', '')}/connect/{tenant}/"


def redirect_uri(request: Request, tenant: str) -> str:
    """Where Microsoft sends them back to: to be registered with the tenant's application, as a Web redirect URI."""
    return f"{connect_page(request, tenant)}signed-in/"
