"""The devices and machines on which a training runs, and what the processes on several machines have to agree on."""

import functools
import json
import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from emotion_tf.errors import EmotionTFError
from emotion_tf.utils.files import digest, parse_json
from emotion_tf.utils.tf_private import set_heartbeat, tasks_of_nodes

logger = logging.getLogger(__name__)

TF_CONFIG_EXAMPLE = '{"cluster": {"worker": ["host0:port", "host1:port"]}, "task": {"type": "worker", "index": 0}}'

SLURM_PORTS = range(20000, 32000)
"""Where the ports of a SLURM job lie, below those that systems give away; the number of the job says which they are."""

SLURM_PORTS_OF_A_JOB = 16

HEARTBEAT_MILLISECONDS = 30_000
"""Silence after which a process is taken for lost. TensorFlow's 10 s are too few for a machine that is busy."""

LOST = (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError, tf.errors.InternalError)
"""What TensorFlow raises where another process can no longer be reached."""

NO_PROXY = "no_grpc_proxy"
"""The variable with the hosts that gRPC asks without a proxy."""

REPORTED_BY_TENSORFLOW = re.compile(r"(?:reported from|remote target) /job:(\w+)/(?:replica:\d+/)?task:(\d+)")
"""Which process it was."""


@dataclass(frozen=True)
class ClusterTask:
    """A process among those that train together.

    Args:
        cluster: The addresses `host:port` of all processes of each job: `worker`, and `chief` where there is one.
        job: The job of the process.
        index: Its number in its job.
    """

    cluster: dict[str, list[str]]
    job: str
    index: int


def choose_strategy() -> tf.distribute.Strategy:
    """Chooses on what is trained, by the surroundings of the process.

    With a `TF_CONFIG` of several processes, or in one of several tasks of `srun`, it is the GPUs of all of them, or
    their CPUs; it is waited for the others then, and TensorFlow must have done nothing yet in this process. Otherwise
    it is all GPUs that the process sees.

    Returns:
        The strategy; TensorFlow's own where there is one device. Further calls give the same.

    Raises:
        EmotionTFError: If `TF_CONFIG` or the variables of SLURM make no sense, or TensorFlow was used before.
    """
    task = find_cluster_task()
    if task is not None:
        processes = sum(map(len, task.cluster.values()))
        logger.info("%s %d of %d; waiting for the others", task.job, task.index, processes)
    return _strategy()


@functools.cache
def _strategy() -> tf.distribute.Strategy:
    # Once in a process: workers that have joined cannot join anew.
    task, gpus = find_cluster_task(), len(tf.config.get_visible_devices("GPU"))
    if task is None:
        return tf.distribute.MirroredStrategy() if gpus > 1 else tf.distribute.get_strategy()
    set_heartbeat(HEARTBEAT_MILLISECONDS)
    _pass_by_proxies(task)
    communication = tf.distribute.experimental.CommunicationImplementation
    try:
        return tf.distribute.MultiWorkerMirroredStrategy(
            tf.distribute.cluster_resolver.SimpleClusterResolver(
                tf.train.ClusterSpec(task.cluster),
                task_type=task.job,
                task_id=task.index,
                num_accelerators={"GPU": gpus},
                rpc_layer="grpc",
            ),
            tf.distribute.experimental.CommunicationOptions(
                implementation=communication.AUTO if gpus else communication.RING
            ),
        )
    except (RuntimeError, tf.errors.OpError) as error:
        raise EmotionTFError(
            f"{task.job} {task.index} cannot join the others ({error})",
            expected="a free port, and a process in which TensorFlow has done nothing yet",
            received=f"{task.cluster}",
        ) from None


def _pass_by_proxies(task: ClusterTask) -> None:
    """gRPC would ask the `http_proxy` of the surroundings for the other processes too, and wait for ever."""
    hosts = sorted({address.rpartition(":")[0] for addresses in task.cluster.values() for address in addresses})
    others = os.environ.get(NO_PROXY) or os.environ.get("no_proxy")
    os.environ[NO_PROXY] = ",".join([*hosts, *([others] if others else [])])


