"""Run a job's script in a fork of `forked`'s server: begin.py ADDRESS PYTHON SCRIPT.

This process stands for the job: it hands signals on to it, ends as it ends, and if it is killed, the job is. Without
an answer from ADDRESS, or for a job of several threads, it becomes PYTHON SCRIPT itself. It runs before every job, so
it imports little, and nothing beside the standard library.
"""

import os
import signal
import socket
import sys
from contextlib import suppress

HANDED_ON = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)  # Ctrl-C comes to the job by itself


def ask(address: str, script: str) -> socket.socket | None:
    """A connection to a process that runs the script; None if there is none."""
    connection = socket.socket(socket.AF_UNIX)
    if connection.fileno() < 3:  # a standard file is closed: a job would take this for it
        return None
    environment = [b"=".join(pair) for pair in os.environb.items()]
    asked = b"\0".join([os.fsencode(script), os.getcwdb(), *environment])
    try:
        connection.connect(address)
        socket.send_fds(connection, [len(asked).to_bytes(8, "big")], [0, 1, 2])
        connection.sendall(asked)
        return connection if connection.recv(1) else None
    except OSError:
        return None


def main(address: str, command: list[str]) -> None:
    forks = command[0] == sys.executable and os.environ.get("OMP_NUM_THREADS") == "1"
    connection = ask(address, command[1]) if forks else None
    if connection is None:
        os.execvp(command[0], command)
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def hand_on(number: int, frame: object) -> None:
        with suppress(OSError):  # the job has ended: how, is told next
            connection.sendall(bytes([number]))

    for number in HANDED_ON:
        signal.signal(number, hand_on)
    told = connection.recv(4, socket.MSG_WAITALL)
    if len(told) < 4:
        sys.exit(f"{command[1]}: the process that watches over this job was killed")
    code = int.from_bytes(told, "big", signed=True)
    if code < 0:  # by a signal: end by it too
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
