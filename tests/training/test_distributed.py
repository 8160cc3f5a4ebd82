"""The choice of devices, and machines that train together: two processes on this one."""

import json
import shutil
import time
from types import SimpleNamespace

import keras
import loopback
import loopback_tasks
import numpy as np
import pytest
import small_training
import tensorflow as tf
from made_corpus import make_corpus

from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.training import choose_strategy, distributed, train
from emotion_tf.training.distributed import ClusterTask, find_cluster_task
from emotion_tf.training.loop import CHECKPOINT

TWO = {"worker": ["a:1", "b:2"]}

# As srun sets them for the last of five tasks on three nodes.
SLURM = {
    "SLURM_JOB_ID": "751",
    "SLURM_NTASKS": "5",
    "SLURM_STEP_NUM_TASKS": "5",
    "SLURM_STEP_NODELIST": "n[2,9-10]",
    "SLURM_STEP_TASKS_PER_NODE": "2(x2),1",
    "SLURM_PROCID": "4",
    "SLURM_LOCALID": "0",
    "SLURMD_NODENAME": "n10",
}


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """Outside of every cluster, and with nothing chosen."""
    for name in ("TF_CONFIG", *SLURM):
        monkeypatch.delenv(name, raising=False)
    distributed._strategy.cache_clear()
    yield
    distributed._strategy.cache_clear()


def set_variables(monkeypatch, variables):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def tf_config(cluster, job="worker", index=0):
    return json.dumps({"cluster": cluster, "task": {"type": job, "index": index}})


def test_one_device_is_trained_as_ever():
    assert choose_strategy() is tf.distribute.get_strategy()


def test_several_gpus_are_all_taken(monkeypatch):
    monkeypatch.setattr(tf.config, "get_visible_devices", lambda kind: ["one", "other"])
    monkeypatch.setattr(tf.distribute, "MirroredStrategy", lambda: "mirrored")
    assert choose_strategy() == choose_strategy() == "mirrored"


@pytest.mark.parametrize("text", ["{}", '{"cluster": {}}', tf_config({"worker": ["a:1"]}), tf_config({"chief": ["a"]})])
def test_one_alone_is_no_cluster(monkeypatch, text):
    monkeypatch.setenv("TF_CONFIG", text)
    assert find_cluster_task() is None


@pytest.mark.parametrize(
    ("cluster", "job", "index"),
    [(TWO, "worker", 1), ({"chief": ["a:1"], **TWO}, "chief", 0), ({"chief": ["a:1"], "worker": ["b:1"]}, "worker", 0)],
)
def test_place_by_tf_config(monkeypatch, cluster, job, index):
    set_variables(monkeypatch, {**SLURM, "TF_CONFIG": tf_config(cluster, job, index)})
    assert find_cluster_task() == ClusterTask(cluster, job, index)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"cluster": ["a:1", "b:1"]}',
        json.dumps({"cluster": TWO}),
        json.dumps({"cluster": TWO, "task": {"type": "worker", "index": "first"}}),
        tf_config(TWO, index=2),
        tf_config(TWO, index=-1),
        tf_config(TWO, job="chief"),
        tf_config({"worker": ["a:1", "b"]}),
        tf_config({"worker": [1, 2]}),
        tf_config({"ps": ["a:1"], **TWO}),
        tf_config({"chief": ["a:1", "b:1"], "worker": ["c:1"]}),
    ],
)
def test_tf_config_that_makes_no_sense(monkeypatch, text):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(EmotionTFError, match=r'TF_CONFIG makes no sense; expected {"cluster": {"worker": \["host0'):
        choose_strategy()


def test_place_by_slurm(monkeypatch):
    """The nodes are in the order of their numbers, which is not that of their names."""
    set_variables(monkeypatch, SLURM)
    port = 20000 + 16 * 751 % 12000
    nodes = [("n2", 0), ("n2", 1), ("n9", 0), ("n9", 1), ("n10", 0)]
    assert find_cluster_task() == ClusterTask(
        {"worker": [f"{node}:{port + task}" for node, task in nodes]}, "worker", 4
    )


def test_script_that_calls_srun_is_no_task(monkeypatch):
    set_variables(monkeypatch, {"SLURM_NTASKS": "5", "SLURM_PROCID": "0", "SLURM_JOB_ID": "751"})
    assert find_cluster_task() is None


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"SLURM_STEP_NODELIST": "n[2"}, "the variables of SLURM make no sense .* To fix: start with srun"),
        ({"SLURM_STEP_TASKS_PER_NODE": "two"}, "the variables of SLURM make no sense"),
        ({"SLURM_PROCID": "5"}, "the variables of SLURM make no sense"),
        (
            {"SLURM_PROCID": "1"},
            "task 1 of SLURM is not on the node .* expected n2, received n10. To fix: srun --distr",
        ),
    ],
)
def test_slurm_that_makes_no_sense(monkeypatch, changed, message):
    set_variables(monkeypatch, {**SLURM, **changed})
    with pytest.raises(EmotionTFError, match=message):
        find_cluster_task()


def test_where_tensorflow_was_used_before_no_worker_can_join(monkeypatch):
    tf.zeros(1)
    monkeypatch.setenv("TF_CONFIG", tf_config(TWO))
    with pytest.raises(EmotionTFError, match="worker 0 cannot join the others .* in which TensorFlow has done nothing"):
        choose_strategy()


