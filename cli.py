"""The command line: each command reads its settings, calls one function below, and maps errors to an exit status."""

import asyncio
import gc
import re
import sys
import traceback
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from config import Settings, load_settings, module_names
from errors import CatalographError, SettingsError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    help="A GraphQL API of collections of JSON records.",
)
index_app = typer.Typer(no_args_is_help=True, help="Look at the search index, compare it, and rebuild it.")
schema_app = typer.Typer(no_args_is_help=True, help="Look at the collection files; no server is needed.")
token_app = typer.Typer(no_args_is_help=True, help="Tokens for `Authorization: Bearer`.")
app.add_typer(index_app, name="index")
app.add_typer(schema_app, name="schema")
app.add_typer(token_app, name="token")

Data = Annotated[Path | None, typer.Option(help="Data folder of a `catalograph up`, whose servers are used.")]
Collections = Annotated[Path | None, typer.Option(help="Folder of the collection files.")]
Documents = Annotated[
    Path | None,
    typer.Option(
        envvar="CATALOGRAPH_DOCUMENTS", help="Folder of trusted documents: no others are run but for `admin`."
    ),
]
RequiredCollections = Annotated[
    Path, typer.Option(envvar="CATALOGRAPH_COLLECTIONS", help="Folder of the collection files.")
]
Extend = Annotated[
    list[str] | None,
    typer.Option(metavar="MODULE", help="A Python module that extends the catalog; may be repeated."),
]
GivenExtend = Annotated[
    list[str] | None,
    typer.Option(
        "--extend",
        metavar="MODULE",
        envvar="CATALOGRAPH_EXTENSIONS",
        help="A Python module that extends the catalog; may be repeated.",
    ),
]
ExtensionPath = Annotated[
    Path, typer.Option(envvar="CATALOGRAPH_EXTENSION_PATH", help="Folder in which extensions are looked for.")
]
Name = Annotated[str, typer.Argument(help="Name of a collection.")]
EachName = Annotated[str | None, typer.Argument(help="Name of a collection; all if absent.")]
Port = Annotated[int, typer.Option(min=1, max=65_535, help="Port of the server.")]


def main() -> NoReturn:
    """Run the command line; errors that we know are said in a sentence, with their exit status."""
    # What a start loads stays, and records and documents are many and short-lived: to look for cycles in all of them at
    # Python's usual pace takes an eighth of a start and a third of an import.
    gc.set_threshold(50_000, 20, 50)
    try:
        app(standalone_mode=True)
    except CatalographError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception:  # noqa: BLE001 - the edge: a defect of ours is told from a file with bad lines by its status
        traceback.print_exc()
        sys.exit(70)
    sys.exit(0)


def _settings(data: Path | None, extend: list[str] | None = None, **given: Any) -> Settings:
    from logs import configure_logs

    settings = load_settings(data, extensions=",".join(extend) if extend else None, **given)
    configure_logs(settings.log_format)
    return settings


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


@app.command()
def up(
    collections: RequiredCollections,
    load: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FILE", help="Import FILE into the collection NAME; may be repeated."),
    ] = None,
    port: Port = 8000,
    host: Annotated[str, typer.Option(help="Address that the server listens on.")] = "127.0.0.1",
    data: Annotated[Path | None, typer.Option(help="Folder that keeps everything; default `.catalograph`.")] = None,
    broker: Annotated[str, typer.Option(help="`redis` or `rabbitmq`.")] = "redis",
    workers: Annotated[int, typer.Option(min=1, help="Worker processes of each queue.")] = 1,
    heap: Annotated[str, typer.Option(help="Elasticsearch's heap, such as 1g or 512m.")] = "1g",
    flower: Annotated[bool, typer.Option("--flower", help="Run Flower too.")] = False,
    flower_port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of Flower.")] = 5555,
    documents: Documents = None,
    throwaway: Annotated[
        bool, typer.Option("--throwaway", help="For tests: quicker to start, and a crash of the machine loses data.")
    ] = False,
    extend: Extend = None,
) -> None:
    """Run the whole system on servers of its own."""
    from deploy.local.up import UpOptions, run_up

    if broker not in ("redis", "rabbitmq"):
        raise SettingsError(f"--broker {broker} is not known.", "Use redis or rabbitmq.")
    if not re.fullmatch(r"[1-9]\d*[kKmMgG]", heap):
        raise SettingsError(f"--heap {heap} is no size.", "Give one such as 1g or 512m.")
    files = tuple(_named_file(one) for one in load or ())
    settings = {"extensions": ",".join(extend)} if extend else {}
    if documents:
        settings["documents"] = str(documents.absolute())
    flower_at, durable = flower_port if flower else None, not throwaway
    options = UpOptions(collections, files, port, host, data, broker, workers, heap, durable, flower_at, settings)
    raise typer.Exit(run_up(options))


