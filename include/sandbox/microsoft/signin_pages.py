"""The login service's pages: who signs in, and whether that is agreed to. They work without a script."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from sandbox.microsoft.login_error import LoginError
from sandbox.microsoft.signin import Bounced, Sent
from sandbox.pages import page

if TYPE_CHECKING:
    from sandbox.microsoft.login import Login
    from sandbox.microsoft.mailbox import Mailbox
    from sandbox.world import World

_DECLINED = (65004, "User declined to consent to access the app.")
_ADMIN = (90094, "An administrator of calsync sandbox has set a policy that prevents you from granting the permission.")


def add_sign_in(routes: APIRouter, world: World, login: Login) -> None:
    """`/{tenant}/oauth2/v2.0/authorize` shows who may sign in; the choice is posted to `/{tenant}/login`."""

    @routes.get("/{tenant}/oauth2/v2.0/authorize")
    async def authorize(tenant: str, request: Request) -> Response:
        try:
            login.check_tenant(tenant, "invalid_request")
            key = login.sign_in.ask(request.query_params)
        except LoginError as error:
            return _told(error)
        except Bounced as bounced:
            return _back(bounced.sent)
        return _choose(login, tenant, key)

    @routes.post("/{tenant}/login")
    async def signed_in(tenant: str, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        key = form.get("ctx", "")
        try:
            box = login.sign_in.pick(key, form.get("login", ""))
            request.state.actor = f"user:{box.address}"
            if form.get("consent") == "no":
                refusal = _ADMIN if login.application.consent == "admin" else _DECLINED
                return _back(login.sign_in.refuse(key, *refusal))
            if login.application.consent == "given" or (
                login.application.consent == "asked" and form.get("consent") == "yes"
            ):
                return _back(login.sign_in.accept(key, box, world.clock.now("login")))
        except LoginError as error:
            return _told(error)
        return _consent(login, tenant, key, box)


def _told(error: LoginError) -> Response:
    body = f"<p>Sorry, but we are having trouble signing you in.</p><p>{escape(str(error))}</p>"
    return HTMLResponse(page("Sign in", body), error.status)


def _back(sent: Sent) -> Response:
    if sent.mode != "form_post":
        return RedirectResponse(sent.location, 302)
    fields = "".join(_hidden(name, value) for name, value in sent.values.items())
    form = f'<form method="post" action="{escape(sent.uri)}">{fields}<button>Continue</button></form>'
    return HTMLResponse(page("Working...", f"{form}<script>document.forms[0].submit()</script>"))


def _choose(login: Login, tenant: str, key: str) -> Response:
    hint = login.sign_in.waiting(key).hint
    people = sorted(login.sign_in.people, key=lambda box: hint not in box.addresses)
    rows = "".join(
        f'<tr><td><button name="login" value="{escape(box.id)}">{escape(box.name)}</button></td>'
        f'<td>{escape(box.upn)}</td><td class="soft">{"" if box.user_type == "Member" else "guest"}</td></tr>'
        for box in people
    )
    action, ctx = f"/{escape(tenant)}/login", _hidden("ctx", key)
    other = '<label>Another account <input name="login" type="email" required></label> <button>Next</button>'
    return HTMLResponse(
        page(
            "Pick an account",
            f'<form method="post" action="{action}">{ctx}<table class="people">{rows}</table></form>'
            f'<form method="post" action="{action}">{ctx}{other}</form>',
        )
    )


def _consent(login: Login, tenant: str, key: str, box: Mailbox) -> Response:
    """Whether the person agrees; where only an administrator may, they can do no more than go back."""
    asks = login.application.consent == "asked"
    text = "View your basic profile" if asks else "calsync sandbox needs permission that only an admin can grant."
    accept = '<button name="consent" value="yes">Accept</button> ' if asks else ""
    refuse = "Cancel" if asks else "Return to the application without granting consent"
    form = (
        f'<form method="post" action="/{escape(tenant)}/login">{_hidden("ctx", key)}{_hidden("login", box.id)}'
        f'<p>{text}</p>{accept}<button name="consent" value="no">{refuse}</button></form>'
    )
    return HTMLResponse(page("Permissions requested" if asks else "Need admin approval", form))


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
