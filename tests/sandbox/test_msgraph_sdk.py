"""Microsoft's own clients, which nobody here wrote, pointed at the sandbox: msgraph-sdk, azure-identity and msal."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import msal
import pytest
from azure.identity import CertificateCredential, ClientSecretCredential
from graph_caller import ANN, BOB, SCOPE, people
from kiota_abstractions.api_error import APIError
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.models.attendee import Attendee
from msgraph.generated.models.date_time_time_zone import DateTimeTimeZone
from msgraph.generated.models.email_address import EmailAddress
from msgraph.generated.models.event import Event
from msgraph.generated.models.single_value_legacy_extended_property import SingleValueLegacyExtendedProperty
from msgraph.generated.users.item.calendar_view.calendar_view_request_builder import CalendarViewRequestBuilder
from msgraph.generated.users.item.calendar_view.delta.delta_request_builder import DeltaRequestBuilder
from msgraph.generated.users.item.events.item.cancel.cancel_post_request_body import CancelPostRequestBody
from msgraph.generated.users.users_request_builder import UsersRequestBuilder
from msgraph_core import GraphClientFactory
from msgraph_core.requests.batch_request_builder import BatchRequestBuilder
from msgraph_core.requests.batch_request_content import BatchRequestContent
from msgraph_core.requests.batch_request_item import BatchRequestItem

from sandbox.client import Sandbox
from sandbox.server import Server

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the SDK deprecates its own classes

T = TypeVar("T")
MARK = "String {66f5a359-4659-4830-9070-00047ec6ac6e} Name calsync"
Work = Callable[[GraphServiceClient], Awaitable[T]]


@pytest.fixture
def microsoft(server: Server, box: Sandbox) -> Callable[[Work[Any]], Any]:
    """Runs some work with an SDK client for a tenant with Ann, Bob and Carl."""
    people(box)
    info = server.info

    async def run(work: Work[T]) -> T:
        credential = ClientSecretCredential(
            info["tenant_id"],
            info["client_id"],
            info["client_secret"],
            authority=info["url"],
            disable_instance_discovery=True,
            connection_verify=info["ca"],
        )
        provider = AzureIdentityAuthenticationProvider(credential, scopes=[SCOPE], allowed_hosts=[_host(info["url"])])
        trusting = httpx.AsyncClient(verify=ssl.create_default_context(cafile=info["ca"]))
        http = GraphClientFactory.create_with_default_middleware(client=trusting)
        adapter = GraphRequestAdapter(provider, client=http)
        adapter.base_url = f"{info['url']}/v1.0"
        async with trusting:
            return await work(GraphServiceClient(request_adapter=adapter))

    return lambda work: asyncio.run(run(work))


@pytest.fixture
def trusted(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """requests, on which msal stands, prefers this variable to the `verify` it is given."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", server.ca)


def _host(url: str) -> str:
    return str(urlsplit(url).hostname)


def _event(subject: str, **more: Any) -> Event:
    return Event(
        subject=subject,
        start=DateTimeTimeZone(date_time="2026-11-24T10:00:00", time_zone="China Standard Time"),
        end=DateTimeTimeZone(date_time="2026-11-24T11:00:00", time_zone="China Standard Time"),
        **more,
    )


def _headers(**headers: str) -> RequestConfiguration[Any]:
    configuration: RequestConfiguration[Any] = RequestConfiguration()
    for name, value in headers.items():
        configuration.headers.add(name.replace("_", "-"), value)
    return configuration


def test_users_are_listed_and_paged(microsoft: Any) -> None:
    async def work(client: GraphServiceClient) -> list[str]:
        query = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters(select=["id", "mail", "userType"], top=2)
        page = await client.users.get(RequestConfiguration(query_parameters=query))
        found = list(page.value)
        while page.odata_next_link:
            page = await client.users.with_url(page.odata_next_link).get()
            found += page.value
        return [user.mail for user in found]

    assert microsoft(work) == [ANN, BOB, "carl@sales.example"]


def test_an_event_is_made_changed_under_its_etag_and_deleted(microsoft: Any, box: Sandbox) -> None:
    async def work(client: GraphServiceClient) -> None:
        events = client.users.by_user_id(ANN).events
        guest = Attendee(email_address=EmailAddress(address=BOB))
        mark = SingleValueLegacyExtendedProperty(id=MARK, value="42")
        made = await events.post(_event("Visit", attendees=[guest], single_value_extended_properties=[mark]))
        assert made.start.date_time == "2026-11-24T02:00:00.0000000"
        assert made.organizer.email_address.address == ANN

        one = events.by_event_id(made.id)
        changed = await one.patch(Event(subject="Moved"), _headers(If_Match=made.additional_data["@odata.etag"]))
        assert changed.subject == "Moved"
        with pytest.raises(APIError) as stale:
            await one.patch(Event(subject="Late"), _headers(If_Match=made.additional_data["@odata.etag"]))
        assert stale.value.response_status_code == 412
        assert stale.value.error.code == "ErrorIrresolvableConflict"

        await one.delete()
        with pytest.raises(APIError) as gone:
            await one.get()
        assert (gone.value.response_status_code, gone.value.error.code) == (404, "ErrorItemNotFound")

    microsoft(work)
    assert [(mail["kind"], mail["to"]) for mail in box.mails()] == [
        ("invitation", BOB),
        ("update", BOB),
        ("cancellation", BOB),
    ]


