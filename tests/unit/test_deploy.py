"""What `deploy/compose.yaml` runs is there: its commands, their options, the settings, and the files of the image."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer.main
from ruamel.yaml import YAML

import cli
from config import load_settings
from tasks.app import QUEUES

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
COMPOSE: dict[str, Any] = YAML(typ="safe").load(DEPLOY / "compose.yaml")
OURS = {name: service for name, service in COMPOSE["services"].items() if service["image"] == COMPOSE["name"]}


@pytest.mark.parametrize("name", OURS)
def test_a_service_of_ours_runs_a_command_that_there_is_with_settings_that_are_right(name: str) -> None:
    command, *options = OURS[name]["command"]
    group: Any = typer.main.get_command(cli.app)
    assert group.commands[command].make_context(command, options)
    given = {key: re.sub(r"\$\{\w+:[?-]\}", "x" * 16, value) for key, value in OURS[name]["environment"].items()}
    assert load_settings(environment=given).broker_url.startswith("amqp://")


def test_every_part_of_the_system_runs() -> None:
    run = [" ".join(service["command"]) for service in OURS.values()]
    for command in (
        "migrate",
        "serve",
        "beat",
        "flower",
        *(f"worker --name {queue} --queue {queue}" for queue in QUEUES),
    ):
        assert any(f"{one} ".startswith(f"{command} ") for one in run), command


def test_what_the_services_need_is_there() -> None:
    services, volumes = COMPOSE["services"], COMPOSE["volumes"]
    for service in services.values():
        assert set(service.get("depends_on", ())) <= set(services)
        sources = [volume.partition(":")[0] for volume in service.get("volumes", ())]
        assert {source for source in sources if source[0].isalpha()} <= set(volumes)
    hosts = {re.search(r"//(?:[^@]*@)?(\w+)", url)[1] for url in OURS["server"]["environment"].values() if "//" in url}  # type: ignore[index]
    assert hosts <= set(services)


def test_the_image_is_built_from_files_that_are_there() -> None:
    root = DEPLOY.parent
    taken = [
        line[2:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!/")
    ]
    assert [pattern for pattern in taken if not list(root.glob(pattern))] == []
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    assert [file for line in copied for file in line.split() if not (root / file).exists()] == []
    packages = {path.parent.name for path in root.glob("*/__init__.py")} - {"benchmarks", "tests"}
    assert packages <= set(taken)
