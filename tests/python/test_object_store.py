"""Jobs from object store to object store, against a local S3-compatible server."""

import json
import os
import subprocess
import sys
import time

import boto3
import polars as pl
import pytest
from conftest import DATA, ROOT, TINY
from moto.server import ThreadedMotoServer
from polars.testing import assert_frame_equal

PROGRAM = ROOT / "target" / "release" / "spanframe"
BUCKET = "notes-of-a-hospital"


@pytest.fixture(scope="module")
def environment():
    """Returns the environment variables by which a process reaches the server."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    settings = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "of-a-test",
        "AWS_SECRET_ACCESS_KEY": "SECRET-of-a-test",
        "AWS_REGION": "us-east-1",
        "NO_PROXY": host,
    }
    # settings of the machine must not reach the test
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    yield clean | settings | {"VIRTUAL_ENV": sys.prefix}
    server.stop()


@pytest.fixture(scope="module")
def s3(environment):
    client = boto3.client(
        "s3",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        region_name=environment["AWS_REGION"],
    )
    client.create_bucket(Bucket=BUCKET)
    return client


@pytest.fixture(scope="module")
def parts(tmp_path_factory, s3):
    """Writes two partitions of notes to disk and to `in/` of the bucket."""
    folder = tmp_path_factory.mktemp("object_store") / "in"
    notes = pl.read_parquet(DATA / "notes.parquet").head(60)
    for site, part in [("a b", notes.head(40)), ("c", notes.tail(20))]:
        path = folder / f"site={site}" / "part-0.parquet"
        path.parent.mkdir(parents=True)
        part.write_parquet(path, row_group_size=16)
    (folder / "_SUCCESS").touch()
    for path in folder.rglob("*"):
        if path.is_file():
            s3.upload_file(str(path), BUCKET, f"in/{path.relative_to(folder)}")
    return folder


def listed(s3, prefix: str) -> dict[str, tuple]:
    """Returns every key below `prefix`, relative to it, with a tag that changes when it is written again."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
    found = [entry for page in pages for entry in page.get("Contents", [])]
    return {entry["Key"].removeprefix(prefix): (entry["ETag"], entry["LastModified"]) for entry in found}


def start(environment, *arguments) -> subprocess.Popen:
    command = [PROGRAM, "run", *map(str, arguments), "--column", "note", "--model", TINY, "--json"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(environment, *arguments) -> subprocess.CompletedProcess:
    with start(environment, *arguments) as child:
        stdout, stderr = child.communicate(timeout=300)
    return subprocess.CompletedProcess(child.args, child.returncode, stdout, stderr)


def test_the_store_itself(environment, s3):
    """Runs crates/store/tests/server.rs on this server."""
    command = ["cargo", "test", "--release", "--locked", "--test", "server", "--", "--ignored"]
    store = environment | {"SPANFRAME_STORE_URL": f"s3://{BUCKET}/store"}
    done = subprocess.run(command, cwd=ROOT, env=store, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=BUCKET), "an upload that is dropped is forgotten"


def test_a_job_gives_there_what_it_gives_on_disk(tmp_path, environment, s3, parts):
    out = tmp_path / "out"
    done = run(environment, parts, "-o", out)
    assert done.returncode == 0, done.stderr
    done = run(environment, f"s3://{BUCKET}/in", "-o", f"s3://{BUCKET}/out")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["counts"]["rows"] == 60
    local = {str(path.relative_to(out)): path for path in out.rglob("*.parquet")}
    remote = listed(s3, "out/")
    assert {key for key in remote if key.endswith(".parquet")} == set(local)
    assert len(local) >= 2
    for name, path in local.items():
        s3.download_file(BUCKET, f"out/{name}", str(tmp_path / "copy.parquet"))
        assert_frame_equal(pl.read_parquet(tmp_path / "copy.parquet"), pl.read_parquet(path))

    again = run(environment, f"s3://{BUCKET}/in", "-o", f"s3://{BUCKET}/out")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["units_now"] == 0
    assert listed(s3, "out/") == remote, "a finished job started again writes nothing"


def test_a_killed_job_goes_on(tmp_path, environment, s3):
    notes = pl.concat([pl.read_parquet(DATA / "notes.parquet").head(60)] * 10)
    notes.write_parquet(tmp_path / "notes.parquet", row_group_size=10)
    s3.upload_file(str(tmp_path / "notes.parquet"), BUCKET, "killed/in.parquet")
    job = [f"s3://{BUCKET}/killed/in.parquet", "-o", f"s3://{BUCKET}/killed/out", "--unit-rows", 10]
    with start(environment, *job) as child:
        until = time.monotonic() + 60
        while len(listed(s3, "killed/out.job/units/")) < 3:
            assert child.poll() is None and time.monotonic() < until, child.communicate()
        child.kill()
    before = listed(s3, "killed/out/")
    done = run(environment, *job)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert (summary["units"], summary["counts"]["rows"]) == (60, 600)
    assert summary["units_now"] <= 57, "what was done is not done again"
    after = listed(s3, "killed/out/")
    assert sum(after[key] != before[key] for key in before) <= 1, "nor written, but for a unit that had no record yet"
    for number, key in enumerate(sorted(after)):
        s3.download_file(BUCKET, f"killed/out/{key}", str(tmp_path / f"part-{number:02}.parquet"))
    parts = pl.concat([pl.read_parquet(path) for path in sorted(tmp_path.glob("part-*.parquet"))])
    whole = run(environment, tmp_path / "notes.parquet", "-o", tmp_path / "whole")
    assert whole.returncode == 0, whole.stderr
    expect = pl.concat([pl.read_parquet(path) for path in sorted((tmp_path / "whole").rglob("*.parquet"))])
    assert_frame_equal(parts, expect)


def test_a_bucket_that_is_not_there(environment, parts):
    done = run(environment, parts, "-o", "s3://no-such-bucket-of-a-hospital/out")
    assert done.returncode != 0
    assert "s3://no-such-bucket-of-a-hospital" in done.stderr
    assert "SECRET" not in done.stderr


def test_nothing_to_read(environment, s3):
    done = run(environment, f"s3://{BUCKET}/absent", "-o", f"s3://{BUCKET}/nothing")
    assert done.returncode != 0
    assert f"s3://{BUCKET}/absent" in done.stderr


def test_markers_of_folders_are_passed_over(tmp_path, environment, s3, parts):
    path = next(parts.rglob("*.parquet"))
    s3.upload_file(str(path), BUCKET, "marked/y=1/part-0.parquet")
    # a web console's folder with and without files, and Hadoop's
    for marker in ["marked/", "marked/y=1/", "marked/empty/", "marked/2023_$folder$"]:
        s3.put_object(Bucket=BUCKET, Key=marker, Body=b"")
    done = run(environment, f"s3://{BUCKET}/marked/", "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["counts"]["rows"] == pl.read_parquet(path).height
    done = run(environment, f"s3://{BUCKET}/marked/empty/", "-o", tmp_path / "empty")
    assert done.returncode == 2
    assert "names no file" in done.stderr