def test_errors_of_one_device_stay_what_they_are():
    with (
        pytest.raises(tf.errors.AbortedError),
        distributed.explaining_losses(tf.distribute.get_strategy(), lambda: "nowhere"),
    ):
        raise tf.errors.AbortedError(None, None, "something else")


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """Two workers after `loopback_tasks.networks`, in whose folder they left their weights, and what they said."""
    folder = tmp_path_factory.mktemp("pair")
    return SimpleNamespace(folder=folder, said=loopback.run("networks", folder, loopback.by_tf_config(2)))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "config", "normalized"), small_training.NETWORKS)
def test_two_workers_end_with_the_weights_of_one(pair, tmp_path, name, config, normalized):
    expected = small_training.train(tmp_path / "alone", config, normalized)
    first, second = (small_training.read_weights(pair.folder / f"{name}-{index}.npz") for index in (0, 1))
    assert small_training.largest_difference(first, second) == 0
    assert small_training.largest_difference(first, expected) < 1e-4
    assert small_training.largest_difference(small_training.network(normalized).get_weights(), expected) > 0.1
    small_training.check_same_history(pair.folder / "0" / name, tmp_path / "alone")


@pytest.mark.slow
def test_chief_alone_writes_what_one_device_would(pair):
    written = {path.name for path in (pair.folder / "0" / "plain").iterdir()}
    assert written == {"history.csv", "tensorboard", CHECKPOINT}
    assert not [path for path in (pair.folder / "1").rglob("*") if path.is_file()]


@pytest.mark.slow
def test_workers_that_do_not_do_the_same_are_all_told(pair):
    for said, colour in zip(pair.said, ("red", "blue"), strict=True):
        assert "the machines do not agree on the colour; expected the same command, data and versions" in said
        assert f'received "{colour}" here, and something else elsewhere' in said


@pytest.mark.slow
def test_keras_still_needs_help_with_several_workers(pair):
    """If this fails, Keras issue 20585 is mended: delete what `training/replication.py` has for it.

    That is `_vectors` with `train_step` and `test_step`. `_maybe_symbolic_build` has to stay as long as Keras takes a
    batch of its own before the first epoch.
    """
    for said in pair.said:
        assert "plain Keras: " in said
        assert "plain Keras: works" not in said, "https://github.com/keras-team/keras/issues/20585 is mended"


@pytest.mark.slow
def test_tasks_of_srun_run_the_folds_of_one_process(tmp_path):
    said = [json.loads(text.splitlines()[-1]) for text in loopback.run("whole_run", tmp_path, loopback.by_slurm(2))]
    corpus = make_corpus(tmp_path / "corpus", speakers=6)
    train(
        corpus,
        loopback_tasks.RUN,
        "speaker-kfold:2",
        tmp_path / "alone",
        tmp_path / "records",
    )
    ours, expected = (Predictions.read(tmp_path / name / "predictions.csv") for name in ("run", "alone"))
    assert ours.ids == expected.ids
    assert abs(ours.probabilities - expected.probabilities).max() < 1e-4
    for fold in ("fold_0", "fold_1"):
        small_training.check_same_history(tmp_path / "run" / fold, tmp_path / "alone" / fold)
        networks = [
            keras.saving.load_model(tmp_path / name / fold / "model" / "model.keras", compile=False).get_weights()
            for name in ("run", "alone")
        ]
        assert small_training.largest_difference(*networks) < 1e-4
    names = [
        {path.relative_to(tmp_path / name) for path in (tmp_path / name).rglob("*") if "events" not in path.name}
        for name in ("run", "alone")
    ]
    assert names[0] == names[1]
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert [one["wa"] for one in said] == [metrics["wa"]] * 2
    assert said[0]["written"] and not said[1]["written"]


@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1])
def test_killed_worker_ends_the_others_and_all_go_on(pair, tmp_path, victim):
    places = loopback.by_tf_config(2)
    with loopback.started("one_network", tmp_path, [{**place, loopback.HEARTBEAT: "10000"} for place in places]) as two:
        while not (tmp_path / "0" / CHECKPOINT).exists():
            assert two[0].poll() is None, two[0].communicate()[0]
            time.sleep(0.05)
        two[victim].kill()
        said, _ = two[1 - victim].communicate(timeout=200)
        assert two[1 - victim].returncode == 1
    lost = said.strip().splitlines()
    assert any(
        f"EmotionTFError: worker {victim} is lost, or has ended with an error of its own" in line for line in lost
    )
    with np.load(tmp_path / "0" / CHECKPOINT) as saved:
        epoch = len(json.loads(str(saved["rows"])))
    assert f"To fix: start the same command on all machines again; it goes on with epoch {epoch} in" in said
    shutil.copy(tmp_path / "0" / "history.csv", tmp_path / "before.csv")
    loopback.run("one_network", tmp_path, loopback.by_tf_config(2))
    before, after = ((tmp_path / name).read_text() for name in ("before.csv", "0/history.csv"))
    assert before != after and after.startswith(before)
    expected = small_training.read_weights(pair.folder / "normalized-0.npz")
    assert small_training.largest_difference(small_training.read_weights(tmp_path / "weights.npz"), expected) == 0
    assert after == (pair.folder / "0" / "normalized" / "history.csv").read_text()