def find_cluster_task() -> ClusterTask | None:
    """Finds which process of several this is, by its environment variables.

    `TF_CONFIG` goes before what SLURM sets in each task of a step.

    Returns:
        The task; None where the process is alone.

    Raises:
        EmotionTFError: If the variables make no sense.
    """
    if "TF_CONFIG" in os.environ:
        return _cluster_task_by_tf_config(os.environ["TF_CONFIG"])
    # Not SLURM_NTASKS, which the script that calls srun has as well.
    return _cluster_task_by_slurm() if os.environ.get("SLURM_STEP_NUM_TASKS", "1") != "1" else None


def _cluster_task_by_tf_config(text: str) -> ClusterTask | None:
    try:
        content = parse_json(text)
        cluster = content.get("cluster", {})
        processes = [address for addresses in cluster.values() for address in addresses]
        if len(processes) < 2:
            return None
        job, index = content["task"]["type"], int(content["task"]["index"])
        known = cluster.keys() <= {"chief", "worker"} and len(cluster.get("chief", [""])) == 1
        addressed = all(address.rpartition(":")[2].isdecimal() for address in processes)
        if not known or not addressed or index not in range(len(cluster[job])):
            raise ValueError
    except (AttributeError, KeyError, TypeError, ValueError):
        raise EmotionTFError("TF_CONFIG makes no sense", expected=TF_CONFIG_EXAMPLE, received=text) from None
    return ClusterTask(cluster, job, index)


def _cluster_task_by_slurm() -> ClusterTask:
    try:
        resolver = tf.distribute.cluster_resolver.SlurmClusterResolver(
            gpus_per_node=0, gpus_per_task=0, auto_set_gpu=False
        )
        first = SLURM_PORTS_OF_A_JOB * int(os.environ["SLURM_JOB_ID"]) % len(SLURM_PORTS)
        nodes = tasks_of_nodes(resolver)
        workers = [f"{node}:{SLURM_PORTS[first + task]}" for node, tasks in nodes.items() for task in range(tasks)]
        index = int(os.environ["SLURM_PROCID"])
        node = workers[index].rpartition(":")[0]
    except (IndexError, KeyError, RuntimeError, ValueError) as error:
        raise EmotionTFError(f"the variables of SLURM make no sense ({error})", fix="start with srun") from None
    if os.environ.get("SLURMD_NODENAME", node) != node:
        raise EmotionTFError(
            f"task {index} of SLURM is not on the node that its number says",
            expected=node,
            received=os.environ["SLURMD_NODENAME"],
            fix="srun --distribution=block",
        )
    return ClusterTask({"worker": workers}, "worker", index)


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Whether this process is the one among those of a strategy that writes files."""
    return strategy.extended.should_checkpoint


def agree(strategy: tf.distribute.Strategy, values: Mapping[str, Any]) -> None:
    """Waits for all processes of a strategy, and makes sure that they agree.

    Args:
        strategy: The strategy.
        values: What is agreed on, and its value here, which is anything that JSON can say.

    Raises:
        EmotionTFError: If a value is another elsewhere; all processes raise it.
    """
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return
    own = tf.constant([[int(digest(value)[:15], 16) for value in values.values()]], tf.int64)
    votes = strategy.gather(strategy.experimental_distribute_values_from_function(lambda _: own), axis=0).numpy()
    for (name, value), column in zip(values.items(), votes.T, strict=True):
        if len(set(column)) > 1:
            raise EmotionTFError(
                f"the machines do not agree on {name}",
                expected="the same command, data and versions on all, and one workdir that all see",
                received=f"{json.dumps(value)} here, and something else elsewhere",
            )


@contextmanager
def explaining_losses(strategy: tf.distribute.Strategy, where: Callable[[], str]) -> Iterator[None]:
    """Says in one line what to do where another process is lost while the block runs.

    Args:
        strategy: The strategy.
        where: Says where the training goes on if it is started again.

    Raises:
        EmotionTFError: If a process can no longer be reached.
    """
    try:
        yield
    except LOST as error:
        if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
            raise
        lost = REPORTED_BY_TENSORFLOW.search(error.message)
        raise EmotionTFError(
            f"{f'{lost[1]} {lost[2]}' if lost else 'another machine'} is lost, or has ended with an error of its own",
            fix=f"start the same command on all machines again; it goes on {where()}",
        ) from error
