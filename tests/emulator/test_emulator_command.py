import base64
import json
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from catalogue import photo

COMMAND = [sys.executable, "-c", "from pipeline.cli.emulator import emulator; emulator()"]


@contextmanager
def started(*options: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*COMMAND, *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | environment,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def answered(process: subprocess.Popen[str]) -> dict[str, str]:
    assert process.stdout is not None
    urls: dict[str, str] = json.loads(process.stdout.readline())
    return urls


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, errors = process.communicate(timeout=30)
    return process.returncode, errors


def test_it_says_its_urls_as_json_and_ends_with_its_parents_pipe() -> None:
    with started("--port", "0", "--json", "--until-eof", "--credits", "2.5") as process:
        urls = answered(process)
        url = urls["url"]
        assert urls == {
            "url": url,
            "v1": f"{url}/v1/sam-3d-objects",
            "v2": f"{url}/v2/sam-3d-objects",
            "credits_url": f"{url}/v1/get-user-credits",
            "history_url": f"{url}/inference-request/request-history",
        }
        with urlopen(Request(urls["credits_url"], headers={"x-api-key": "k"})) as answer:
            assert json.load(answer) == {"credits": 2.5, "free-credits": 0.0}
        assert ended(process) == (0, "")  # communicate closes stdin


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_peace(name: signal.Signals, tmp_path: Path) -> None:
    with started("--port", "0", "--json", "--books", str(tmp_path)) as process:
        answered(process)
        process.send_signal(name)
        assert ended(process) == (0, "")
    assert (tmp_path / "books.sqlite").exists()


def test_for_people_it_prints_the_urls_and_a_call_to_try() -> None:
    with started("--port", "0", "--until-eof") as process:
        output, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")
    for words in ("/v1/sam-3d-objects", "/v2/sam-3d-objects", "curl", "Ctrl-C"):
        assert words in output


def test_faults_of_both_kinds_are_taken_and_leave_no_trace_on_stderr(tmp_path: Path) -> None:
    scenario = tmp_path / "scenario.json"
    scenario.write_text(json.dumps([{"kind": "balance-401", "at": 2}]))
    options = ["--fault", "balance-500#1", "--scenario", str(scenario), "--fault", "reset#1"]
    with started("--port", "0", "--json", "--until-eof", *options) as process:
        urls = answered(process)
        request = Request(urls["credits_url"], headers={"x-api-key": "k"})
        for status in ("500", "401"):
            with pytest.raises(HTTPError, match=status) as refused:
                urlopen(request)
            refused.value.close()
        assert urlopen(request).status == 200
        with pytest.raises(OSError, match="reset"):
            urlopen(Request(urls["v1"], data=b"{}", headers={"x-api-key": "k"}))
        assert ended(process) == (0, "")


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (["--host", "0.0.0.0"], 2, "only this machine"),  # noqa: S104
        (["--speed", "0"], 2, "--speed"),
        (["--credits", "ten"], 2, "no amount of credits"),
        (["--scenario", __file__], 2, "not valid JSON"),
        (["--fault", "teapot:1"], 2, "no kind of fault"),
        (["--key-env", "NO_SUCH_VARIABLE"], 2, "NO_SUCH_VARIABLE"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(options: list[str], status: int, words: str) -> None:
    with started(*options) as process:
        code, errors = ended(process)
    assert (code, words in errors, "Traceback" in errors) == (status, True, False)


def test_a_port_in_use_is_said_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with started("--port", str(port)) as process:
            code, errors = ended(process)
    assert (code, errors.count("\n")) == (1, 1)
    assert f"127.0.0.1:{port}" in errors


def test_books_in_use_are_said_in_one_line(tmp_path: Path) -> None:
    with started("--port", "0", "--json", "--books", str(tmp_path)) as first:
        answered(first)
        with started("--port", "0", "--books", str(tmp_path)) as second:
            code, errors = ended(second)
    assert (code, errors.count("\n"), "stop it first" in errors) == (1, 1, True)


def test_books_that_are_none_are_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "books.sqlite").write_bytes(b"no database, but long enough to be taken for one" * 9)
    with started("--port", "0", "--books", str(tmp_path)) as process:
        code, errors = ended(process)
    assert (code, errors) == (1, "Error: the books cannot be kept: file is not a database\n")


def submitted(url: str) -> Request:
    body = json.dumps({"image": base64.b64encode(photo(1)).decode()}).encode()
    return Request(url, body, {"x-api-key": "k", "Content-Type": "application/json"})


@pytest.mark.parametrize("met_by", ["the submit", "the worker"])
def test_a_disk_that_takes_no_more_ends_it_in_one_line(tmp_path: Path, met_by: str) -> None:
    # 33 s / 33: the worker is at it for a second after the submit was answered
    with started("--port", "0", "--json", "--speed", "33", "--books", str(tmp_path)) as process:
        request = submitted(answered(process)["v2"])
        urlopen(request).close()
        full = (tmp_path / "books.sqlite-wal").stat().st_size
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (full, full))
        if met_by == "the submit":
            with pytest.raises(OSError, match="reset"):
                urlopen(request)
        code, errors = ended(process)
    assert (code, errors.count("\n"), "Traceback" in errors) == (1, 1, False)
    assert errors.startswith("Error: the books cannot be kept:")


def test_only_the_key_of_the_named_variable_is_accepted() -> None:
    with started("--port", "0", "--json", "--key-env", "A_KEY", A_KEY="SG_1") as process:
        url = answered(process)["credits_url"]
        assert urlopen(Request(url, headers={"x-api-key": "SG_1"})).status == 200
        with pytest.raises(HTTPError, match="401") as refused:
            urlopen(Request(url, headers={"x-api-key": "SG_2"}))
        refused.value.close()
