import json
import os
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from made_waves import babble, noise

from emotion_tf.audio.reader import read_waveform
from emotion_tf.audio.speaker.encoder import SAMPLE_RATE, SpeakerEncoder
from emotion_tf.errors import EmotionTFError

# Computed by resemblyzer 0.1.4 with PyTorch 2.13: `embed_utterance(normalize_volume(wave, -30, increase_only=True))`,
# rounded to six digits. The first wave is shorter than a window and loud, the others are quiet; the last of their three
# windows is covered a little less than by three quarters, and exactly so.
GOLDEN = json.loads(Path(__file__).with_name("speaker_encoder_golden.json").read_text(encoding="utf-8"))
WAVES = {"noise of 4000": noise(4_000), "babble of 43839": babble(43_839), "babble of 43840": babble(43_840)}


@pytest.fixture(scope="module")
def encoder() -> SpeakerEncoder:
    return SpeakerEncoder()


@pytest.mark.parametrize("wave", GOLDEN)
def test_equals_the_original(encoder, wave):
    embedding = encoder(WAVES[wave])
    assert embedding.dtype == np.float32
    np.testing.assert_allclose(embedding, GOLDEN[wave], rtol=0, atol=1e-5)


def test_golden_values_tell_the_waves_apart():
    """Else they could not tell a window kept from one left out."""
    assert np.abs(np.subtract(GOLDEN["babble of 43839"], GOLDEN["babble of 43840"])).max() > 1e-3


@pytest.mark.parametrize("wave", [np.zeros(16_000, np.float32), noise(1), 1e-30 * noise(40_000)])
def test_silence_and_single_samples_have_an_embedding(encoder, wave):
    embedding = encoder(wave)
    assert embedding.shape == (256,)
    assert np.linalg.norm(embedding) == pytest.approx(1, abs=1e-5)
    assert embedding.min() >= 0


@pytest.mark.parametrize("wave", [noise(0), noise(8).reshape(2, 4), np.array([0, np.nan, 0], np.float32)])
def test_refuses_what_is_no_wave(encoder, wave):
    with pytest.raises(EmotionTFError, match="not a wave; expected one row of at least one sample, all finite"):
        encoder(wave)


def test_tells_speakers_apart(encoder, ravdess_clips):
    """Neutral clips of six actors: one threshold is right for 95 % of both kinds of pairs, so the EER is below 5 %."""
    clips = [clip for clip in ravdess_clips if clip.parent.name <= "Actor_06" and clip.name.startswith("03-01-01-")]
    actors = np.array([clip.parent.name for clip in clips])
    embeddings = np.stack([encoder(read_waveform(clip, SAMPLE_RATE)) for clip in clips])
    first, second = np.triu_indices(len(clips), k=1)
    cosines = (embeddings @ embeddings.T)[first, second]
    same = actors[first] == actors[second]
    print(
        len(clips),
        np.quantile(cosines[same], [0.02, 0.05, 0.1, 0.15]),
        np.quantile(cosines[~same], [0.85, 0.9, 0.95, 0.98]),
    )
    assert np.quantile(cosines[same], 0.1) > np.quantile(cosines[~same], 0.9)


def test_resemblyzer_is_not_installed(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EmotionTFError, match=r"not installed\. To fix: pip install --no-deps resemblyzer"):
        SpeakerEncoder()


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


def torch_file(content: bytes) -> bytes:
    """What old versions of torch wrote: `content` is the main pickle; one storage of two numbers follows."""
    head = [pickle.dumps(item, protocol=2) for item in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})]
    return b"".join([*head, content, pickle.dumps(["a"], protocol=2), struct.pack("<qff", 2, 0.5, 1.5)])


def tensor(offset: int, size: int, stride: int, kind: str = "FloatStorage", length: int = 2) -> bytes:
    """The pickle of a one-dimensional tensor that looks at the storage."""
    # A tuple of six makes the storage's persistent id, and one of six the arguments of the function.
    storage = f"(Vstorage\nctorch\n{kind}\nVa\nVcpu\nI{length}\nNtQ"
    return f"ctorch._utils\n_rebuild_tensor_v2\n({storage}I{offset}\n(I{size}\nt(I{stride}\ntI00\nNtR.".encode()


def test_no_code_is_run(tmp_path):
    path, trap = tmp_path / "weights.pt", tmp_path / "sprung"
    path.write_bytes(torch_file(pickle.dumps({"model_state": Trap(trap)}, protocol=2)))
    with pytest.raises(EmotionTFError, match=r"weights\.pt is damaged .*it asks for \w+\.mkdir"):
        SpeakerEncoder(path)
    assert not trap.exists()
    pickle.loads(pickle.dumps(Trap(trap), protocol=2))
    assert trap.exists(), "the trap does not work"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "EOFError"),
        (b"PK\3\4", "UnpicklingError"),
        (torch_file(tensor(0, 2, 1)), "IndexError"),  # It can be read, but is no dictionary.
        (torch_file(tensor(0, 2, 1))[:-1], "storage a is cut short"),
        (torch_file(tensor(0, 2, 1, length=3)), "storage a is cut short"),
        (torch_file(tensor(0, 2, 1, length=2**40)), f"a storage of {2**40} numbers"),
        (torch_file(tensor(0, 2**40, 0)), f"a tensor of the shape .{2**40},. in 2 numbers"),
        (torch_file(tensor(1, 2, 1)), "strides is incompatible"),
        (torch_file(tensor(0, 2, -1)), "strides is incompatible"),
        (torch_file(tensor(0, 2, 2)), "strides is incompatible"),
        (torch_file(tensor(-1, 2, 1)), "strides is incompatible"),
        (torch_file(tensor(0, 2, 1, kind="DoubleStorage")), r"it asks for torch\.DoubleStorage"),
        (torch_file(b"(Vmodel_state\n(Vlstm.weight_ih_l0\n" + tensor(0, 2, 1)[:-1] + b"dd."), "lstm.weight_hh_l0"),
    ],
)
def test_damaged_weights(tmp_path, content, problem):
    path = tmp_path / "weights.pt"
    path.write_bytes(content)
    with pytest.raises(EmotionTFError, match=rf"weights\.pt is damaged or holds no weights .*{problem}"):
        SpeakerEncoder(path)


def test_missing_weights(tmp_path):
    with pytest.raises(EmotionTFError, match=r"weights\.pt cannot be read \(No such file"):
        SpeakerEncoder(tmp_path / "weights.pt")
