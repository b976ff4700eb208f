"""Asks a running system over HTTP, as any client would."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

JSON = {"content-type": "application/json"}

Payload = Any
"""What a mutation answers: `record` and `errors`."""


@dataclass(frozen=True)
class Api:
    """One viewer of one system."""

    client: httpx.Client

    def answer(self, document: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The whole answer: `data`, `errors`, `extensions`."""
        # In ASCII, as JSON may be: so that a lone surrogate can be sent too.
        sent = json.dumps({"query": document, "variables": variables or {}}).encode()
        answer: dict[str, Any] = self.client.post("/graphql", content=sent, headers=JSON).json()
        return answer

    def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """The data of an operation that has no errors."""
        answer = self.answer(document, variables)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    def refusal(self, document: str, **variables: Any) -> str:
        """The code of the one error of an operation."""
        (error,) = self.answer(document, variables)["errors"]
        assert error["extensions"]["requestId"]
        code: str = error["extensions"]["code"]
        return code


@dataclass(frozen=True)
class Writer:
    """Writes records of one collection through an API; what it selects of a record is `fields`."""

    api: Api
    name: str
    plural: str
    fields: str = "id key revision"

    @property
    def _payload(self) -> str:
        return f"{{ record {{ {self.fields} }} errors {{ code message path }} }}"

    def create(self, wait: str = "COMMITTED", **record: Any) -> Payload:
        document = f"mutation($i: {self.name}Input!, $w: Visibility) {{ p: create{self.name}(input: $i, waitFor: $w)"
        return self._one(document, i=record, w=wait)

    def update(self, id: str, patch: Any, expected: int | None = None, wait: str = "COMMITTED") -> Payload:  # noqa: A002
        document = f"""mutation($id: ID!, $p: {self.name}Patch!, $e: Int, $w: Visibility) {{
            p: update{self.name}(id: $id, patch: $p, expectedRevision: $e, waitFor: $w)"""
        return self._one(document, id=id, p=patch, e=expected, w=wait)

    def delete(self, id: str, expected: int | None = None, wait: str = "COMMITTED") -> Payload:  # noqa: A002
        document = f"""mutation($id: ID!, $e: Int, $w: Visibility) {{
            p: delete{self.name}(id: $id, expectedRevision: $e, waitFor: $w)"""
        return self._one(document, id=id, e=expected, w=wait)

    def restore(self, id: str) -> Payload:  # noqa: A002
        return self._one(f"mutation($id: ID!) {{ p: restore{self.name}(id: $id)", id=id)

    def revert(self, id: str, revision: int, expected: int | None = None) -> Payload:  # noqa: A002
        document = f"""mutation($id: ID!, $r: Int!, $e: Int) {{
            p: revert{self.name}(id: $id, revision: $r, expectedRevision: $e)"""
        return self._one(document, id=id, r=revision, e=expected)

    def _one(self, document: str, **variables: Any) -> dict[str, Any]:
        payload: dict[str, Any] = self._write(document, **variables)
        return payload

    def upsert(self, *records: Any, wait: str = "COMMITTED") -> list[dict[str, Any]]:
        field = f"upsert{self.plural[0].upper()}{self.plural[1:]}"
        document = f"mutation($r: [{self.name}Input!]!, $w: Visibility) {{ p: {field}(records: $r, waitFor: $w)"
        payloads: list[dict[str, Any]] = self._write(document, r=list(records), w=wait)
        return payloads

    def _write(self, document: str, **variables: Any) -> Any:
        return self.api.ask(f"{document} {self._payload} }}", **variables)["p"]


def errors_of(payload: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Code and path of each error; nothing was written, so that there is no record beside them but a conflict's."""
    errors = payload["errors"]
    assert all(error["message"] for error in errors)
    assert (payload["record"] is None) == (bool(errors) and errors[0]["code"] != "CONFLICT")
    return [(error["code"], error["path"]) for error in errors]
