"""Programs that a benchmark starts. Where one fails, the error ends with the last lines that it wrote."""

import json
import subprocess
import sys
import tempfile
from collections import deque
from typing import IO, NamedTuple

#: enough for the JVM's reason above the traceback of Python
LAST_LINES = 60
#: how an answer of a worker begins on its standard output
ANSWER = "answer "


class ChildError(RuntimeError):
    """A program failed, or a worker ended before it answered."""

    def __init__(self, name: str, code: int, written: str):
        end = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        lines = written.splitlines()[-LAST_LINES:]
        said = "\n".join(["its last lines:", *lines]) if lines else "it wrote nothing"
        super().__init__(f"{name} {end}; {said}")


def output(command: list, **options: object) -> str:
    """Runs a command and returns its standard output. `options` are those of `subprocess.run`.

    Raises ChildError if it fails.
    """
    command = list(map(str, command))
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode:
        raise ChildError(" ".join(command[:3]), done.returncode, done.stdout + done.stderr)
    return done.stdout


class Usage(NamedTuple):
    """What a program took: seconds, seconds of processor time (in all, and outside the kernel), and most memory held."""

    seconds: float
    cpu_seconds: float
    user_seconds: float
    peak_mb: float


#: Linux counts the memory of who starts a program as the program's: a small process starts it
MEASURE = """
import json, os, sys, time
started = time.perf_counter()
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(child, 0)
seconds, code = time.perf_counter() - started, os.waitstatus_to_exitcode(status)
print()
print(json.dumps([seconds, usage.ru_utime + usage.ru_stime, usage.ru_utime, usage.ru_maxrss / 1024]))
sys.exit(code if code >= 0 else 128 - code)
"""


def measure(command: list) -> Usage:
    """Runs a command, whose program is a path, and returns what it took. Raises ChildError if it fails."""
    return Usage(*json.loads(output([sys.executable, "-c", MEASURE, *command]).splitlines()[-1]))


def answer(value: object) -> None:
    """Answers, in a worker, the question that it has read from standard input."""
    print(f"{ANSWER}{value}", flush=True)


class Worker:
    """A process that answers each line of its standard input by a line of its standard output (`answer`).

    Everything else that it and its own children write, such as the JVM of Spark, is kept for the error.
    """

    def __init__(self, name: str, command: list):
        self.name = name
        self.printed: deque[str] = deque(maxlen=LAST_LINES)
        # a file, because a pipe that nobody reads would block the worker
        self.errors: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
        self.process = subprocess.Popen(
            list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True
        )

    def ask(self, question: str) -> str:
        """Returns the answer to a line. Raises ChildError if the worker ends before it answers."""
        try:
            self.process.stdin.write(question + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended, and what it wrote says why
        for line in self.process.stdout:
            if line.startswith(ANSWER):
                return line.removeprefix(ANSWER).rstrip("\n")
            self.printed.append(line)
        code = self.process.wait()
        self.errors.seek(0)
        raise ChildError(self.name, code, "".join(self.printed) + self.errors.read())

    def end(self) -> None:
        """Ends the worker by the end of its input."""
        self.process.stdin.close()
        self.process.wait()
        self.errors.close()
