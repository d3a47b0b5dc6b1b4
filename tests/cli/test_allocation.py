"""Memory that is wanted again and again."""

import ctypes
import subprocess
import sys

import pytest

TAKEN = """
import resource
from pipeline.cli.allocation import settle_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        held = [b"x" * (8 << 20) for _ in range(3)]  # 3 * 2,048 pages
        del held
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults()
before = faults()
settle_memory()
faults()
print(before, faults())
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="not glibc")
def test_memory_that_was_freed_is_not_asked_for_anew() -> None:
    done = subprocess.run([sys.executable, "-c", TAKEN], capture_output=True, text=True, check=True)
    before, after = map(int, done.stdout.split())
    assert before > 10 * 3 * 2048  # of 20 * 3 * 2,048
    assert after < 3 * 2048