def _named_file(given: str) -> tuple[str, Path]:
    name, sign, file = given.partition("=")
    if not sign or not name or not file:
        raise SettingsError(f"--load {given} names no collection and file.", "Write --load NAME=FILE.")
    return name, Path(file)


@app.command()
def serve(
    port: Port = 8000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    data: Data = None,
    extend: Extend = None,
    documents: Documents = None,
) -> None:
    """Run the API server on servers given by settings."""
    from server import serve as run_server

    trusted = None if documents is None else str(documents)
    _run(run_server(_settings(data, extend, documents=trusted), host, port))


@app.command()
def worker(
    data: Data = None,
    name: Annotated[str, typer.Option(help="Name of the worker.")] = "worker",
    queue: Annotated[list[str] | None, typer.Option(help="`index`, `work` or `schedule`; all if absent.")] = None,
    extend: Extend = None,
) -> None:
    """Run a worker: keeps the index in step (queue `index`), does what takes long (`work`), sweeps (`schedule`)."""
    from tasks.app import QUEUES
    from tasks.worker import run_worker

    if unknown := set(queue or ()) - set(QUEUES):
        raise SettingsError(f"--queue {unknown.pop()} is not known.", f"Use {', '.join(QUEUES)}.")
    run_worker(_settings(data, extend), name, tuple(queue or QUEUES))


@app.command()
def beat(data: Data = None, extend: Extend = None) -> None:
    """Run the schedule."""
    from tasks.worker import run_beat

    run_beat(_settings(data, extend))


@app.command("flower")
def flower_(
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port to listen on.")] = 5555,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    data: Data = None,
) -> None:
    """Run Flower, which shows the workers and their queues; for tokens with the role `admin`."""
    from tasks.monitor import run_flower

    run_flower(_settings(data), host, port)


@app.command()
def migrate(data: Data = None) -> None:
    """Bring the database's tables to what this version needs."""
    from models.migrating import migrate as run_migrations

    asyncio.run(run_migrations(_settings(data).database_url))


@app.command("import")
def import_(
    name: Name,
    file: Annotated[str, typer.Argument(help="NDJSON, JSON array or CSV; gzip and zstd too; `-` for standard input.")],
    wait_searchable: Annotated[bool, typer.Option(help="Return when searches see the records.")] = False,
    data: Data = None,
    collections: Collections = None,
) -> None:
    """Create and change records by their keys; bad lines are reported, the rest goes in (exit status 1)."""
    from commands.importing import run_import

    raise typer.Exit(_run(run_import(_settings(data, collections=collections), name, file, wait=wait_searchable)))


@app.command()
def export(name: Name, data: Data = None, collections: Collections = None) -> None:
    """Write all records of a collection to standard output, as NDJSON in the order of their keys."""
    from commands.exporting import run_export

    _run(run_export(_settings(data, collections=collections), name))


@app.command()
def explain(
    operation: Annotated[str, typer.Argument(help="A query, or the file that holds it.")],
    variables: Annotated[str, typer.Option(metavar="JSON", help="Its variables, or the file that holds them.")] = "{}",
    name: Annotated[str | None, typer.Option(help="Which operation, if there are several.")] = None,
    role: Annotated[list[str] | None, typer.Option(help="Ask as somebody with this role; `admin` if absent.")] = None,
    data: Data = None,
    collections: Collections = None,
) -> None:
    """Run a query and show how: what each root field does, SQL statements, Elasticsearch bodies."""
    from commands.explaining import run_explain

    settings = _settings(data, collections=collections)
    raise typer.Exit(_run(run_explain(settings, operation, variables, name, role or ["admin"])))


