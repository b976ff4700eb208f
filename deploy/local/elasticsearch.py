"""Elasticsearch as a part: its Java is started directly, so that one process is the server."""

import os
import struct
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from deploy.local.account import Account, make_folder
from deploy.local.cache import cache_folder
from deploy.local.distribution import install
from deploy.local.java import find_java
from deploy.local.part import Part
from deploy.local.ports import answers, listens
from deploy.local.supervisor import Supervisor

_LOGGING = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
"""
# Those of the server's own launcher, less what one small node has no use for.
_JVM_OPTIONS = (
    "-XX:+UseSerialGC",
    "-Xss1m",
    "-XX:-OmitStackTraceInFastThrow",
    "-XX:+ExitOnOutOfMemoryError",
    # Six times the defaults: the best compiler works on what is hot for long and not on all that a start runs through,
    # which took half of the CPU of the first import.
    "-XX:Tier4InvocationThreshold=30000",
    "-XX:Tier4MinInvocationThreshold=6000",
    "-XX:Tier4CompileThreshold=60000",
    "-XX:Tier4BackEdgeThreshold=240000",
    "-XX:+EnableDynamicAgentLoading",
    "-Djava.awt.headless=true",
    "-Dfile.encoding=UTF-8",
    "-Djna.nosys=true",
    "-Djdk.attach.allowAttachSelf=true",
    "-Dio.netty.noUnsafe=true",
    "-Dio.netty.noKeySetOptimization=true",
    "-Dio.netty.recycler.maxCapacityPerThread=0",
    "-Dlog4j.shutdownHookEnabled=false",
    "-Dlog4j2.disable.jmx=true",
    "-Dlog4j2.formatMsgNoLookups=true",
    "-Dorg.apache.lucene.store.MMapDirectory.sharedArenaMaxPermits=1",
    "-Des.networkaddress.cache.ttl=60",
    "-Des.networkaddress.cache.negative.ttl=10",
    "-Des.distribution.type=zip",
    "--add-modules=jdk.net,jdk.management.agent,ALL-MODULE-PATH",
)
_ENTITLEMENT_EXPORTS = (
    "--add-exports=java.base/org.elasticsearch.entitlement.bridge=org.elasticsearch.entitlement,"
    "java.logging,java.net.http,java.naming,jdk.net,jdk.zipfs,jdk.management.agent"
)
_MAIN = "org.elasticsearch.server/org.elasticsearch.bootstrap.Elasticsearch"
_SETTINGS = {
    "action.auto_create_index": "false",
    "cluster.name": "catalograph",
    "cluster.routing.allocation.disk.threshold_enabled": "false",
    # Fewer, larger segments while much is written at once.
    "indices.memory.index_buffer_size": "10%",
    # The serial collector leaves garbage until the heap is full: to count it would refuse work that fits.
    "indices.breaker.total.use_real_memory": "false",
    "discovery.type": "single-node",
    # What is left out of `_source` would be stored a second time, whole, for copies of the index that one node has not.
    "indices.recovery.recovery_source.enabled": "false",
    "network.host": "127.0.0.1",
    "node.name": "catalograph",
}


@dataclass(frozen=True)
class Elasticsearch:
    """One single-node server on its own folder. `heap` is Java's `-Xmx`.

    Without `durable` it compiles its hot code less: ready sooner, slower after minutes of work, for tests.
    """

    folder: Path
    port: int
    transport_port: int
    account: Account | None
    heap: str = "1g"
    durable: bool = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self, supervisor: Supervisor, home: Path, java: Path) -> None:
        """Run the server whose files are in `home`, as `prepare` gave it."""
        make_folder(self.folder, self.account)
        for name in ("config", "data", "tmp", "logs"):
            make_folder(self.folder / name, self.account)
        logging = self.folder / "config" / "log4j2.properties"
        logging.write_text(_LOGGING)
        logging.chmod(0o644)
        await supervisor.start(self._part(home, java))

    def _part(self, home: Path, java: Path) -> Part:
        return Part(
            name="elasticsearch",
            argv=(str(java), *self._options(home), "-m", _MAIN),
            environment={"PATH": os.defpath, "LANG": "C.UTF-8", "LIBFFI_TMPDIR": str(self.folder / "tmp")},
            folder=self.folder,
            account=self.account,
            ready=self._ready,
            stdin=_server_arguments(self._settings(home), self.folder / "config", self.folder / "logs"),
            start_seconds=240.0,
        )

    def _options(self, home: Path) -> list[str]:
        (bridge,) = (home / "lib" / "entitlement-bridge").glob("*.jar")
        memory = [f"-Xms{self.heap}", f"-Xmx{self.heap}", "-XX:MaxDirectMemorySize=512m"]
        paths = [f"-Des.path.home={home}", f"-Djava.io.tmpdir={self.folder / 'tmp'}", f"-XX:ErrorFile={os.devnull}"]
        modules = [f"--module-path={home / 'lib'}", f"--patch-module=java.base={bridge}", _ENTITLEMENT_EXPORTS]
        return [*_JVM_OPTIONS, *([] if self.durable else ["-XX:TieredStopAtLevel=1"]), *memory, *paths, *modules]

    def _settings(self, home: Path) -> dict[str, str]:
        return _SETTINGS | {
            "http.port": str(self.port),
            "path.data": str(self.folder / "data"),
            "path.home": str(home),
            "path.logs": str(self.folder / "logs"),
            "transport.port": str(self.transport_port),
        }

    def _ready(self, pid: int) -> bool:
        return listens(pid, self.port) and answers("127.0.0.1", self.port, "/_cluster/health?timeout=1s")


def prepare(console: Console) -> tuple[Path, Path]:
    """The server's files and a Java to run them, fetched where they are missing. Blocks meanwhile."""
    java = find_java()
    return install(cache_folder(), java, console), java


def _server_arguments(settings: dict[str, str], config: Path, logs: Path) -> bytes:
    """What the launcher would write to the server's standard input.

    `org.elasticsearch.bootstrap.ServerArgs.writeTo` of 8.19: daemonize, quiet, pid file, secrets (an empty key store
    of format 4), settings, two folders. The server ends when its standard input does.
    """
    flags = b"\0\0\0"
    key_store = _string("org.elasticsearch.common.settings.KeyStoreWrapper") + struct.pack(">i", 4) + b"\0\0\0\0"
    entries = b"".join(_string(name) + b"\0" + _string(value) for name, value in settings.items())
    return flags + key_store + _vint(len(settings)) + entries + _string(str(config)) + _string(str(logs))


def _vint(number: int) -> bytes:
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + _vint(rest) if rest else bytes([low])


def _string(text: str) -> bytes:
    """The number of UTF-16 units, then each of them in UTF-8 by itself, as `StreamOutput.writeString` does."""
    encoded = text.encode("utf-16-be", "surrogatepass")
    units = [chr(unit) for (unit,) in struct.iter_unpack(">H", encoded)]
    return _vint(len(units)) + "".join(units).encode("utf-8", "surrogatepass")
