"""GraphiQL, built by Vite and served by ourselves: no request of it leaves our origin."""

import json
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from models.collections.kinds import LINK
from models.collections.loading import Catalog
from models.collections.properties import Collection, Property

DIST = Path(__file__).resolve().parents[1] / "web" / "dist"
PLACE = '<script type="application/json" id="catalograph">{}</script>'
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "worker-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SHOWN = 4


class GraphiQLPage:
    """Answers a browser that opens `/graphql`."""

    def __init__(self, catalog: Catalog, dist: Path = DIST) -> None:
        self._file = dist / "graphiql.html"
        given = json.dumps({"defaultQuery": default_query(catalog)}).replace("<", "\\u003c")
        self._settings = PLACE.replace("{}", given)

    def __call__(self, _request: Request) -> Response:
        headers = {"content-security-policy": POLICY, "cache-control": "no-cache", "x-content-type-options": "nosniff"}
        if not self._file.is_file():
            return PlainTextResponse("GraphiQL is not built: run `make web`.\n", 503, headers)
        return HTMLResponse(self._file.read_text().replace(PLACE, self._settings), headers=headers)


def default_query(catalog: Catalog) -> str:
    """A query that shows what can be done with the collections at hand, and runs as it is."""
    lines = ["# Welcome to Catalograph. Press the play button, or Ctrl-Enter, to run this.", "{"]
    collections = sorted(catalog, key=lambda c: (-len(c.text_paths), c.name))[:1]
    for collection in collections:
        lines += _query(collection)
    return "\n".join([*lines, "  collections {", "    name", "  }", "}", ""])


def _query(collection: Collection) -> list[str]:
    plain = [p.field for p in collection.shape.properties.values() if _is_plain(p)]
    facet = next((p.field for p in collection.shape.properties.values() if _is_term_facet(p)), None)
    lines = [f"  {collection.plural}(first: 5) {{", "    totalCount", "    nodes {", "      id"]
    lines += [f"      {name}" for name in plain[:SHOWN]]
    lines.append("    }")
    if facet:
        inner = "        buckets {\n          value\n          count\n        }"
        lines += ["    facets {", f"      {facet}(first: 5) {{", inner, "      }", "    }"]
    return [*lines, "  }"]


def _is_plain(prop: Property) -> bool:
    return prop.shape is None and prop.kind is not LINK and prop.access is None and prop.kind.scalar != "GeoPoint"


def _is_term_facet(prop: Property) -> bool:
    return bool(prop.search.facet and prop.search.facet.how == "terms" and prop.access is None and prop.is_indexed)
