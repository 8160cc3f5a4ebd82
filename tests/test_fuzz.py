"""Whatever a file or an answer says, it ends in an answer or in one clear line: a short run of the fuzzing."""

import sys

import numpy as np
import pytest

pytest.importorskip("hypothesis", reason="SKIPPED FOR WANT OF hypothesis")

from exported_runs import SMALL, make_run
from fuzz_strategies import READERS, graph_reader, outcome
from hypothesis import HealthCheck, Phase, given, settings
from memory_limit import at_most

from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError
from emotion_tf.exporting import write_saved_model
from emotion_tf.inference.bundle import ModelBundle
from emotion_tf.inference.saved_model_runtime import SavedModelRuntime

pytest_plugins = ["exported_runs"]

EXAMPLES = 60
ROOM = 2**30

# How long an input takes is for benchmarks/fuzz.py to say, on a machine that does nothing else.
FEW = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def check(reader, folder):
    outcomes = set()

    @FEW
    @given(reader.inputs)
    def run(content):
        outcomes.add(outcome(reader, content, folder))

    with at_most(ROOM):
        run()
    return outcomes


@pytest.mark.parametrize("name", READERS)
def test_reader(name, tmp_path):
    assert check(READERS[name], tmp_path)


def test_graph(tmp_path):
    config = Config().override(*SMALL)
    model = make_run(tmp_path / "run", config)
    bundle = ModelBundle.read(tmp_path / "run" / "model" / "model.keras")
    write_saved_model(model, bundle, tmp_path / "saved_model")
    signatures = SavedModelRuntime(tmp_path / "saved_model").signatures
    assert check(graph_reader(signatures["serving_default"]), tmp_path) == {"answered", "refused"}


def test_fuzzing_finds_what_it_looks_for(tmp_path):
    """Readers that end in something else, or in a message that is not one line, are found out."""

    def chatter(content, folder):
        raise EmotionTFError("this", expected="all of " + "that " * 1000)

    def take_memory(content, folder):
        np.ones(2 * ROOM, np.uint8)

    noise = READERS["noise"]
    for read, error in [
        (lambda content, folder: content.decode("utf-8"), UnicodeDecodeError),
        (chatter, AssertionError),
        *([(take_memory, MemoryError)] if sys.platform.startswith("linux") else []),
    ]:
        with pytest.raises(error):
            check(noise._replace(read=read), tmp_path)
