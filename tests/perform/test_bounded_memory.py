"""What a run holds in memory, whatever it is answered: the real command, measured by the kernel."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest
from aiohttp import web
from catalogue import command, environment, local_api, write_manifest
from scripted import BILL, GLB, Answer, scripted

pytestmark = pytest.mark.anyio

MIB = 2**20
MORE = 64 * MIB  # what any answer may add to the peak of an ordinary one
V1 = "/v1/sam-3d-objects"
FAST = ("--speed", "2000")


# A peak counts from before the exec, and so would hold that of whoever starts the command: this
# starts it from next to nothing. What the command says goes to stderr.
MEASURED = """
import os, sys
to_stderr = [(os.POSIX_SPAWN_DUP2, 2, 1)]
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=to_stderr)
_, status, usage = os.wait4(pid, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss)
"""


def ran(folder: Path, url: str, **api: Any) -> tuple[int, int]:
    """Run the command to its end; give its exit code and its peak of resident memory, in bytes."""
    manifest = write_manifest(folder, 1, url, api=api, limits={"attempts": 1})
    done = subprocess.run(
        [sys.executable, "-S", "-c", MEASURED, *command("run", manifest)],
        capture_output=True,
        check=True,
        timeout=100,
        stdin=subprocess.DEVNULL,
        env=environment(),
    )
    assert b"Traceback" not in done.stderr
    code, kibibytes = done.stdout.split()  # Linux tells KiB
    return int(code), int(kibibytes) * 1024


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory: pytest.TempPathFactory) -> int:
    """The peak of a run with an ordinary answer."""
    with local_api(*FAST) as api:
        code, peak = ran(tmp_path_factory.mktemp("ordinary"), api.urls["v1"])
    assert code == 0
    return peak


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("fault", ["gzip-bomb=300#1", "trickle#1", "huge-headers=100000#1"])
def test_an_answer_made_to_hurt_takes_no_more_memory_than_a_few_pieces(
    tmp_path: Path, ordinary: int, fault: str, version: str
) -> None:
    with local_api(*FAST, "--fault", fault) as api:
        code, peak = ran(tmp_path, api.urls[version], timeout=3)
    assert code == 1
    assert peak < ordinary + MORE


def flood(head: bytes, piece: bytes, count: int) -> Answer:
    """Bill, and send a body that begins well and then goes on and on."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers=BILL)
        response.content_length = len(head) + count * len(piece)
        await response.prepare(request)
        for each in (head, *[piece] * count):
            await response.write(each)
        return response

    return answer


FLOODS = {
    "a GLB": flood(GLB[:12], bytes(MIB), 300),
    "text of a GLB": flood(b"Z2xURg", b"A" * MIB, 300),
    "a ZIP": flood(b"PK\x03\x04", bytes(MIB), 300),
    "a PLY without an end to its head": flood(b"ply\nformat ascii 1.0\n", b"x" * MIB, 300),
    "JSON larger than is read": flood(b'{"output": "', b"x" * MIB, 300),
}


@pytest.mark.parametrize("name", FLOODS)
async def test_a_body_of_300_mebibytes_goes_to_disk_in_pieces(
    tmp_path: Path, ordinary: int, name: str
) -> None:
    async with scripted({V1: [FLOODS[name]]}) as api:
        code, peak = await anyio.to_thread.run_sync(ran, tmp_path, api.url + V1)
    assert code == 1
    assert peak < ordinary + MORE
