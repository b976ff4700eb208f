"""Our own `GET` and `POST /graphql` by the GraphQL-over-HTTP specification, small, on pure ASGI."""

from schema.endpoint.application import Closer, ContextFactory, GraphQLEndpoint, Limits, Page
from schema.endpoint.documents import Document, Documents, DocumentSource, Operation, sent_text
from schema.endpoint.execution import CompiledExecutor, CoreExecutor, Executor
from schema.endpoint.request import Parameters, RequestHead

__all__ = [
    "Closer",
    "CompiledExecutor",
    "ContextFactory",
    "CoreExecutor",
    "Document",
    "DocumentSource",
    "Documents",
    "Executor",
    "GraphQLEndpoint",
    "Limits",
    "Operation",
    "Page",
    "Parameters",
    "RequestHead",
    "sent_text",
]
