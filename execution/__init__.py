"""A compiled executor for any graphql-core schema: a document is parsed, validated and collected once, then runs.

Where a value is as it should be, generated code takes it; everything else takes graphql-core's own way, so that
errors, nulls, paths and order are graphql-core's.
"""

from execution.documents import CompiledDocuments, compile_document
from execution.output import to_bytes
from execution.plan import Handed, Plan

__all__ = ["CompiledDocuments", "Handed", "Plan", "compile_document", "to_bytes"]
