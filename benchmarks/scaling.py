"""What training on more devices and machines would bring, by plain arithmetic from measured constants, as Markdown.

python benchmarks/scaling.py

The devices share every batch, and sum the gradients of all weights over a ring. Every machine reads, augments and pads
every batch whole, while the step before is computed, and its devices take their rows of it. A step takes as long as the
slower of the two: computing and summing, or reading. On machines that compute with the CPU, both share its cores.
Nothing is said of what a larger batch does to the accuracy.

The constants of CPUs were measured with the preset `strong`: computing and reading utterances of 3.7 s on one core, and
sums over two processes of one core each, by gRPC over loopback, where a message costs time of the core rather than of
the network. Those of GPUs are from steps of 64 and 512 utterances of 7.5 s on one NVIDIA H200, which gpu.py
measured; links and networks are assumed.
"""

import argparse
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Cluster:
    """Machines, all alike, and the batch that they share.

    Args:
        name: What the table calls it.
        machines: Number of machines.
        devices: Devices of a machine.
        batch: Utterances of a step, on all devices together.
        gpus: Whether the devices are GPUs.
        cores: Cores of a machine that read.
    """

    name: str
    machines: int
    devices: int
    batch: int
    gpus: bool
    cores: int

    def parts(self, constants: argparse.Namespace) -> dict[str, float]:
        """Seconds of the parts of a step: computing, summing and reading."""
        replicas, own = self.machines * self.devices, self.batch / (self.machines * self.devices)
        if self.gpus:
            computing = constants.gpu_launch_seconds + own * constants.gpu_seconds_per_example
        else:
            computing = own * constants.cpu_core_seconds_per_example / self.cores
        alone = self.machines == 1
        bandwidth = constants.link_bytes_per_second if alone else constants.network_bytes_per_second
        latency = constants.link_latency_seconds if alone else constants.network_latency_seconds
        # A ring passes every byte by all members twice. One is for the gradients, the others for those of embeddings,
        # the logs and the moments of batch normalisation.
        hops = 2 * (replicas - 1)
        traffic = 4 * constants.parameters * hops / replicas / bandwidth
        summing = traffic + hops * latency * constants.sums
        reading = self.batch * constants.reading_core_seconds_per_example / self.cores
        return {"computing": computing, "summing": summing if replicas > 1 else 0.0, "reading": reading}

    def step_seconds(self, constants: argparse.Namespace) -> float:
        parts = self.parts(constants)
        working = parts["computing"] + parts["summing"]
        return max(working, parts["reading"]) if self.gpus else working + parts["reading"]


def clusters(constants: argparse.Namespace) -> list[Cluster]:
    """One device, then 8 GPUs of a machine, then 100 machines; the first of a kind is what the others are held to."""
    gpu, cpu = constants.gpu_machine_cores, constants.cpu_machine_cores
    return [
        Cluster("1 GPU", 1, 1, 64, True, gpu),
        Cluster("8 GPUs", 1, 8, 64, True, gpu),
        Cluster("8 GPUs", 1, 8, 512, True, gpu),
        Cluster("1 machine without GPU", 1, 1, 64, False, cpu),
        Cluster("10 machines without GPU", 10, 1, 640, False, cpu),
        Cluster("100 machines without GPU", 100, 1, 800, False, cpu),
        Cluster("100 machines without GPU", 100, 1, 6400, False, cpu),
    ]


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (
        ("parameters", 2.08e6),
        ("cpu_core_seconds_per_example", 0.014),
        ("reading_core_seconds_per_example", 0.0013),
        ("gpu_seconds_per_example", 1.28e-4),
        ("gpu_launch_seconds", 6.8e-3),
        ("link_bytes_per_second", 1e11),
        ("link_latency_seconds", 1e-5),
        ("network_bytes_per_second", 2.5e8),
        ("network_latency_seconds", 7.5e-4),
        ("sums", 11),
        ("gpu_machine_cores", 64),
        ("cpu_machine_cores", 2),
    ):
        parser.add_argument(f"--{name}", type=type(default), default=default, help=f"{default:g} if left out")
    constants = parser.parse_args(argv)
    print("| devices | batch | computing ms | summing ms | reading ms | step ms | utterances/s | speed-up | slowest |")
    print("|---|---|---|---|---|---|---|---|---|")
    base = {}
    for cluster in clusters(constants):
        parts, seconds = cluster.parts(constants), cluster.step_seconds(constants)
        rate = cluster.batch / seconds
        speed_up = rate / base.setdefault(cluster.gpus, rate)
        times = [f"{1e3 * value:.1f}" for value in (*parts.values(), seconds)]
        row = [
            cluster.name,
            cluster.batch,
            *times,
            f"{rate:,.0f}",
            f"{speed_up:.1f}",
            max(parts, key=parts.__getitem__),
        ]
        print(f"| {' | '.join(map(str, row))} |")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
