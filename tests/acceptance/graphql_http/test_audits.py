"""The server passes every audit of the npm package graphql-http: MUST, SHOULD and MAY."""

import json
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest

from tests.acceptance.node import node_with_packages

HERE = Path(__file__).parent
AUDITS = 61


@pytest.fixture(scope="session")
def node() -> str:
    return node_with_packages(HERE)


def audit(node: str, url: str) -> list[dict[str, Any]]:
    done = subprocess.run([node, "audit.mjs", url], cwd=HERE, check=True, capture_output=True, text=True, timeout=60)
    results: list[dict[str, Any]] = json.loads(done.stdout)
    return results


def test_every_audit_of_graphql_http_passes(node: str, server_url: str) -> None:
    results = audit(node, urljoin(server_url, "/graphql"))
    failed = [f"{r['id']} {r['name']}: {r['status']} {r['reason']}" for r in results if r["status"] != "ok"]
    assert failed == []
    assert len(results) == AUDITS
