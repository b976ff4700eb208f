"""The embedded Elasticsearch understands the analysis that a full one does, under the same names."""

import json
import urllib.error
import urllib.request
from typing import Any, Protocol

import pytest

from deploy.local.analysis_plugin import named_components

LANGUAGES = sorted(named_components()["org.elasticsearch.plugin.analysis.AnalyzerFactory"])


class _Servers(Protocol):
    @property
    def elasticsearch_url(self) -> str: ...


class Node:
    """Plain requests to the server."""

    def __init__(self, url: str) -> None:
        self._url = url

    def request(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self._url + path, json.dumps(body).encode(), headers, method=method)
        with urllib.request.urlopen(request) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def tokens(self, text: str, **analysis: Any) -> list[str]:
        answer = self.request("POST", "/_analyze", {"text": text, **analysis})
        return [token["token"] for token in answer["tokens"]]


@pytest.fixture
def node(servers: _Servers) -> Node:
    return Node(servers.elasticsearch_url)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_its_analyzer(node: Node, language: str) -> None:
    assert "2024" in node.tokens("2024", analyzer=language)


@pytest.mark.parametrize(
    ("analyzer", "text", "tokens"),
    [
        ("english", "The running foxes", ["run", "fox"]),
        ("german", "Die alten Häuser", ["alt", "haus"]),
        ("french", "l'été des peintres", ["été", "peintr"]),
        ("cjk", "東京都", ["東京", "京都"]),
    ],
)
def test_a_language_is_analysed_by_its_own_rules(node: Node, analyzer: str, text: str, tokens: list[str]) -> None:
    assert node.tokens(text, analyzer=analyzer) == tokens


@pytest.mark.parametrize(
    ("token_filter", "tokens"),
    [
        ({"type": "asciifolding"}, ["cafe", "studies"]),
        ({"type": "asciifolding", "preserve_original": True}, ["cafe", "café", "studies"]),
        ({"type": "edge_ngram", "min_gram": 2, "max_gram": 3}, ["ca", "caf", "st", "stu"]),
        ({"type": "stemmer", "language": "english"}, ["café", "studi"]),
        ({"type": "stemmer", "language": "minimal_english"}, ["café", "study"]),
        ({"type": "stemmer", "name": "porter2"}, ["café", "studi"]),
        ("porter_stem", ["café", "studi"]),
        ("kstem", ["café", "study"]),
    ],
)
def test_a_filter_works_with_its_settings(node: Node, token_filter: str | dict[str, Any], tokens: list[str]) -> None:
    assert node.tokens("café studies", tokenizer="standard", filter=["lowercase", token_filter]) == tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Watercolour", ["watercolor", "watercolour"]),
        ("NY", ["new", "york"]),
        ("St Ives", ["ives", "ives", "saint", "st"]),
        ("oil", ["oil"]),
    ],
)
def test_synonyms_are_words_of_any_case(node: Node, text: str, tokens: list[str]) -> None:
    rules = ["watercolour, watercolor", "ny => new york", "St Ives, Saint Ives"]
    chain = ["lowercase", {"type": "synonym_graph", "synonyms": rules}]
    assert sorted(node.tokens(text, tokenizer="standard", filter=chain)) == tokens


def test_a_wrong_synonym_rule_is_refused(node: Node) -> None:
    chain = [{"type": "synonym_graph", "synonyms": ["a => b => c"]}]
    with pytest.raises(urllib.error.HTTPError) as refused:
        node.tokens("a", tokenizer="standard", filter=chain)
    refused.value.close()
    assert refused.value.code == 400
