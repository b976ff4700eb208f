"""GraphiQL at `/graphql`, driven in a real browser on the running system with the Tate sample."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any, Literal
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Page, Response, WebSocket, expect

from tests.browser import open_page

QUERY = ".graphiql-query-editor"
HEADERS = ".graphiql-editor-tool .graphiql-editor:not(.hidden)"
RESPONSE = ".graphiql-response"


@pytest.fixture
def graphiql(server_url: str, tmp_path: Path) -> Iterator[Page]:
    """GraphiQL as somebody sees it on the first visit; at the end it must have behaved."""
    with open_page(urljoin(server_url, "/graphql")) as (page, conduct):
        expect(page.locator(f"{QUERY} .view-lines")).to_contain_text("{")
        expect(page.get_by_role("button", name="Re-fetch GraphQL schema")).to_be_enabled()
        yield page
        page.screenshot(path=tmp_path / "graphiql.png")
        assert conduct.complaints == []
        assert conduct.foreign_requests == []


def test_the_first_visit_shows_a_query_that_runs(graphiql: Page) -> None:
    with graphiql.expect_response(is_answer) as response:
        graphiql.get_by_role("button", name="Execute query").click()
    answer = response.value.json()
    assert answer["data"]
    assert "errors" not in answer


def test_a_query_is_typed_completed_and_run(graphiql: Page) -> None:
    # The editor closes brackets by itself, so that these words make a whole query.
    type_in(graphiql, QUERY, "{ artworks(first: 3) { totalCount nodes { title acq")
    suggestions = graphiql.locator(f"{QUERY} .suggest-widget.visible")
    expect(suggestions.get_by_text("acquisitionYear", exact=True).first).to_be_visible()
    graphiql.keyboard.press("Enter")
    expect(graphiql.locator(f"{QUERY} .view-lines")).to_contain_text("nodes { title acquisitionYear}}}")

    artworks = run(graphiql)["data"]["artworks"]

    assert [set(node) for node in artworks["nodes"]] == [{"title", "acquisitionYear"}] * 3
    expect(graphiql.locator(f"{RESPONSE} .view-lines")).to_contain_text(f'"totalCount": {artworks["totalCount"]}')


def test_a_mistake_is_answered_with_the_errors_of_the_server(graphiql: Page) -> None:
    type_in(graphiql, QUERY, "{ artwork(id: 1, key: 2) { titel")
    answer = run(graphiql)
    assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    expect(graphiql.locator(f"{RESPONSE} .view-lines")).to_contain_text('"code": "GRAPHQL_VALIDATION_FAILED"')


def test_the_documentation_tells_what_a_type_is(graphiql: Page) -> None:
    graphiql.get_by_role("button", name="Show Documentation Explorer").click()
    docs = graphiql.locator(".graphiql-doc-explorer")
    docs.get_by_role("combobox").fill("Artwork")
    docs.get_by_role("option", name="Artwork", exact=True).click()
    expect(docs).to_contain_text("A work in the collection.")
    expect(docs.get_by_role("link", name="acquisitionYear").first).to_be_visible()


def test_light_and_dark_follow_the_system(graphiql: Page) -> None:
    editor = graphiql.locator(f"{QUERY} .monaco-editor").first
    expect(editor).to_contain_class("vs")
    graphiql.emulate_media(color_scheme="dark")
    expect(editor).to_contain_class("vs-dark")


def test_an_authorization_header_makes_the_viewer(graphiql: Page, admin_token: str) -> None:
    type_in(graphiql, QUERY, "{ viewer { roles via")
    assert run(graphiql)["data"] == {"viewer": None}
    authorize(graphiql, admin_token)
    assert run(graphiql)["data"] == {"viewer": {"roles": ["admin"], "via": "TOKEN"}}


def test_a_token_stays_in_the_browser_only_as_long_as_that_is_wanted(graphiql: Page, admin_token: str) -> None:
    keep_headers(graphiql, "On")
    authorize(graphiql, admin_token)
    run(graphiql)
    graphiql.wait_for_function("token => JSON.stringify(localStorage).includes(token)", arg=admin_token)

    keep_headers(graphiql, "Off")
    type_in(graphiql, QUERY, "{ viewer { username")
    # GraphiQL takes what was typed into its tab and its history a moment later.
    graphiql.wait_for_function("() => localStorage['graphiql:tabState'].includes('username')")
    run(graphiql)
    graphiql.wait_for_function("() => localStorage['graphiql:queries'].includes('username')")

    assert admin_token not in graphiql.evaluate("JSON.stringify(localStorage)")


def test_a_subscription_opens_a_socket_with_the_headers_of_the_editor(graphiql: Page, admin_token: str) -> None:
    authorize(graphiql, admin_token)
    type_in(graphiql, QUERY, "subscription { recordChanged { key")
    sent: list[dict[str, Any]] = []
    received: list[dict[str, Any]] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: sent.append(json.loads(frame)))
        socket.on("framereceived", lambda frame: received.append(json.loads(frame)))

    graphiql.on("websocket", listen)
    graphiql.keyboard.press("Control+Enter")
    wait_until(graphiql, lambda: bool(received))

    assert sent[0] == {"type": "connection_init", "payload": {"authorization": f"Bearer {admin_token}"}}
    assert received[0]["type"] == "connection_ack"


def authorize(page: Page, token: str) -> None:
    page.get_by_role("button", name="Headers").click()
    type_in(page, HEADERS, json.dumps({"Authorization": f"Bearer {token}"}))


def keep_headers(page: Page, choice: Literal["On", "Off"]) -> None:
    page.get_by_role("button", name="Open settings dialog").click()
    page.get_by_role("button", name=choice, exact=True).click()
    page.keyboard.press("Escape")


def type_in(page: Page, editor: str, text: str) -> None:
    """Replace what stands in `editor`, as a user does: select all, delete, type."""
    page.locator(f"{editor} .view-lines").click()
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    page.keyboard.type(text)


def run(page: Page) -> dict[str, Any]:
    """The server's answer to the query, sent from the editor that is being typed in."""
    with page.expect_response(is_answer) as response:
        page.keyboard.press("Control+Enter")
    answer: dict[str, Any] = response.value.json()
    return answer


def is_answer(response: Response) -> bool:
    """Whether it answers a query of the user, and not GraphiQL's own one for the schema."""
    request = response.request
    return request.method == "POST" and "IntrospectionQuery" not in (request.post_data or "")


def wait_until(page: Page, happened: Callable[[], bool], seconds: float = 10) -> None:
    deadline = monotonic() + seconds
    while not happened():
        assert monotonic() < deadline, f"not within {seconds} s"
        page.wait_for_timeout(20)
