"""Stands in for the command `catalograph`, so that `up` can be tested by itself: each command only notes its call."""

import http.server
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


class _Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()


def _note(arguments: list[str]) -> None:
    settings = {name: value for name, value in os.environ.items() if name.startswith("CATALOGRAPH_")}
    with Path(os.environ["STAND_IN_CALLS"]).open("a") as file:
        file.write(json.dumps({"arguments": arguments, "pid": os.getpid(), "settings": settings}) + "\n")


def main(arguments: list[str]) -> int:
    _note(arguments)
    match arguments:
        case ["schema", "check", *_]:
            sys.stdout.write("artwork.yaml:3: nmae is no property of a collection (did you mean name?)\n")
            return int(os.environ.get("STAND_IN_CHECK", "0"))
        case ["migrate"]:
            return 0
        case ["import", name, *_]:
            sys.stdout.write(f"imported {name}\n")
            return int(os.environ.get("STAND_IN_IMPORT", "0"))
        case ["serve", "--host", host, "--port", port]:
            http.server.ThreadingHTTPServer((host, int(port)), _Ready).serve_forever()
        case ["worker", "--name", _, "--queue", "index" | "work"]:
            # A child that asks for nothing and does not end by being asked.
            subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(15, 1); time.sleep(600)"])
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
            time.sleep(600)
        case _:
            time.sleep(600)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
