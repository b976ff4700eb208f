"""Watch over `up`: when it is gone, however it ended, end every process group that it left behind.

A script that stands alone, started as `python -I -S keeper.py`. Its standard input is a pipe that `up` holds: lines
`+PID` and `-PID` add and take away a process group, the end of the pipe is the end of `up`.
"""

import os
import signal
import sys
import time

# PostgreSQL, told of the end by the kernel, needs a moment to end its own processes in good order.
_GRACE_SECONDS = 3.0


def main() -> None:
    """Read until `up` has gone, then end what is left."""
    for stop in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(stop, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        pid = int(line[1:])
        groups = groups | {pid} if line[0] == "+" else groups - {pid}
    _send(groups, signal.SIGTERM)
    deadline = time.monotonic() + _GRACE_SECONDS
    while groups and time.monotonic() < deadline:
        time.sleep(0.05)
        groups = _send(groups, 0)
    _send(groups, signal.SIGKILL)


def _send(groups: set[int], number: int) -> set[int]:
    """The groups that still had a member to send the signal to."""
    return {pid for pid in groups if _reached(pid, number)}


def _reached(group: int, number: int) -> bool:
    try:
        os.killpg(group, number)
    except ProcessLookupError:  # it has ended
        return False
    return True


if __name__ == "__main__":
    main()
