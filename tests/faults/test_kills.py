"""A short run of the harness: one kill in every stage."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HARNESS = Path(__file__).parent.parent.parent / "benchmarks" / "kills.py"


@pytest.mark.slow
def test_every_stage_ends_the_same_after_a_kill():
    done = subprocess.run([sys.executable, HARNESS, "--kills", "4"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["kills"] == result["identical_ends"] == 4
    assert [stage["kills"] for stage in result["stages"].values()] == [1, 1, 1, 1]
