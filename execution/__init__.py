"""A compiled executor for any graphql-core schema: what a valid document selects is collected once, then runs.

Where a value is as it should be, generated code takes it; everything else takes graphql-core's own way, so that
errors, nulls, paths and order are graphql-core's.
"""

from execution.plan import Plan

__all__ = ["Plan"]
