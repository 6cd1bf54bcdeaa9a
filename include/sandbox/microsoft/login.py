"""The login service: OpenID configuration, instance discovery and the token endpoint."""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import jwt

from sandbox.microsoft.call import Answer
from sandbox.microsoft.login_error import LoginError, unknown_client
from sandbox.microsoft.tokens import KEY_ID, LIFETIME_S, issue

if TYPE_CHECKING:
    from sandbox.microsoft.identity import Application
    from sandbox.microsoft.signin import SignIn

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_CLOUDS = (
    ("login.microsoftonline.com", "login.windows.net", ("login.microsoft.com", "sts.windows.net")),
    ("login.partner.microsoftonline.cn", "login.partner.microsoftonline.cn", ("login.chinacloudapi.cn",)),
    ("login.microsoftonline.de", "login.microsoftonline.de", ()),
    ("login.microsoftonline.us", "login.microsoftonline.us", ("login.usgovcloudapi.net",)),
    ("login-us.microsoftonline.com", "login-us.microsoftonline.com", ()),
)


class Login:
    """The login service of one application's tenant. `base` is this service's own url, without a path."""

    def __init__(self, application: Application, sign_in: SignIn) -> None:
        self.application = application
        self.sign_in = sign_in

    def check_tenant(self, tenant: str, error: str) -> None:
        """Raises LoginError (90002) for another tenant."""
        if tenant.lower() not in (self.application.tenant_id, self.application.tenant_domain):
            message = (
                f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into "
                "the correct cloud. Check with your subscription administrator, this may happen if there are no active "
                "subscriptions for the tenant."
            )
            raise LoginError(400, error, 90002, message)

    def issuer(self, base: str) -> str:
        return f"{base}/{self.application.tenant_id}/v2.0"

    def openid_configuration(self, tenant: str, base: str) -> Answer:
        """Raises LoginError (90002) for another tenant."""
        self.check_tenant(tenant, "invalid_tenant")
        at = f"{base}/{tenant}"
        body = {
            "token_endpoint": f"{at}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": f"{at}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": self.issuer(base),
            "request_uri_parameter_supported": False,
            "userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo",
            "authorization_endpoint": f"{at}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{at}/oauth2/v2.0/devicecode",
            "http_logout_supported": True,
            "frontchannel_logout_supported": True,
            "end_session_endpoint": f"{at}/oauth2/v2.0/logout",
            "claims_supported": ["sub", "iss", "aud", "exp", "iat", "tid", "ver"],
            "tenant_region_scope": "AS",
            "cloud_instance_name": urlsplit(base).netloc,
            "cloud_graph_host_name": "graph.windows.net",
            "msgraph_host": urlsplit(base).netloc,
            "rbac_url": "https://pas.windows.net",
        }
        return Answer(200, body)

    def keys(self, tenant: str) -> Answer:
        """The public key that access tokens are signed with."""
        self.check_tenant(tenant, "invalid_tenant")
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.application.signing_key.public_key(), as_dict=True)
        return Answer(200, {"keys": [{**public, "kid": KEY_ID, "use": "sig"}]})

    def instance_discovery(self, authorization_endpoint: str, base: str) -> Answer:
        """The known clouds, and this sandbox as one of them, so that clients need not turn the check off."""
        tenant = urlsplit(authorization_endpoint).path.strip("/").split("/")[0] or "common"
        host = urlsplit(base).netloc
        clouds = [*_CLOUDS, (host, host, ())]
        metadata = [
            {
                "preferred_network": network,
                "preferred_cache": cache,
                "aliases": list(dict.fromkeys((network, cache, *others))),
            }
            for network, cache, others in clouds
        ]
        body = {
            "tenant_discovery_endpoint": f"{base}/{tenant}/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": metadata,
        }
        return Answer(200, body)

    def token(self, tenant: str, form: dict[str, str], base: str, now: datetime) -> Answer:
        """The token endpoint. Unknown fields and headers are ignored. Raises LoginError."""
        self.check_tenant(tenant, "invalid_request")
        endpoint = f"{base}/{tenant}/oauth2/v2.0/token"
        if form.get("grant_type") == "authorization_code":
            self._check_client(form, endpoint, now)
            return Answer(200, self.sign_in.redeem(form, self.issuer(base), now))
        if form.get("grant_type") != "client_credentials":
            message = "The app requested an unsupported grant type."
            raise LoginError(400, "unsupported_grant_type", 70003, message)
        audience = self._audience(form.get("scope", ""), base)
        self._check_client(form, endpoint, now)
        body = {
            "token_type": "Bearer",
            "expires_in": LIFETIME_S,
            "ext_expires_in": LIFETIME_S,
            "access_token": issue(self.application, self.issuer(base), audience, now),
        }
        return Answer(200, body)

    def _audience(self, scope: str, base: str) -> str:
        """The resource of a `…/.default` scope: Graph in any cloud, or this sandbox."""
        resource, _, name = scope.rpartition("/")
        if name != ".default":
            message = f"The provided request must include a 'scope' of the form '<resource>/.default', not '{scope}'."
            raise LoginError(400, "invalid_scope", 70011, message)
        host = urlsplit(resource).netloc
        if host != urlsplit(base).netloc and "graph" not in host:
            message = f"The resource principal named {resource} was not found in the tenant named calsync sandbox."
            raise LoginError(400, "invalid_resource", 500011, message)
        return resource

    def _check_client(self, form: dict[str, str], endpoint: str, now: datetime) -> None:
        app, client_id = self.application, form.get("client_id", "")
        if client_id.lower() != app.client_id:
            raise unknown_client(client_id)
        if form.get("client_assertion_type") == _ASSERTION_TYPE and form.get("client_assertion"):
            self._check_assertion(form["client_assertion"], endpoint, now)
        elif "client_secret" in form:
            self._check_secret(form["client_secret"])
        else:
            message = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
            raise LoginError(401, "invalid_client", 7000218, message)

    def _check_secret(self, secret: str) -> None:
        app = self.application
        if not hmac.compare_digest(secret.encode(), app.client_secret.encode()):
            message = (
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret "
                f"value, not the client secret ID, for a secret added to app '{app.client_id}'."
            )
            raise LoginError(401, "invalid_client", 7000215, message)
        if app.secret_expired:
            message = f"The provided client secret keys for app '{app.client_id}' are expired."
            raise LoginError(401, "invalid_client", 7000222, message)

    def _check_assertion(self, assertion: str, endpoint: str, now: datetime) -> None:
        """A JWT signed by the registered certificate, for this endpoint, valid now by the sandbox's clock."""
        app = self.application
        try:
            header = jwt.get_unverified_header(assertion)
            given = (header.get("x5t"), header.get("x5t#S256"))
            known = {str(print_).rstrip("=") for print_ in given} & app.thumbprints
            options: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "require": ["exp", "jti"]}
            claims = jwt.decode(
                assertion,
                app.certificate.public_key(),  # type: ignore[arg-type]  # our certificate has an RSA key
                algorithms=["PS256", "RS256"],
                audience=endpoint,
                issuer=app.client_id,
                options=options,
            )
        except jwt.InvalidSignatureError:
            known, claims = set(), {}
        except jwt.InvalidTokenError as error:
            raise LoginError(401, "invalid_client", 50027, f"JWT token is invalid or malformed: {error}.") from error
        if not known:
            message = (
                "Client assertion contains an invalid signature. The key was not found by the thumbprint of the "
                f"certificate registered for application '{app.client_id}'."
            )
            raise LoginError(401, "invalid_client", 700027, message)
        if claims["exp"] <= now.timestamp() or claims.get("sub") != app.client_id:
            message = "Client assertion is not within its valid time range."
            raise LoginError(401, "invalid_client", 700024, message)