@index_app.command("status")
def index_status(data: Data = None, collections: Collections = None) -> None:
    """How well the index follows the records."""
    from commands.index import run_status

    _run(run_status(_settings(data, collections=collections)))


@index_app.command("rebuild")
def index_rebuild(
    name: EachName = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    data: Data = None,
    collections: Collections = None,
) -> None:
    """Build the index anew beside the one that serves, and swap them; records that it refuses are named (status 1)."""
    from commands.index import run_compare, run_rebuild

    settings = _settings(data, collections=collections)
    if dry_run:
        _run(run_compare(settings, name))
    else:
        raise typer.Exit(_run(run_rebuild(settings, name)))


@index_app.command("verify")
def index_verify(
    name: EachName = None,
    repair: Annotated[bool, typer.Option("--repair", help="Mend what differs.")] = False,
    data: Data = None,
    collections: Collections = None,
) -> None:
    """Compare the index with PostgreSQL, record by record (status 1 if anything differs and is not mended)."""
    from commands.index import run_verify

    raise typer.Exit(_run(run_verify(_settings(data, collections=collections), name, repair=repair)))


@index_app.command("dead")
def index_dead(
    name: EachName = None,
    retry: Annotated[list[int] | None, typer.Option(metavar="ID", help="Try this one again; may be repeated.")] = None,
    drop: Annotated[list[int] | None, typer.Option(metavar="ID", help="Forget this one; may be repeated.")] = None,
    data: Data = None,
    collections: Collections = None,
) -> None:
    """Show the dead letters: work on records that failed for good, and why."""
    from commands.dead_letters import run_dead

    _run(run_dead(_settings(data, collections=collections), name, retry or [], drop or []))


@schema_app.command("print")
def schema_print(
    collections: RequiredCollections, extend: GivenExtend = None, extension_path: ExtensionPath = Path()
) -> None:
    """Print the GraphQL schema of the collection files, and of extensions."""
    from models.extensions import load_extended
    from schema.build import schema_text

    sys.stdout.write(schema_text(load_extended(collections, module_names(",".join(extend or ())), extension_path)))


@schema_app.command("check")
def schema_check(
    collections: RequiredCollections,
    collection: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A collection that must be there; may be repeated.")
    ] = None,
    extend: GivenExtend = None,
    extension_path: ExtensionPath = Path(),
    documents: Documents = None,
) -> None:
    """Say everything that is wrong with collection files, extensions or trusted documents (exit status 2)."""
    from commands.checking import run_check
    from models.extensions import load_extended

    catalog = load_extended(collections, module_names(",".join(extend or ())), extension_path)
    for line in run_check(catalog, collection or [], documents):
        print(line)


@schema_app.command("jsonschema")
def schema_jsonschema(
    collections: Annotated[
        Path | None, typer.Option(help="Not needed: the schema of the files is the same for all.")
    ] = None,
) -> None:
    """Print the JSON Schema of collection files, with which editors complete and check them."""
    from models.collections.file_schema import file_schema_text

    del collections
    sys.stdout.write(file_schema_text())


@token_app.command("create")
def token_create(
    role: Annotated[list[str], typer.Option(help="A role that the token gives; may be repeated.")],
    name: Annotated[str, typer.Option(help="What the token is for; the viewer's id.")] = "token",
    data: Data = None,
) -> None:
    """Make a token; its secret is the last line, and is shown this once."""
    from commands.tokens import run_create

    _run(run_create(_settings(data), name, role))


@token_app.command("list")
def token_list(data: Data = None) -> None:
    """Show the tokens that still open something, the newest first; never their secrets."""
    from commands.tokens import run_list

    _run(run_list(_settings(data)))


@token_app.command("revoke")
def token_revoke(
    token: Annotated[str, typer.Argument(metavar="ID", help="Its id, as `token list` shows it.")],
    data: Data = None,
) -> None:
    """Have a token open nothing any more; what was connected with it is cut off within 5 s."""
    from commands.tokens import run_revoke

    _run(run_revoke(_settings(data), token))


if __name__ == "__main__":
    main()
