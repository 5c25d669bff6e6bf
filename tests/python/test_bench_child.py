"""A benchmark whose child fails shows what that wrote, such as the last lines of a JVM."""

import sys
from pathlib import Path

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "benches"))

import child

# answers the first line, and then lets a process of its own say why it ends
WORKER = """
import subprocess, sys
sys.path.insert(0, {benches!r})
import child
print("a line that is no answer")
sys.stdin.readline()
child.answer(1.5)
sys.stdin.readline()
jvm = "import sys; [print('jvm', i, file=sys.stderr) for i in range(100)]; print('UNRESOLVED: spark-nlp', file=sys.stderr)"
subprocess.run([sys.executable, "-c", jvm])
{end}
"""


def worker(folder: Path, end: str) -> Path:
    path = folder / "worker.py"
    path.write_text(WORKER.format(benches=str(ROOT / "benches"), end=end))
    return path


@pytest.mark.parametrize(
    ("end", "words"),
    [("sys.exit(3)", "ended with code 3"), ("import os; os.kill(os.getpid(), 9)", "was killed by signal 9")],
)
def test_a_worker_that_ends_shows_the_last_lines_of_its_children(tmp_path: Path, end: str, words: str):
    made = child.Worker("Spark NLP", [sys.executable, worker(tmp_path, end)])
    assert made.ask("a job") == "1.5"
    with pytest.raises(child.ChildError, match=f"Spark NLP {words}; its last lines:") as error:
        made.ask("another")
    lines = str(error.value).splitlines()
    assert lines[-2:] == ["jvm 99", "UNRESOLVED: spark-nlp"]
    assert len(lines) == child.LAST_LINES + 1
    with pytest.raises(child.ChildError, match="UNRESOLVED: spark-nlp"):
        made.ask("a pipe that nobody reads")


def test_the_benchmark_of_spark_nlp_shows_why_its_worker_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import spark_nlp

    monkeypatch.setattr(spark_nlp, "__file__", str(worker(tmp_path, "sys.exit(1)")))
    fake = spark_nlp.Worker(tmp_path, tmp_path, tuned=True)
    assert fake.job(tmp_path, tmp_path, 8) == 1.5
    with pytest.raises(child.ChildError, match="(?s)Spark NLP ended with code 1; .*UNRESOLVED: spark-nlp"):
        fake.job(tmp_path, tmp_path, 8)


def test_a_command_that_fails_shows_what_it_wrote():
    command = [sys.executable, "-c", "import sys; print('out'); print('why', file=sys.stderr); sys.exit({})"]
    assert child.output([*command[:2], command[2].format(0)]) == "out\n"
    with pytest.raises(child.ChildError, match=r"(?s)ended with code 4; its last lines:\nout\nwhy"):
        child.output([*command[:2], command[2].format(4)])


def test_a_measured_program_is_not_charged_for_the_memory_of_its_parent():
    held = bytearray(b"spanframe" * 40_000_000)
    small = child.measure([sys.executable, "-c", "print('no number')"])
    large = child.measure([sys.executable, "-c", "held = bytearray(b'x' * 100_000_000)"])
    assert small.peak_mb < 100 < large.peak_mb < len(held) >> 20
    assert 0 < small.user_seconds <= small.cpu_seconds and small.seconds > 0
    with pytest.raises(child.ChildError, match=r"(?s)ended with code 4; .*why"):
        child.measure([sys.executable, "-c", "import sys; sys.stderr.write('why'); sys.exit(4)"])
