"""Forks workers from a process that has imported everything: they run half a second after the asking.

Speaks lines: ``start NAME PART DIRECTORY SERVERS PREFIX WIDE BREAK`` in; ``started NAME PID`` and
``ended NAME PID CODE`` out (a negative code is the signal that ended it).
"""

import os
import select
import sys
import traceback

from tests.live import worker


def start(line: str) -> int:
    name, part, directory, servers, prefix, wide, rule = line.split("\t")
    pid = os.fork()
    if pid == 0:
        os.setsid()
        log = os.open(f"{directory}/{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        code = 1
        try:
            worker.main(part, directory, servers, prefix, wide, rule)
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    print(f"started\t{name}\t{pid}", flush=True)
    return pid


def main() -> None:
    names: dict[int, str] = {}
    waiting = b""
    while True:
        readable, _, _ = select.select([0], [], [], 0.02)
        if readable:
            data = os.read(0, 65_536)
            if not data:
                return
            *lines, waiting = (waiting + data).split(b"\n")
            for line in lines:
                names[start(line.decode())] = line.decode().split("\t")[0]
        while names:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            code = os.waitstatus_to_exitcode(status)
            print(f"ended\t{names.pop(pid)}\t{pid}\t{code}", flush=True)


if __name__ == "__main__":
    main()
