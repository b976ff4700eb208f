"""A small OAI-PMH repository (version 2.0), with records that a test gives it and faults that it wants."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

from tests.acceptance.serving import Files, Served

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">
<responseDate>2026-01-01T00:00:00Z</responseDate><request>http://repository.example.org/oai</request>
"""
DC = 'xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
SECONDS, DAYS = "YYYY-MM-DDThh:mm:ssZ", "YYYY-MM-DD"

Query = dict[str, str]
Fault = Callable[[Query], Served | None]


@dataclass(frozen=True)
class Item:
    """A record; `metadata` are its elements of Dublin Core."""

    identifier: str
    datestamp: str
    metadata: tuple[tuple[str, str], ...] = ()
    sets: tuple[str, ...] = ()
    deleted: bool = False
    raw: str = ""
    """Instead of the metadata: what is sent as it stands."""

    def xml(self) -> str:
        status = ' status="deleted"' if self.deleted else ""
        sets = "".join(f"<setSpec>{one}</setSpec>" for one in self.sets)
        header = f"<header{status}><identifier>{self.identifier}</identifier><datestamp>{self.datestamp}</datestamp>"
        elements = "\n".join(f"<dc:{name}>{escape(text)}</dc:{name}>" for name, text in self.metadata)
        body = f"<metadata>\n<oai_dc:dc {DC}>\n{self.raw or elements}\n</oai_dc:dc>\n</metadata>"
        return f"<record>\n{header}{sets}</header>\n{'' if self.deleted else body}\n</record>\n"


class Repository(Files):
    """Answers `Identify` and `ListRecords` at any path; `faults` are asked first, each may answer instead."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.records: list[Item] = []
        self.page = 2
        self.granularity = SECONDS
        self.pause = 0.0
        self.faults: list[Fault] = []

    @property
    def base(self) -> str:
        return self.url("/oai")

    @property
    def queries(self) -> list[Query]:
        """What was asked, in order."""
        return [query_of(path) for path in self.asked]

    def reset(self, *items: Item) -> None:
        """Begin with other records, without faults, and with nothing asked."""
        self.records, self.faults, self.asked[:] = list(items), [], []
        self.page, self.granularity, self.pause = 2, SECONDS, 0.0

    def answer(self, path: str) -> Served:
        query = query_of(path)
        for fault in self.faults:
            if served := fault(query):
                return served
        return Served((self._answer(query).encode(),), pause=self.pause)

    def _answer(self, query: Query) -> str:
        if query["verb"] == "Identify":
            return f"{HEAD}<Identify><granularity>{self.granularity}</granularity></Identify></OAI-PMH>"
        if "resumptionToken" in query:
            assert set(query) == {"verb", "resumptionToken"}
            since, until, set_, start = query["resumptionToken"].split("|")
            return self._page(since, until, set_, int(start))
        if query["metadataPrefix"] != "oai_dc":
            return error("cannotDisseminateFormat", "only oai_dc")
        return self._page(query.get("from", ""), query.get("until", ""), query.get("set", ""), 0)

    def _page(self, since: str, until: str, set_: str, start: int) -> str:
        found = [item for item in self.records if self._is_in(item, since, until, set_)]
        if not found:
            return error("noRecordsMatch")
        records = "".join(item.xml() for item in found[start : start + self.page])
        end = start + self.page
        next_ = f"{since}|{until}|{set_}|{end}" if end < len(found) else ""
        token = f'<resumptionToken completeListSize="{len(found)}" cursor="{start}">{next_}</resumptionToken>'
        return f"{HEAD}<ListRecords>\n{records}{token}\n</ListRecords>\n</OAI-PMH>"

    def _is_in(self, item: Item, since: str, until: str, set_: str) -> bool:
        stamp = item.datestamp[: len(since or until)] if since or until else ""
        return (not since or stamp >= since) and (not until or stamp <= until) and (not set_ or set_ in item.sets)


class RecordedRepository(Files):
    """Gives out the files of a folder: tokens are names of files, `ListRecords.xml` is the first page."""

    folder = Path()

    def answer(self, path: str) -> Served:
        query = query_of(path)
        name = query.get("resumptionToken", f"{query['verb']}.xml")
        return Served(((self.folder / name).read_bytes(),))


def error(code: str, text: str = "") -> str:
    """A refusal of the protocol."""
    return f'{HEAD}<error code="{code}">{text}</error></OAI-PMH>'


def once(served: Served, when: Callable[[Query], bool] = lambda query: True) -> Fault:
    """A fault that happens the first time that `when` holds."""
    left: Iterator[Served] = iter([served])
    return lambda query: next(left, None) if when(query) else None


def query_of(path: str) -> Query:
    return dict(parse_qsl(urlsplit(path).query, strict_parsing=True))