def test_a_delta_round_and_the_next_one(microsoft: Any) -> None:
    async def work(client: GraphServiceClient) -> None:
        user = client.users.by_user_id(ANN)
        ids = [(await user.events.post(_event(f"Event {n}"))).id for n in range(3)]
        window = DeltaRequestBuilder.DeltaRequestBuilderGetQueryParameters(
            start_date_time="2026-11-01T00:00:00Z", end_date_time="2026-12-01T00:00:00Z"
        )
        configuration = _headers(Prefer="odata.maxpagesize=2")
        configuration.query_parameters = window
        page = await user.calendar_view.delta.get(configuration)
        found = list(page.value)
        while page.odata_next_link:
            page = await user.calendar_view.delta.with_url(page.odata_next_link).get(
                _headers(Prefer="odata.maxpagesize=2")
            )
            found += page.value
        assert [event.id for event in found] == ids

        await user.events.by_event_id(ids[0]).delete()
        following = await user.calendar_view.delta.with_url(page.odata_delta_link).get()
        [tombstone] = following.value
        assert tombstone.id == ids[0]
        assert tombstone.additional_data["@removed"]["reason"] == "deleted"

    microsoft(work)


def test_a_calendar_view_in_the_zone_asked_for(microsoft: Any) -> None:
    async def work(client: GraphServiceClient) -> list[tuple[str, str]]:
        user = client.users.by_user_id(ANN)
        await user.events.post(_event("Visit"))
        configuration = _headers(Prefer='outlook.timezone="China Standard Time"')
        configuration.query_parameters = CalendarViewRequestBuilder.CalendarViewRequestBuilderGetQueryParameters(
            start_date_time="2026-11-01T00:00:00Z", end_date_time="2026-12-01T00:00:00Z", select=["subject", "start"]
        )
        page = await user.calendar_view.get(configuration)
        return [(event.subject, event.start.date_time) for event in page.value]

    assert microsoft(work) == [("Visit", "2026-11-24T10:00:00.0000000")]


def test_a_batch(microsoft: Any) -> None:
    async def work(client: GraphServiceClient) -> dict[str, int]:
        content = BatchRequestContent()
        for part_id, address in (("ann", ANN), ("nobody", "nobody@sales.example")):
            information = RequestInformation()
            information.http_method = Method.GET
            information.url = f"{client.request_adapter.base_url}/users/{address}/calendar"
            content.add_request(part_id, BatchRequestItem(request_information=information, id=part_id))
        answer = await BatchRequestBuilder(client.request_adapter).post(content)
        return dict(answer.get_response_status_codes())

    assert microsoft(work) == {"ann": 200, "nobody": 404}


@pytest.mark.parametrize(
    ("state", "status", "code"), [("none", 404, "MailboxNotEnabledForRESTAPI"), ("forbidden", 403, "ErrorAccessDenied")]
)
def test_documented_errors_are_understood(microsoft: Any, box: Sandbox, state: str, status: int, code: str) -> None:
    box.set_mailbox(ANN, state)

    async def work(client: GraphServiceClient) -> tuple[int | None, str]:
        with pytest.raises(APIError) as refused:
            await client.users.by_user_id(ANN).events.get()
        return refused.value.response_status_code, refused.value.error.code

    assert microsoft(work) == (status, code)


def test_only_the_organiser_cancels(microsoft: Any) -> None:
    async def work(client: GraphServiceClient) -> tuple[int | None, bool]:
        guest = Attendee(email_address=EmailAddress(address=BOB))
        made = await client.users.by_user_id(ANN).events.post(_event("Visit", attendees=[guest]))
        bobs = client.users.by_user_id(BOB).events
        [copy] = (await bobs.get()).value
        with pytest.raises(APIError) as refused:
            await bobs.by_event_id(copy.id).cancel.post(CancelPostRequestBody(comment="No"))
        organisers = client.users.by_user_id(ANN).events.by_event_id(made.id)
        await organisers.cancel.post(CancelPostRequestBody(comment="Ill"))
        [copy] = (await bobs.get()).value
        return refused.value.response_status_code, copy.is_cancelled

    assert microsoft(work) == (400, True)


@pytest.mark.usefixtures("trusted", "box")
def test_msal_gets_a_token_with_a_secret(server: Server) -> None:
    info = server.info
    authority = f"{info['url']}/{info['tenant_id']}"
    application = msal.ConfidentialClientApplication(
        info["client_id"],
        client_credential=info["client_secret"],
        authority=authority,
        instance_discovery=False,
        verify=info["ca"],
    )
    assert "access_token" in application.acquire_token_for_client([SCOPE])


@pytest.mark.usefixtures("trusted", "box")
def test_msal_reads_the_errors_of_the_login(server: Server) -> None:
    info = server.info
    application = msal.ConfidentialClientApplication(
        info["client_id"],
        client_credential="wrong",
        authority=f"{info['url']}/{info['tenant_id']}",
        instance_discovery=False,
        verify=info["ca"],
    )
    answer = application.acquire_token_for_client([SCOPE])
    assert (answer["error"], answer["error_codes"]) == ("invalid_client", [7000215])


@pytest.mark.usefixtures("box")
def test_azure_identity_gets_a_token_with_the_certificate(server: Server) -> None:
    info = server.info
    credential = CertificateCredential(
        info["tenant_id"],
        info["client_id"],
        info["certificate"],
        authority=info["url"],
        disable_instance_discovery=True,
        connection_verify=info["ca"],
    )
    assert credential.get_token(SCOPE).token.count(".") == 2
