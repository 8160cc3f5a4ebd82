"""What an explanation says, against NumPy over the outputs of the layers and the formulas of the paper."""

import dataclasses
import json
from pathlib import Path
from typing import NamedTuple

import keras
import matplotlib.image
import numpy as np
import pytest
import soundfile
from exported_runs import SMALL, VARIANTS, VOICE, make_run
from made_waves import RATE, babble, noise
from references import attention, statistics

from emotion_tf.audio.reader import read_waveform
from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError
from emotion_tf.inference import Explanation, explain, load, write_explanation
from emotion_tf.inference.explain import _stretches
from emotion_tf.inference.explain_plot import explanation_plot
from emotion_tf.inference.explanation import Attention, Heard, Maxima, Read, Stretch

TEXT = "I am so FLOOBEROUS today!"
WORDS = ("i", "am", "so", "flooberous", "today", "!")
IDS = [2, 3, 4, 1, 7, 1]


class Run(NamedTuple):
    """A run, and its network from before it was saved."""

    workdir: Path
    config: Config
    speech: keras.Model

    def output(self, name: str, path: Path | None, ids: list[int]) -> np.ndarray:
        """What a layer of the network gives of one utterance."""
        network = self.speech.get_layer(self.config.model.name)
        if network.name == "experts":
            network = network.get_layer("joint_expert")
        features = {"word_ids": keras.ops.convert_to_tensor([ids])}
        if path is not None:
            wave = read_waveform(path, RATE)[np.newaxis]
            features["features"] = self.speech.get_layer("front_end")(wave, np.array([wave.size]))
        inputs = {tensor.name: tensor for tensor in network.inputs if tensor.name in features}
        model = keras.Model(inputs, network.get_layer(name).output)
        return model({key: features[key] for key in inputs}).numpy()[0]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Makes the run of a variant, once."""
    made = {}

    def make(name: str) -> Run:
        if name not in made:
            workdir = tmp_path_factory.mktemp(name)
            config = Config().override(*SMALL, *VARIANTS[name])
            made[name] = Run(workdir, config, make_run(workdir, config))
        return made[name]

    return make


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Half a second of silence, a second of a buzz, and half a second of silence, at another rate than the model's."""
    path = tmp_path_factory.mktemp("recording") / "buzz.wav"
    soundfile.write(path, np.pad(np.repeat(babble(RATE), 3), 24_000), 3 * RATE)
    return path


def check_maxima(found: Maxima, maps: np.ndarray) -> None:
    """Compares with the places of the maxima of maps (T, S, F), filter by filter."""
    counts = np.zeros(maps.shape[:2])
    for scale in range(maps.shape[1]):
        for row in maps[:, scale].T:
            if row.max() > 0:
                counts[row.tolist().index(row.max()), scale] += 1
    assert found.count == counts.sum() > 0
    np.testing.assert_allclose(found.share, counts.sum(axis=1) / counts.sum(), rtol=1e-12)
    assert sum(found.share) == pytest.approx(1)
    for scale, shares in enumerate(found.by_scale):
        np.testing.assert_allclose(shares, counts[:, scale] / max(1, counts[:, scale].sum()), rtol=1e-12)


def test_it_says_what_the_predictor_says(run, recording):
    both = run("both")
    predicted = load(both.workdir / "model" / "model.keras").predict_file(recording, TEXT)
    found = explain(both.workdir, recording, TEXT)
    assert (found.label, found.probabilities) == (predicted.label, predicted.probabilities)


@pytest.mark.parametrize("variant", ["both", "audio", "x-vector", "all_pairs", "experts"])
def test_maxima_stand_where_numpy_finds_them(run, recording, variant):
    made = run(variant)
    speaker = VOICE if made.config.speaker.embeddings else None
    heard = explain(made.workdir, recording, TEXT if made.config.model.reads else None, speaker).heard
    maps = made.output("audio_mscnn", recording, IDS)
    check_maxima(heard.maxima, maps)
    assert heard.maxima.kernel_sizes == (5, 7, 9, 11)
    assert heard.seconds == 2
    np.testing.assert_allclose(heard.frames, 0.01 * np.arange(201), rtol=1e-12)
    # What the pooling takes is what stands at these places.
    np.testing.assert_allclose(made.output("audio_spu", recording, IDS)[0], maps.max(axis=0), rtol=1e-6)


