"""Ctrl-C ends what runs, raises KeyboardInterrupt, and gives no half of a result."""

import os
import shutil
import signal
import subprocess
import sys
import time

import linked
import pytest
from conftest import DATA

CHILD = """
import signal, sys
import polars as pl
import spanframe

what, where = sys.argv[1:3]
notes = pl.concat([pl.read_parquet(sys.argv[3])] * 20)
extract = pl.col("note").ner.extract(sessions=1)
engine = spanframe.Engine(sessions=1)
one = ["Niega disnea."]


def mentions():  # two million, all different, and none is a term
    rows = pl.select(row=pl.int_range(400_000))
    chunks = [pl.format("dolor toracico {} agudo {}", pl.lit(part), "row") for part in "abcde"]
    five = [pl.concat_list([pl.lit(value)] * 5) for value in ("SYMPTOM", 6, 12, 0.9)]
    names = zip(("entity", "begin", "end", "confidence"), five)
    types = (pl.List(pl.String), pl.List(pl.UInt32), pl.List(pl.UInt32), pl.List(pl.Float32))
    fields = [value.cast(kind).alias(name) for (name, value), kind in zip(names, types)]
    return rows.select(ner=pl.struct(pl.concat_list(chunks).alias("chunk"), *fields))


work = {
    "eager": lambda: notes.with_columns(ner=extract),
    "expressions": lambda: notes.with_columns(ner=extract, other=pl.col("note").ner.extract(threshold=0.5, sessions=1)),
    "lazy": lambda: notes.lazy().with_columns(ner=extract).collect(),
    "streaming": lambda: notes.lazy().with_columns(ner=extract).collect(engine="streaming"),
    "sink": lambda: notes.lazy().with_columns(ner=extract).sink_parquet(sys.argv[4]),
    "column": lambda: engine.annotate(notes, "note"),
    "text": lambda: engine.annotate_text(" ".join(notes["note"].drop_nulls().head(5000))),
    "diagnose": lambda: [engine.diagnose(notes["note"]) for _ in range(1000)],
    "link": lambda: mentions().select(pl.col("ner").ner.link(sys.argv[5])),
}[what]
before = pl.DataFrame({"note": one}).lazy().select(extract).collect(engine="streaming")
if where == "notebook":  # as ipykernel does before each cell
    signal.signal(signal.SIGINT, signal.default_int_handler)
handler = signal.getsignal(signal.SIGINT)


def attempt():
    try:
        work()
    except KeyboardInterrupt:
        return "KeyboardInterrupt"
    except pl.exceptions.ComputeError as error:
        return str(error)
    return "finished"


print("ready", flush=True)
try:
    said = attempt()
    sum(len(str(number)) for number in range(1000))
except KeyboardInterrupt:  # Polars raises one in queries, and Python another
    said = "KeyboardInterrupt"
again = pl.DataFrame({"note": one}).select(extract)
assert again.equals(before) and signal.getsignal(signal.SIGINT) is handler
print(said)
"""


def interrupted(tmp_path, what, where):
    """Returns what the child says after a SIGINT."""
    terms = "".join(f"dolor torácico {number} agudo,{number}\n" for number in range(20_000))
    vocabulary = linked.vocabulary(tmp_path, terms=f"term,code\n{terms}") if what == "link" else ""
    command = [sys.executable, "-c", CHILD, what, where, DATA / "notes.parquet", tmp_path / "out.parquet", vocabulary]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "ready\n"
        time.sleep(2)
        child.send_signal(signal.SIGINT)
        stdout, stderr = child.communicate(timeout=60)  # the whole work takes many minutes
    assert child.returncode == 0, stderr
    return stdout


@pytest.mark.parametrize("where", ["script", "notebook"])
@pytest.mark.parametrize(
    "what", ["eager", "lazy", "streaming", "sink", "column", "text", "diagnose", "expressions", "link"]
)
def test_ctrl_c_ends_it(tmp_path, what, where):
    assert interrupted(tmp_path, what, where) == "KeyboardInterrupt\n"


HANDLED = """
import os, signal, sys, threading, time
import polars as pl
import spanframe

class Budget(BaseException):
    pass

calls = []
def count(*_): calls.append(time.monotonic())
def stop(*_): raise Budget

notes = pl.read_parquet(sys.argv[1]).head(100)
extract = pl.col("note").ner.extract(sessions=1)
expect = notes.select(extract)
signal.signal(signal.SIGINT, count)
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
assert notes.select(extract).equals(expect)
assert len(calls) == 1 and time.monotonic() > calls[0]
signal.signal(signal.SIGALRM, stop)
signal.setitimer(signal.ITIMER_REAL, 0.5)
try:
    result = notes.select(extract)
except Budget:
    result = None
assert result is None and notes.select(extract).equals(expect)
print("done")
"""


def test_handlers_of_signals_decide():
    command = [sys.executable, "-c", HANDLED, DATA / "notes.parquet"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert (done.stdout, done.returncode) == ("done\n", 0), done.stderr


INSTALLING = """
import socket, sys
import spanframe

what, folder = sys.argv[1:]
silent = socket.create_server(("127.0.0.1", 0))
hub = f"http://127.0.0.1:{silent.getsockname()[1]}"
work = {
    "hub": lambda: spanframe.add_model("hf:org/name", endpoint=hub),
    "folder": lambda: spanframe.add_model(folder),
    "pack": lambda: spanframe.pack_model(folder, folder + ".tar.gz"),
}[what]
print("ready", flush=True)
try:
    work()
except KeyboardInterrupt:
    print("KeyboardInterrupt")
"""


@pytest.mark.parametrize("what", ["hub", "folder", "pack"])
def test_ctrl_c_ends_the_work_on_models_and_leaves_nothing(tmp_path, what):
    home, folder = tmp_path / "home", tmp_path / "model"
    shutil.copytree(DATA / "test_models" / "bert-cased", folder)
    with open(folder / "LICENSE", "wb") as legal:
        legal.truncate(8 << 30)  # without blocks on disk; copying it takes seconds
    command = [sys.executable, "-c", INSTALLING, what, folder]
    environment = os.environ | {"SPANFRAME_HOME": str(home)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as child:
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.5)
        child.send_signal(signal.SIGINT)
        stdout, stderr = child.communicate(timeout=60)
    assert (stdout, child.returncode) == ("KeyboardInterrupt\n", 0), stderr
    assert list((home / "models").iterdir()) == [] and not (tmp_path / "model.tar.gz").exists()
