"""The leash of a server: a program that ends a command and all that came of it, whatever ends first.

    python leash.py STOP_S COMMAND...

In: a command, and a pipe at standard input that somebody holds open. Out: the command's exit status. When the pipe closes, because
its holder ended in any way at all, or this process is asked to end, the command is asked to end too, and after STOP_S seconds
everything that descends from it is killed: also what has left its process group or lost its parent, since orphans fall to the
nearest subreaper. There are two of us, one the parent of the other: whichever is killed, the other does the work.

It is run as a file of its own, in a bare interpreter: it imports the standard library alone, and sets nothing in the server's
environment. On other systems than Linux only the command itself is ended.
"""

import ctypes
import os
import select
import signal
import sys
import time
from collections.abc import Iterator

LOOK_S = 0.2
MARGIN_S = 5.0  # the outer one waits so much longer, for the inner one to have done its work
_SET_PDEATHSIG = 1
_SET_CHILD_SUBREAPER = 36
_asked_to_end: list[int] = []


def main(stop_s: float, command: list[str]) -> int:
    """Run the command to its end, or to ours. Returns its exit status, 128 + N where signal N ended it."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _: _asked_to_end.append(number))
    _tell_kernel(_SET_CHILD_SUBREAPER, 1)
    me = os.getpid()
    inner = os.fork()
    if inner:
        return _hold(inner, stop_s + MARGIN_S)
    _die_with(me, signal.SIGTERM)
    _tell_kernel(_SET_CHILD_SUBREAPER, 1)
    me = os.getpid()
    child = os.fork()
    if child:
        return _hold(child, stop_s)
    _die_with(me, signal.SIGKILL)
    return _become(command)


def _become(command: list[str]) -> int:
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # ignored by Python, and that would be inherited
    try:
        os.execvp(command[0], command)
    except OSError as error:
        print(f"{command[0]} cannot be run: {error.strerror}", file=sys.stderr, flush=True)
    return 127


def _hold(child: int, stop_s: float) -> int:
    """Wait for the end of the child, or bring it about; afterwards nothing is left below this process."""
    status: int | None = None
    kill_at: float | None = None
    while status is None and (kill_at is None or time.monotonic() < kill_at):
        if kill_at is None and _is_over():
            kill_at = time.monotonic() + stop_s
            os.kill(child, signal.SIGTERM)
        elif kill_at is not None:
            time.sleep(LOOK_S / 10)
        status = _reap(child)
    while (below := list(_descendants(os.getpid()))) or _has_children():
        for number in below:
            try:
                os.kill(number, signal.SIGKILL)
            except ProcessLookupError:
                continue
        ended = _reap(child)
        status = status if ended is None else ended
        time.sleep(LOOK_S / 20)
    return 0 if status is None else status


def _is_over() -> bool:
    """Whether we are asked to end, or the pipe is closed; waits a moment for it."""
    ready, _, _ = select.select([0], [], [], LOOK_S)
    return bool(_asked_to_end) or (bool(ready) and not os.read(0, 4096))


def _reap(child: int) -> int | None:
    """Take leave of children that have ended; the exit status of `child` where it is one of them."""
    status = None
    while True:
        try:
            number, raw = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return status
        if number == 0:
            return status
        if number == child:
            code = os.waitstatus_to_exitcode(raw)
            status = 128 - code if code < 0 else code


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _descendants(ancestor: int) -> Iterator[int]:
    """All processes below one, those that have ended aside."""
    parents = {}
    for name in os.listdir("/proc") if sys.platform == "linux" else ():
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    state, parent = file.read().rpartition(b")")[2].split()[:2]
            except OSError:  # it ended meanwhile
                continue
            parents[int(name)] = (int(parent), state)
    for number, (_, state) in parents.items():
        above = number
        while above in parents and above != ancestor:
            above = parents[above][0]
        if above == ancestor and number != ancestor and state != b"Z":
            yield number


def _die_with(parent: int, number: int) -> None:
    """Have the kernel send this process signal `number` when its parent ends."""
    _tell_kernel(_SET_PDEATHSIG, number)
    if sys.platform == "linux" and os.getppid() != parent:  # it has ended already
        os.kill(os.getpid(), number)


def _tell_kernel(what: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(what, value, 0, 0, 0)


if __name__ == "__main__":
    exit_status = main(float(sys.argv[1]), sys.argv[2:])
    sys.stdout.flush()
    os._exit(exit_status)
