"""A batch on several devices."""

import time
from types import SimpleNamespace

import loopback
import numpy as np
import pytest
import small_training
import tensorflow as tf

from emotion_tf.errors import EmotionTFError
from emotion_tf.training.replication import check_recipe, deal_out, replicate


def strategy_of(workers, devices):
    """What a strategy of some workers gives each, with as many devices."""

    def all_parts(parts):
        replicas = workers * devices
        return [parts(tf.distribute.InputContext(workers, worker, replicas)) for worker in range(workers)]

    return SimpleNamespace(num_replicas_in_sync=workers * devices, distribute_datasets_from_function=all_parts)


@pytest.mark.parametrize(("workers", "devices"), [(1, 2), (2, 1), (2, 2), (3, 2)])
def test_every_row_of_a_batch_is_dealt_out_once(workers, devices):
    """The batches of 23 rows are of 8, 8 and 7; those of 13 rows in the end of 1, fewer than there are devices."""
    for rows, size in ((23, 8), (13, 6)):
        numbers = tf.data.Dataset.range(rows).map(lambda row: ({"a": row, "b": -row}, 2 * row)).batch(size)
        dealt = [iter(part) for part in deal_out(numbers, strategy_of(workers, devices))]
        # Twice, since it has no end.
        for start in 2 * list(range(0, rows, size)):
            parts = [next(worker) for worker in dealt for _ in range(devices)]
            found = np.concatenate([inputs["a"] for inputs, _ in parts])
            np.testing.assert_array_equal(found, range(start, min(start + size, rows)))
            sizes = [len(label) for _, label in parts]
            assert max(sizes) - min(sizes) <= 1
            for inputs, label in parts:
                np.testing.assert_array_equal(inputs["b"], -inputs["a"])
                np.testing.assert_array_equal(label, 2 * inputs["a"])


def test_one_device_gets_what_is_given():
    network, batches = small_training.network(batch_normalization=True), small_training.dev_batches()
    assert replicate(network, tf.distribute.get_strategy()) is network
    given = [inputs for inputs, _ in batches.as_numpy_iterator()]
    dealt = deal_out(batches, tf.distribute.get_strategy()).take(2 * len(given)).as_numpy_iterator()
    for (inputs, _), expected in zip(dealt, 2 * given, strict=True):
        np.testing.assert_array_equal(inputs, expected)


def test_an_epoch_begins_while_the_one_before_it_ends():
    made = []

    def epoch():
        for number in range(3):
            made.append(number)
            yield number

    batches = tf.data.Dataset.from_generator(epoch, output_signature=tf.TensorSpec((), tf.int64))
    dealt = iter(deal_out(batches, tf.distribute.get_strategy()))
    for _ in range(3):
        next(dealt)
    deadline = time.monotonic() + 60
    while len(made) < 4:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("setting", "utterances", "message"),
    [
        (
            "batch_size=8",
            40,
            "3 devices cannot share a batch evenly; expected a training.batch_size that is a multiple of",
        ),
        ("batch_size=9", 8, "no larger than the training part, received 9, and 8 utterances to train"),
        ("verification=0.5", 900, "3 devices cannot train with training.verification; expected one device"),
        ("dtype_policy=mixed_float16", 900, "3 devices cannot train with mixed_float16. To fix: .*=mixed_bfloat16, or"),
    ],
)
def test_recipes_for_one_device_only(setting, utterances, message):
    config = small_training.CONFIG.override("training.batch_size=9", f"training.{setting}")
    check_recipe(config, utterances, strategy_of(1, 1))
    with pytest.raises(EmotionTFError, match=message):
        check_recipe(config, utterances, strategy_of(1, 3))


def test_recipe_that_fits():
    check_recipe(small_training.CONFIG.override("training.batch_size=9"), 9, strategy_of(1, 3))


@pytest.fixture(scope="module")
def devices(tmp_path_factory):
    """One process with two devices after `loopback_tasks.devices`, in whose folder it left its weights."""
    folder = tmp_path_factory.mktemp("devices")
    (said,) = loopback.run("devices", folder, [{}])
    return SimpleNamespace(folder=folder, said=said)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "config", "normalized"), small_training.NETWORKS)
def test_two_devices_end_with_the_weights_of_one(devices, tmp_path, name, config, normalized):
    expected = small_training.train(tmp_path / "alone", config, normalized)
    found = small_training.read_weights(devices.folder / f"{name}.npz")
    assert small_training.largest_difference(found, expected) < 1e-4
    assert small_training.largest_difference(small_training.network(normalized).get_weights(), expected) > 0.1
    small_training.check_same_history(devices.folder / name, tmp_path / "alone")


@pytest.mark.slow
def test_devices_drop_units_of_their_own(devices):
    assert "masks that differ: 4" in devices.said


@pytest.mark.slow
def test_every_model_says_the_same_on_two_devices(devices):
    """Of the last utterance, one of the devices has nothing."""
    lines = [line.split() for line in devices.said.splitlines() if line.startswith("model ")]
    assert len(lines) == 11
    for _, name, expected, found in lines:
        assert float(found) == pytest.approx(float(expected), rel=1e-5), name
