"""Extraction past one machine, with Apache Beam."""

import contextlib
import io
import pickle
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from emotion_tf.dataset.shard import Shard
from emotion_tf.errors import EmotionTFError


@dataclass(frozen=True)
class Beam:
    """Makes shards for `extract`, as an Apache Beam pipeline; they are those that would be made here.

    Every worker needs this package, and must see the audio and the folder of the records under the same names as this
    machine.

    Args:
        options: Beam's own, as on its command line: `--runner` and all that the runner takes. The job servers of Flink
            and Spark have options of which Python knows nothing; those of other runners that nobody knows are refused.

    Raises:
        EmotionTFError: If Beam is not installed, or refuses the options.

    Example:

    >>> workers = Beam(("--runner", "DirectRunner", "--direct_num_workers", "2"))
    >>> list(workers([], skip_bad=True))
    []

    Reference:
        Akidau et al., "The Dataflow Model", VLDB 2015.
    """

    options: tuple[str, ...]

    def __post_init__(self) -> None:
        self._pipeline()

    def __call__(self, shards: Sequence[Shard], skip_bad: bool) -> Iterator[tuple[Shard, dict[str, str]]]:
        """Makes shards.

        Args:
            shards: Those to make, each by one worker.
            skip_bad: Unused: one bad file does not end the work of all. `extract` finds in the notes of the shards what
                was left out, and raises unless it may be.

        Yields:
            Each shard, once all are made, with the reasons why utterances are missing.

        Raises:
            EmotionTFError: If the pipeline fails, or a shard is not to be seen from here.
        """
        if not shards:
            return
        import apache_beam as beam

        pipeline = self._pipeline()
        # Plain, what is said in 100,000 utterances would not fit into the graph, which Dataflow limits to 10 MB.
        packed = [zlib.compress(pickle.dumps(shard)) for shard in shards]
        pipeline | beam.Create(packed) | beam.Reshuffle() | beam.Map(_make)
        try:
            pipeline.run().wait_until_finish()
        except Exception as error:  # Each runner has its own.
            raise EmotionTFError(
                "the Beam pipeline failed",
                received=_last_line(str(error)) or type(error).__name__,
                fix="mend that and call again; the shards that are whole are kept",
            ) from error
        for shard in shards:
            skipped = shard.skipped()
            if skipped is None:
                raise EmotionTFError(
                    f"the Beam pipeline is done, but {shard.path} is not here, or is damaged",
                    expected="a folder that all workers share with this machine",
                    fix="keep the records on a shared disk, or behind a URL such as gs://bucket/records",
                )
            yield shard, skipped

    def _pipeline(self) -> Any:
        """An empty pipeline with the options."""
        try:
            import apache_beam as beam
            from apache_beam.options.pipeline_options import PipelineOptions
            from apache_beam.runners.portability.portable_runner import PortableRunner
        except ImportError:
            raise EmotionTFError(
                "extraction past one machine needs Apache Beam, which is not installed",
                fix="pip install 'emotion-tf[beam]'",
            ) from None
        said = io.StringIO()
        try:
            # Where the value of an option is wrong, argparse prints the usage of all that Beam has, and exits.
            with contextlib.redirect_stderr(said):
                options = PipelineOptions(list(self.options))
                every = options.get_all_options(retain_unknown_options=True)
                unknown = sorted(set(every) - set(options.get_all_options()))
        except SystemExit:
            raise EmotionTFError("Beam refuses its options", received=_last_line(said.getvalue())) from None
        try:
            pipeline = beam.Pipeline(options=options)
        except Exception as error:  # A runner that is not known or not installed, or an option that it misses.
            raise EmotionTFError("Beam refuses its options", received=" ".join(str(error).split())) from None
        if unknown and not isinstance(pipeline.runner, PortableRunner):
            raise EmotionTFError(
                f"Beam knows no option {', '.join(f'--{name}' for name in unknown)}",
                expected="with --runner, flags of emotion-tf and options of Beam",
            )
        return pipeline


def _make(packed: bytes) -> None:
    """Makes one shard, on a worker."""
    pickle.loads(zlib.decompress(packed)).make(skip_bad=True)


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
