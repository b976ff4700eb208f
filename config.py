"""The settings: every `CATALOGRAPH_*` variable, typed, documented, checked at start-up."""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from errors import SettingsError

PREFIX = "CATALOGRAPH_"
SETTINGS_FILE = "settings.env"
NO_SERVERS = {
    "database_url": "postgresql://127.0.0.1",
    "elasticsearch_url": "http://127.0.0.1",
    "redis_url": "redis://127.0.0.1",
    "broker_url": "redis://127.0.0.1",
}
"""Addresses for commands that speak to none of them."""


def _with_a_port(url: str) -> str:
    """The address, if the port in it can be one; `ValueError` otherwise."""
    _ = urlsplit(url).port
    return url


class Settings(BaseSettings):
    """One value for each `CATALOGRAPH_*` variable; the name is the field's in capitals."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    collections: Path = Field(description="Folder of the collection files (`*.yaml`, `*.yml`, `*.json`).")
    database_url: Annotated[str, AfterValidator(_with_a_port)] = Field(
        pattern=r"^postgres(ql)?(\+\w+)?://.",
        description="PostgreSQL, as `postgresql://user:password@host:port/database`.",
    )
    elasticsearch_url: str = Field(
        pattern=r"^https?://[^\s,]+(,https?://[^\s,]+)*$",
        description="Elasticsearch, as `http://host:port`; several with commas.",
    )
    redis_url: str = Field(pattern=r"^rediss?://.", description="Redis or Valkey, as `redis://host:port/0`.")
    broker_url: str = Field(
        pattern=r"^(rediss?|amqps?)://.", description="Celery's broker, as `redis://…` or `amqp://…`."
    )
    secret: str = Field(min_length=16, description="Signs cursors and sessions; the same on every server.")
    admin_token: str = Field(default="", description="A token with the role `admin` that always works; empty for none.")
    index_prefix: str = Field(
        default="catalograph", pattern=r"^[a-z][a-z0-9_-]*$", description="Begins the name of every index."
    )
    max_body: int = Field(default=1_000_000, gt=0, description="Bytes of a request, unpacked.")
    max_upsert_body: int = Field(default=10_000_000, gt=0, description="Bytes of a request that upserts records.")
    max_upsert_records: int = Field(default=1_000, gt=0, description="Records of one upsert.")
    max_first: int = Field(default=1_000, gt=0, description="The largest `first` or `last`.")
    max_tokens: int = Field(default=5_000, gt=0, description="Tokens of a document.")
    max_depth: int = Field(default=15, gt=0, description="Fields of an operation that are nested in one another.")
    max_aliases: int = Field(default=100, ge=0, description="Aliases of an operation, with those of its fragments.")
    max_cost: int = Field(
        default=50_000, gt=0, description="What an operation may cost: the objects that it may answer with."
    )
    batch_max: int = Field(default=0, ge=0, description="Operations of one request sent as an array; 0 refuses arrays.")
    request_timeout: float = Field(default=30.0, gt=0, description="Seconds until an operation is ended.")
    search_timeout: float = Field(default=10.0, gt=0, description="Seconds that one search may take.")
    searchable_timeout: float = Field(default=10.0, gt=0, description="Seconds that `waitFor: SEARCHABLE` waits.")
    max_line: int = Field(default=16_000_000, gt=0, description="Bytes of one line of an import.")
    database_pool: int = Field(
        default=10,
        gt=0,
        description="Connections to PostgreSQL a process, for transactions, and as many for single statements.",
    )
    documents: str = Field(
        default="",
        description="Folder of trusted documents (`*.graphql`): no others are run but for `admin`; empty to run any.",
    )
    introspection: bool = Field(default=True, description="Whether the schema may be asked for.")
    refresh_interval: str = Field(
        default="",
        pattern=r"^(-1|\d+(nanos|micros|ms|s|m|h|d))?$",
        description="Elasticsearch's `index.refresh_interval`; empty for its own rule: 1 s, while anybody searches.",
    )
    index_batch: int = Field(default=1_000, gt=0, description="Records of one bulk request.")
    index_batch_bytes: int = Field(default=8_000_000, gt=0, description="Bytes of one bulk request.")
    sweep_seconds: float = Field(default=5.0, gt=0, description="Seconds between two sweeps of the outbox.")
    allow_private_urls: bool = Field(
        default=False, description="Whether imports may fetch from private and loopback addresses."
    )
    fetch_max_bytes: int = Field(
        default=10_000_000_000, gt=0, description="Bytes that an import fetches from an address at most, as sent."
    )
    fetch_max_seconds: float = Field(
        default=21_600.0, gt=0, description="Seconds that an import fetches from an address at most."
    )
    fetch_timeout: float = Field(
        default=30.0, gt=0, description="Seconds that an address may take to answer, and to send its next bytes."
    )
    compiled: bool = Field(
        default=True, description="Whether operations are compiled; if not, graphql-core runs all of them."
    )
    result_cache: int = Field(
        default=8_000_000,
        ge=0,
        description="Bytes of answers of searches that a process keeps; 0 to keep none anywhere.",
    )
    result_cache_redis: int = Field(
        default=64_000_000, ge=0, description="Bytes that all processes together keep in Redis at most; 0 for none."
    )
    result_cache_entry: int = Field(default=125_000, gt=0, description="Bytes of an answer that is kept at most.")
    result_cache_seconds: int = Field(default=600, gt=0, description="Seconds that an answer is kept in Redis at most.")
    persisted_queries: int = Field(
        default=32_000_000,
        ge=0,
        description="Bytes of persisted queries that all servers together keep in Redis at most; 0 for none.",
    )
    persisted_query_entry: int = Field(default=16_000, gt=0, description="Bytes of one that is kept there at most.")
    persisted_query_seconds: int = Field(
        default=604_800, gt=0, description="Seconds that one is kept there after it was sent."
    )
    http_max_age: int = Field(
        default=0,
        ge=0,
        description="Seconds that browsers and proxies may give what anybody may read without asking again; with 0 "
        "they ask each time.",
    )
    harvest_overlap: float = Field(
        default=3_600.0, ge=0, description="Seconds before the start of the last harvest from which the next one asks."
    )
    harvest_retries: int = Field(
        default=5, ge=0, description="How often a harvest asks a busy repository again for the same page."
    )
    harvest_max_wait: float = Field(
        default=600.0, gt=0, description="Seconds that a harvest waits at most where a repository asks it to."
    )
    harvest_max_page: int = Field(
        default=100_000_000, gt=0, description="Bytes of one answer of an OAI-PMH repository."
    )
    export_folder: str = Field(
        default="", description="Folder of exported files, which servers and workers share; empty where none are made."
    )
    task_silence: float = Field(
        default=15.0,
        ge=3,
        description="Seconds for which nothing is heard of a task's worker until another takes it up.",
    )
    task_days: float = Field(default=90.0, gt=0, description="Days that a task, and its export, is kept after its end.")
    verify_seconds: float = Field(
        default=60.0, gt=0, description="Seconds between two stretches of the continuous comparison of the stores."
    )
    metrics_port: int = Field(
        default=0, ge=0, le=65_535, description="Port at which a worker shows its metrics; 0 for none."
    )
    extensions: str = Field(
        default="", description="Modules that extend the catalog, each with `def extend(catalog)`; several with commas."
    )
    extension_path: Path = Field(
        default=Path(), description="Folder in which extensions are looked for, after Python's own path."
    )
    log_format: str = Field(default="text", pattern="^(text|json)$", description="`text` or `json`.")

    @property
    def extension_modules(self) -> tuple[str, ...]:
        """The names of the modules that extend the catalog."""
        return module_names(self.extensions)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def module_names(text: str) -> tuple[str, ...]:
    """The modules that a text names, with commas between."""
    return tuple(filter(None, map(str.strip, text.split(","))))


def load_settings(data: Path | None = None, environment: Mapping[str, str] | None = None, **given: Any) -> Settings:
    """Settings from `given`, the environment, and `settings.env` of a data folder, in this order.

    Raises `SettingsError` naming every setting that is missing, wrong or unknown.
    """
    variables = dict(_read_file(data)) if data else {}
    variables |= {k: v for k, v in (os.environ if environment is None else environment).items() if k.startswith(PREFIX)}
    named = {k.removeprefix(PREFIX).lower(): v for k, v in variables.items()}
    problems = [_unknown(name) for name in named if name not in Settings.model_fields]
    values: dict[str, Any] = {k: v for k, v in named.items() if k in Settings.model_fields}
    values |= {k: v for k, v in given.items() if v is not None}
    try:
        settings = Settings(**values)
    except ValidationError as error:
        problems += [_wrong(detail) for detail in error.errors()]
    if problems:
        raise SettingsError("\n".join(problems))
    return settings


def settings_without_servers() -> Settings:
    """Settings from the environment for a command that needs no servers, and knows its collections already."""
    given: dict[str, Any] = {"collections": "", "secret": "x" * 16, **NO_SERVERS}
    return load_settings(**given)


def _read_file(data: Path) -> dict[str, str]:
    path = data / SETTINGS_FILE
    if not path.is_file():
        raise SettingsError(f"{path} does not exist.", "Start `catalograph up` with this --data first.")
    lines = (line.partition("=") for line in path.read_text().splitlines() if line.strip() and line[0] != "#")
    return {name.strip(): value.strip() for name, _, value in lines}


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, Settings.model_fields, n=1)
    advice = f" (did you mean {PREFIX}{near[0].upper()}?)" if near else ""
    return f"{PREFIX}{name.upper()} is no setting of ours{advice}"


def _wrong(detail: Any) -> str:
    field = str(detail["loc"][0])
    name, meaning = PREFIX + field.upper(), Settings.model_fields[field].description
    if detail["type"] == "missing":
        return f"{name} is not set: {meaning}"
    if detail["type"] == "string_pattern_mismatch":
        return f"{name} is wrong: {meaning}"
    return f"{name} is wrong: {detail['msg']}: {meaning}"
