"""Our own `GET` and `POST /graphql` by the GraphQL-over-HTTP specification, small, on pure ASGI."""

from schema.endpoint.application import Closer, ContextFactory, GraphQLEndpoint, Limits, Page
from schema.endpoint.documents import Document, DocumentLimits, Documents, Operation
from schema.endpoint.execution import CompiledExecutor, CoreExecutor, Executor
from schema.endpoint.persisted import DocumentSource, PersistedDocuments
from schema.endpoint.request import Parameters, RequestHead

__all__ = [
    "Closer",
    "CompiledExecutor",
    "ContextFactory",
    "CoreExecutor",
    "Document",
    "DocumentLimits",
    "DocumentSource",
    "Documents",
    "Executor",
    "GraphQLEndpoint",
    "Limits",
    "Operation",
    "Page",
    "Parameters",
    "PersistedDocuments",
    "RequestHead",
]