def test_expert_who_alone_has_a_say_explains(run, recording):
    made = run("experts")
    heard = explain(made.workdir, recording, "", VOICE)
    assert heard.read is None
    network = made.speech.get_layer("experts").get_layer("audio_expert")
    wave = read_waveform(recording, RATE)[np.newaxis]
    frames = made.speech.get_layer("front_end")(wave, np.array([wave.size]))
    maps = keras.Model(network.inputs[0], network.get_layer("audio_mscnn").output)(frames).numpy()[0]
    check_maxima(heard.heard.maxima, maps)
    read = explain(made.workdir, None, TEXT, VOICE)
    assert read.heard is None and read.read.attention == ()


def test_trimmed_frames_carry_no_maximum(run, recording):
    heard = explain(run("audio").workdir, recording).heard
    kept = np.flatnonzero(
        run("audio")
        .speech.get_layer("front_end")(read_waveform(recording, RATE)[np.newaxis], np.array([2 * RATE]))
        .numpy()[0]
        .any(axis=1)
    )
    carrying = np.flatnonzero(heard.maxima.share)
    assert 50 < kept[0] <= carrying[0] and carrying[-1] <= kept[-1] < 155
    assert heard.stretches[0].start > 0.5 and heard.stretches[-1].end < 1.55


def test_attention_is_that_of_the_formula(run, recording):
    for variant in ("both", "all_pairs"):
        made = run(variant)
        read = explain(made.workdir, recording, TEXT).read
        audio, words = (made.output(name, recording, IDS) for name in ("audio_mscnn", "text_mscnn"))
        heard = np.ones(len(audio), bool)
        _, weights = attention(statistics(audio, heard), words, np.ones(6, bool), made.config.model.pairing)
        weights = weights.reshape(3, -1, 6)  # the audio scale outermost, as the formula has it
        found = np.array([list(pair.weights.values()) for pair in read.attention]).swapaxes(0, 1)
        np.testing.assert_allclose(found, weights, atol=1e-5)
        np.testing.assert_allclose(found.sum(axis=-1), 1, rtol=1e-6)
        np.testing.assert_allclose(read.mean_attention, weights.mean(axis=(0, 1)), atol=1e-5)
        assert np.ptp(weights) > 0.01
        assert all(list(pair.weights) == ["max", "average", "deviation"] for pair in read.attention)


def test_pairs_of_scales_are_named(run, recording):
    def sizes(variant):
        read = explain(run(variant).workdir, recording, TEXT).read
        return [(pair.audio_kernel_size, pair.text_kernel_size) for pair in read.attention]

    assert sizes("both") == [(5, 2), (7, 3), (9, 4), (11, 5)]
    assert sizes("all_pairs") == [(audio, text) for audio in (5, 7, 9, 11) for text in (2, 3, 4, 5)]


def test_words_as_they_are_read(run, recording):
    read = explain(run("both").workdir, recording, TEXT).read
    assert (read.words, read.known) == (WORDS, (True, True, True, False, True, False))
    # The model reads nine words.
    read = explain(run("both").workdir, recording, "so sad " * 8).read
    assert read.words == ("so", "sad") * 4 + ("so",)
    assert {len(row) for pair in read.attention for row in pair.weights.values()} == {9} == {len(read.maxima.share)}


def test_model_that_reads_only(run):
    made = run("text")
    found = explain(made.workdir, transcript=TEXT)
    assert found.heard is None and found.read.attention == () == found.read.mean_attention
    check_maxima(found.read.maxima, made.output("text_mscnn", None, IDS))
    assert found.read.maxima.kernel_sizes == (2, 3, 4, 5)


def test_model_that_hears_only(run, recording):
    found = explain(run("audio").workdir, recording)
    assert found.read is None and found.heard.maxima.count > 0


def test_nothing_to_read(run, recording):
    read = explain(run("both").workdir, recording).read
    assert read == Read((), (), read.attention, (), Maxima((2, 3, 4, 5), 0, (), ((), (), (), ())))
    assert all(row == () for pair in read.attention for row in pair.weights.values())


