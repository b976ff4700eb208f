"""What operators watch: requests, backlog, dead letters, and every warning by its name."""

from pathlib import Path
from uuid import uuid4

from prometheus_client.parser import text_string_to_metric_families

from tests.acceptance.asking import Api
from tests.running import System


def samples(system: System) -> dict[tuple[str, str], float]:
    """The value of each sample of ours by its name and its labels' values."""
    with system.client() as client:
        answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, ",".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.name.startswith("catalograph_")
    }


def test_requests_are_counted_by_status_and_timed(kinds: System, admin: Api) -> None:
    before = samples(kinds)
    admin.ask("{ __typename }")
    with kinds.client() as client:
        refused = client.post("/graphql", json={"query": "{"}, headers={"accept": "application/graphql-response+json"})
        assert refused.status_code == 400
    after = samples(kinds)
    for name in (("catalograph_requests_total", "200"), ("catalograph_requests_total", "400")):
        assert after[name] == before.get(name, 0) + 1
    assert after["catalograph_request_seconds_count", ""] == before["catalograph_request_seconds_count", ""] + 2


def test_the_levels_of_each_collection_are_told(kinds: System, tmp_path: Path) -> None:
    file = tmp_path / "stations.ndjson"
    file.write_text(f'{{"code": "{uuid4()}", "color": "of no kind"}}\n')
    before = samples(kinds)["catalograph_dead_letters", "Station"]
    assert kinds.command("import", "Station", str(file)).returncode == 1
    after = samples(kinds)
    assert after["catalograph_dead_letters", "Station"] == before + 1
    assert {("catalograph_pending", "Station"), ("catalograph_lag_seconds", "Station")} <= after.keys()
