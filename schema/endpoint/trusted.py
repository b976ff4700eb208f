"""Trusted documents: those of a folder, which are all that is run, named by their hashes.

Others are run for `admin` alone, but for questions about the schema: GraphiQL and tools ask them as they open.
"""

from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from errors import CostExceeded, DocumentErrors, Forbidden
from schema.endpoint.documents import Document, Documents
from schema.endpoint.parsing import DocumentRefused, asks_for_the_schema
from schema.endpoint.persisted import DocumentSource, check_digest, digest_of, unknown_hash
from schema.endpoint.request import Parameters

PATTERN = "*.graphql"
MayAskAnything = Callable[[Any], bool]
"""Whether who asks, by the context of the request, may have any document run."""


class TrustedDocuments:
    """Runs the documents `trusted`, by their hashes; for who may ask anything those of `others` too."""

    def __init__(
        self,
        trusted: Mapping[str, Document],
        documents: Documents,
        others: DocumentSource,
        may_ask_anything: MayAskAnything,
    ) -> None:
        self._trusted = trusted
        self._documents = documents
        self._others = others
        self._may_ask_anything = may_ask_anything

    async def __call__(self, parameters: Parameters, context: object) -> Document:
        digest = digest_of(parameters)
        document = None if digest is None else self._trusted.get(digest)
        if digest is not None and document is not None:
            if parameters.query:
                check_digest(digest, parameters.query)
            return document
        if self._may_ask_anything(context):
            return await self._others(parameters, context)
        if digest is None and parameters.query and self._documents.introspection:
            return self._question(parameters.query)
        if digest is not None and not parameters.query:
            raise unknown_hash()  # a client that sends the text now is told that it may not
        raise _forbidden()

    def _question(self, text: str) -> Document:
        """The document, if it asks for the schema."""
        if "__schema" not in text and "__type(" not in text:
            raise _forbidden()
        try:
            document = self._documents.prepare(text)
        except (DocumentRefused, CostExceeded) as error:
            raise _forbidden() from error
        if not asks_for_the_schema(document.ast):
            raise _forbidden()
        return document


def _forbidden() -> Forbidden:
    return Forbidden(
        "This server runs the documents that it trusts, and no others.",
        "Send the hash of one of them in `extensions.persistedQuery`, or the token of an admin.",
    )


def trusted_documents(folder: Path, documents: Documents) -> dict[str, Document]:
    """The documents of a folder and those in it, by the SHA-256 of their files.

    Raises `DocumentErrors` with everything that is wrong with any of them.
    """
    files = sorted(folder.rglob(PATTERN)) if folder.is_dir() else []
    if not files:
        raise DocumentErrors([f"{folder}: there are no documents here (files that end in .graphql)"])
    found: dict[str, Document] = {}
    problems: list[str] = []
    for file in files:
        content = file.read_bytes()
        try:
            document = documents.prepare(content.decode())
            problems += [f"{file}:{line}: {what}" for line, what in _too_dear(document)]
            found[sha256(content).hexdigest()] = document
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            problems.append(f"{file}:{line}: this is not UTF-8: {error.reason}")
        except CostExceeded as error:
            problems.append(f"{file}:1: {error}")
        except DocumentRefused as refused:
            problems += [
                f"{file}:{error.locations[0].line if error.locations else 1}: {error.message}"
                for error in refused.errors
            ]
    if problems:
        raise DocumentErrors(problems)
    return found


def _too_dear(document: Document) -> Iterator[tuple[int, str]]:
    """The operations that cost too much even if their variables leave all pages as they are."""
    for operation in document.operations.values():
        try:
            operation.check_cost(None)
        except CostExceeded as error:
            yield (operation.node.loc.start_token.line if operation.node.loc else 1), str(error)