def test_nothing_to_hear(run):
    """The attention then asks with what stands in for the audio."""
    made = run("stand-ins")
    found = explain(made.workdir, transcript=TEXT)
    assert found.heard is None
    context = made.speech.get_layer("mscnn").get_layer("audio_placeholder").placeholder.numpy()
    _, weights = attention(context, made.output("text_mscnn", None, IDS), np.ones(6, bool))
    rows = np.array([list(pair.weights.values()) for pair in found.read.attention])
    np.testing.assert_allclose(rows.swapaxes(0, 1), weights, atol=1e-5)


def test_long_recording_is_heard_up_to_its_limit(run, tmp_path):
    soundfile.write(tmp_path / "long.wav", noise(9 * RATE), RATE)
    heard = explain(run("both").workdir, tmp_path / "long.wav").heard
    assert (heard.seconds, len(heard.frames)) == (7.5, 750)
    assert heard.stretches[-1].end <= 7.5


@pytest.mark.parametrize(
    ("counts", "width", "expected"),
    [
        # Five of ten stand at frame 3; half is enough.
        ([1, 0, 1, 5, 1, 2, 0], 3, [(3, 3, 0.5)]),
        # Kernels of three frames over frames 1 and 3 share frame 2, which then counts too.
        ([0, 4, 1, 3, 0, 0, 2, 1], 3, [(1, 3, 8 / 11)]),
        ([0, 4, 1, 3, 0, 0, 2, 1], 2, [(1, 1, 4 / 11), (3, 3, 3 / 11)]),
        ([3, 0, 0, 3], 3, [(0, 0, 0.5)]),
        ([0, 0, 0], 3, []),
        ([7], 3, [(0, 0, 1.0)]),
    ],
)
def test_stretches_by_hand(counts, width, expected):
    assert list(_stretches(np.array(counts), width)) == expected


def test_stretches_lie_at_the_centres_of_frames_and_in_the_sound(run, recording):
    heard = explain(run("both").workdir, recording).heard
    share = np.array(heard.maxima.share)
    inside = np.zeros(len(share), bool)
    for stretch in heard.stretches:
        within = (np.array(heard.frames) >= stretch.start) & (np.array(heard.frames) <= stretch.end)
        assert stretch.share == pytest.approx(share[within].sum())
        inside |= within
    assert share[inside].sum() >= 0.5 and share[inside].max() == share.max()
    assert all(before.end < after.start for before, after in zip(heard.stretches, heard.stretches[1:], strict=False))


def test_dilated_kernels_see_further(tmp_path, recording):
    """Kernels of eleven positions, two frames apart, span 21 frames."""
    config = Config().override(*SMALL, "model.modality=audio", "model.convolution=dilated")
    make_run(tmp_path, config)
    heard = explain(tmp_path, recording).heard
    starts = [stretch.start for stretch in heard.stretches[1:]]
    gaps = np.array(starts) - [stretch.end for stretch in heard.stretches[:-1]]
    assert heard.maxima.count > 0 and (gaps >= 0.2 - 1e-9).all()


@pytest.mark.parametrize("inner", ["model/model.keras", "model", ""])
def test_file_or_folder(run, recording, inner):
    both = run("both")
    assert explain(both.workdir / inner, recording, TEXT) == explain(both.workdir, recording, TEXT)


def test_what_cannot_be_explained(run, recording, tmp_path):
    (tmp_path / "float32.tflite").write_bytes(b"")
    for path, received in ((tmp_path / "float32.tflite", "none of them"), (tmp_path / "no", "where there is nothing")):
        with pytest.raises(
            EmotionTFError, match=f"cannot be explained; expected a .keras file, .* received .*{received}"
        ):
            explain(path, recording)
    make_run(tmp_path, Config().override(*SMALL, "model.name=cnn", "model.modality=audio"))
    with pytest.raises(EmotionTFError, match="cannot be explained; expected the model mscnn or experts, received cnn"):
        explain(tmp_path, recording)


def test_json(run, recording, tmp_path):
    found = explain(run("both").workdir, recording, TEXT)
    write_explanation(tmp_path / "deep" / "x.json", found, recording)
    written = json.loads((tmp_path / "deep" / "x.json").read_text(encoding="utf-8"))
    assert written["file"] == str(recording) and written["read"]["words"] == list(WORDS)
    assert written["read"]["attention"][1]["weights"]["max"] == list(found.read.attention[1].weights["max"])
    assert [Stretch(**stretch) for stretch in written["heard"]["stretches"]] == list(found.heard.stretches)


