"""Processes that train together on one machine; as a script, one of them.

python tests/loopback.py TASK FOLDER
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
HEARTBEAT = "LOOPBACK_HEARTBEAT_MILLISECONDS"


def by_tf_config(count: int) -> list[dict[str, str]]:
    """The variables of each of some workers, in the way of TF_CONFIG."""
    with contextlib.ExitStack() as open_sockets:
        sockets = [open_sockets.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("localhost", 0))
        cluster = {"worker": [f"localhost:{one.getsockname()[1]}" for one in sockets]}
    return [
        {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})}
        for index in range(count)
    ]


def by_slurm(count: int) -> list[dict[str, str]]:
    """The same in the way of srun, with all tasks on one node."""
    return [
        {
            "SLURM_JOB_ID": str(os.getpid()),
            "SLURM_PROCID": str(index),
            "SLURM_STEP_NUM_TASKS": str(count),
            "SLURM_STEP_NODELIST": "localhost",
            "SLURM_STEP_TASKS_PER_NODE": str(count),
            "SLURMD_NODENAME": "localhost",
        }
        for index in range(count)
    ]


def start(task: str, folder: Path, variables: dict[str, str]) -> subprocess.Popen:
    """Starts a process."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "SLURM"))}
    # A busy machine is no lost one, unless a test is about that. Nobody answers as the proxy that is named.
    environment |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "http_proxy": "http://127.0.0.1:9"}
    environment |= {HEARTBEAT: "600000", **variables}
    command = [sys.executable, str(TESTS / "loopback.py"), task, str(folder)]
    return subprocess.Popen(
        command, cwd=TESTS.parent, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@contextlib.contextmanager
def started(task: str, folder: Path, places: list[dict[str, str]]) -> Iterator[list[subprocess.Popen]]:
    """Starts a process in each place, and leaves none behind."""
    with contextlib.ExitStack() as running:
        processes = []
        for place in places:
            processes.append(running.enter_context(start(task, folder, place)))
            running.callback(processes[-1].kill)
        yield processes


def run(task: str, folder: Path, places: list[dict[str, str]], seconds: float = 500) -> list[str]:
    """What the processes say, all of which must succeed."""
    with started(task, folder, places) as processes:
        said = [process.communicate(timeout=seconds)[0] for process in processes]
        assert [process.returncode for process in processes] == [0] * len(places), "\n".join(said)
    return said


def main(task: str, folder: Path) -> None:
    """What one process does."""
    from loopback_tasks import TASKS

    TASKS[task](folder)


if __name__ == "__main__":
    # The folder of this script is on the path already; that of the package is not.
    sys.path.insert(0, str(TESTS.parent))
    main(sys.argv[1], Path(sys.argv[2]))
