"""The first second of the program, before the daemon minds signals itself."""

from __future__ import annotations

import subprocess
import sys

LOADING = """
import os, signal, sys, types
class Loading(types.ModuleType):
    def __getattr__(self, name):  # somebody stops us while `monitor.cli` is being loaded
        os.kill(os.getpid(), signal.SIGTERM)
        raise AssertionError("went on")
sys.modules["monitor.cli"] = Loading("monitor.cli")
from monitor.__main__ import main
main()
"""


def test_told_to_stop_while_it_loads_it_stops_by_itself() -> None:
    """A negative code would mean that the signal itself killed it, which it cannot do to process 1 of a container."""
    done = subprocess.run([sys.executable, "-c", LOADING], capture_output=True, timeout=60, check=False)
    assert done.returncode == 143, done.stderr.decode()