@pytest.mark.parametrize("variant", ["both", "audio", "text"])
def test_plot_is_written(run, recording, tmp_path, variant):
    model = run(variant).config.model
    audio, text = recording if model.hears else None, TEXT if model.reads else None
    write_explanation(tmp_path / "x.png", explain(run(variant).workdir, audio, text), audio)
    height, width, _ = matplotlib.image.imread(tmp_path / "x.png").shape
    assert (width, height) == (1500, 90 + 270 * (2 * model.hears + model.reads))


def test_other_suffix(tmp_path):
    with pytest.raises(EmotionTFError, match=r"x\.txt names no kind of file .* \.json or \.png, received '\.txt'"):
        write_explanation(tmp_path / "x.txt", EXPLANATION)


EXPLANATION = Explanation(
    "sad",
    {"angry": 0.0, "happy": 0.25, "neutral": 0.0, "sad": 0.75},
    Read(
        ("so", "blue"),
        (True, False),
        (
            Attention(5, 2, {"max": (1.0, 0.0), "average": (0.5, 0.5), "deviation": (0.25, 0.75)}),
            Attention(7, 3, {"max": (0.5, 0.5), "average": (0.5, 0.5), "deviation": (0.75, 0.25)}),
        ),
        (0.6, 0.4),
        Maxima((2, 3), 4, (0.25, 0.75), ((0.5, 0.5), (0.0, 1.0))),
    ),
    Heard(
        0.07,
        (0.0, 0.02, 0.04, 0.06),
        Maxima((5, 7), 8, (0.0, 0.125, 0.625, 0.25), ((0.0, 0.25, 0.5, 0.25), (0.0, 0.0, 0.75, 0.25))),
        (Stretch(0.03, 0.05, 0.625),),
    ),
)


def test_plot_shows_maxima_stretches_and_words():
    wave, maxima, words = explanation_plot(EXPLANATION, np.array([0.1, 0.5])).axes
    assert wave.get_title(loc="left") == "sad (75%)"
    assert wave.patches[0].get_data().values.tolist() == [0.1, 0.5]
    drawn = maxima.patches[0].get_data()
    assert drawn.values.tolist() == [0.0, 0.125, 0.625, 0.25]
    np.testing.assert_allclose(drawn.edges, [-0.01, 0.01, 0.03, 0.05, 0.07])
    for axes in (wave, maxima):
        (low, _), (high, _) = axes.patches[1].get_extents().transformed(axes.transData.inverted()).get_points()
        np.testing.assert_allclose((low, high), (0.03, 0.05))
    assert [label.get_text() for label in words.get_xticklabels()] == ["so", "[blue]"]
    heights = [[bar.get_height() for bar in bars] for bars in words.containers]
    assert heights == [[0.75, 0.25], [0.5, 0.5], [0.5, 0.5]]


def test_nothing_to_draw(run, tmp_path):
    found = explain(run("text").workdir, transcript="")
    with pytest.raises(EmotionTFError, match="nothing to draw; expected audio, or at least one word"):
        write_explanation(tmp_path / "x.png", found)
    assert not (tmp_path / "x.png").exists()


def test_plot_without_attention_shows_the_maxima_over_the_words():
    read = dataclasses.replace(EXPLANATION.read, attention=(), mean_attention=())
    (words,) = explanation_plot(dataclasses.replace(EXPLANATION, read=read, heard=None), np.zeros(0)).axes
    assert [[bar.get_height() for bar in bars] for bars in words.containers] == [[0.25, 0.75]]


def test_real_speech_is_explained_by_where_it_is(run, ravdess_clips):
    """The speaker is silent before and after; trimmed, that carries nothing, and the rest carries all."""
    clip = ravdess_clips[0]
    heard = explain(run("audio").workdir, clip).heard
    wave = read_waveform(clip, RATE)
    loud = np.flatnonzero(np.abs(wave) > 0.1 * np.abs(wave).max()) / RATE
    carrying = np.array(heard.frames)[np.array(heard.maxima.share) > 0]
    assert len(loud) and carrying[0] > 0.2 and carrying[-1] < heard.seconds - 0.2
    assert heard.stretches[0].start < loud[-1] and heard.stretches[-1].end > loud[0]
