"""Checkpoints in all formats give the same encoder, and broken ones give one clear line."""

import hashlib
import json
import struct

import numpy as np
import pytest
from small_checkpoints import (
    BLOCKS,
    WIDTH,
    ctranslate2_arrays,
    ctranslate2_bytes,
    safetensors_bytes,
    whisper_arrays,
    write_kerashub,
    write_safetensors,
)

from emotion_tf.errors import EmotionTFError
from emotion_tf.frontend.encoders.checkpoint import PartedFile
from emotion_tf.frontend.encoders.ctranslate2_file import read_ctranslate2
from emotion_tf.frontend.encoders.load import load_encoder
from emotion_tf.frontend.encoders.safetensors_file import read_safetensors
from emotion_tf.frontend.encoders.weights import Weights

ARRAYS = whisper_arrays()
LAYERS = tuple(range(BLOCKS + 1))
WAVE = np.random.default_rng(0).normal(0, 0.1, (1, 8_000)).astype("float32")


def frames(path):
    return load_encoder(path, LAYERS)(WAVE, np.array([8_000], "int32")).numpy()


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    return frames(write_safetensors(tmp_path_factory.mktemp("whisper"), ARRAYS))


@pytest.fixture
def folder(tmp_path):
    write_safetensors(tmp_path, ARRAYS)
    return tmp_path


def test_ctranslate2_gives_the_same_frames(expected, tmp_path):
    (tmp_path / "model.bin").write_bytes(ctranslate2_bytes(ctranslate2_arrays(ARRAYS)))
    np.testing.assert_allclose(frames(tmp_path), expected, rtol=0, atol=1e-6)


def test_kerashub_gives_the_same_frames(expected, tmp_path):
    write_kerashub(tmp_path / "model.weights.h5", ARRAYS)
    np.testing.assert_allclose(frames(tmp_path), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_truncated_hdf5_is_told(tmp_path, share):
    path = tmp_path / "model.weights.h5"
    write_kerashub(path, ARRAYS)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    one_line(path, "truncated")


def test_hdf5_that_points_elsewhere_is_not_followed(tmp_path):
    import h5py

    write_kerashub(tmp_path / "other.h5", ARRAYS)
    path = tmp_path / "model.weights.h5"
    with h5py.File(path, "w") as file:
        file["layers"] = h5py.ExternalLink("other.h5", "/layers")
    one_line(path, "holds no encoder of Whisper")


def test_ctranslate2_of_8_bits_stays_near(expected, tmp_path):
    arrays = ctranslate2_arrays(ARRAYS)
    for name in [name for name in arrays if name.endswith("weight") and "linear" in name]:
        scale = 127 / np.abs(arrays[name]).max(axis=1)
        arrays[f"{name}_scale"] = scale.astype("float32")
        arrays[name] = np.rint(arrays[name] * scale[:, None]).astype("int8")
    (tmp_path / "model.bin").write_bytes(ctranslate2_bytes(arrays))
    found = frames(tmp_path)
    assert 0 < np.linalg.norm(found - expected) < 0.05 * np.linalg.norm(expected)


def test_half_precision_and_other_prefixes(expected, tmp_path):
    halves = {f"encoder.{name}": array.astype("float16") for name, array in ARRAYS.items()}
    (tmp_path / "model.safetensors").write_bytes(safetensors_bytes(halves))
    (tmp_path / "config.json").write_text(json.dumps({"encoder_attention_heads": 4}))
    np.testing.assert_allclose(frames(tmp_path), expected, rtol=0.02, atol=0.02)


def test_bfloat16_is_read(tmp_path):
    values = np.array([1.0, -2.5, 3.0e38], "float32")
    header = json.dumps({"a": {"dtype": "BF16", "shape": [3], "data_offsets": [0, 6]}}).encode()
    content = (values.view("uint32") >> 16).astype("uint16").tobytes()
    (tmp_path / "a").write_bytes(struct.pack("<Q", len(header)) + header + content)
    found = read_safetensors(PartedFile([tmp_path / "a"])).read("a")
    np.testing.assert_allclose(found, values, rtol=0.01)


@pytest.mark.parametrize("cut", [1, 100, 5_000])
def test_parts_are_read_as_one_wherever_they_were_cut(tmp_path, cut):
    content = ctranslate2_bytes(ctranslate2_arrays(ARRAYS), aliases={"decoder/x": "encoder/conv1/bias"})
    parts = [content[:cut], content[cut : 2 * cut], content[2 * cut :]]
    paths = [tmp_path / str(number) for number in range(3)]
    for path, part in zip(paths, parts, strict=True):
        path.write_bytes(part)
    checkpoint = read_ctranslate2(PartedFile(paths))
    for name, array in ctranslate2_arrays(ARRAYS).items():
        np.testing.assert_array_equal(checkpoint.read(name), array.astype("float32"))
    np.testing.assert_array_equal(checkpoint.read("decoder/x"), ARRAYS["conv1.bias"])


def one_line(path, match):
    with pytest.raises(EmotionTFError, match=match) as raised:
        load_encoder(path, LAYERS)
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize("share", [0.0, 0.001, 0.02, 0.5, 0.999])
def test_truncated_files_are_told(folder, tmp_path, share):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    one_line(path, "truncated|cannot be read|no checkpoint that can be read|not JSON")
    content = ctranslate2_bytes(ctranslate2_arrays(ARRAYS))
    path = tmp_path / "model.bin"
    path.write_bytes(content[: int(share * len(content))])
    one_line(path, "truncated|no checkpoint that can be read")


def test_altered_file_is_told_by_its_sha256(folder):
    path = folder / "model.safetensors"
    good = hashlib.sha256(path.read_bytes()).hexdigest()
    load_encoder(path, LAYERS, sha256=good)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(EmotionTFError, match=f"altered.*expected SHA-256 {good}"):
        load_encoder(path, LAYERS, sha256=good)


@pytest.mark.parametrize("length", [2**63, 2**25, 2**31 - 1])
def test_a_header_that_claims_too_much_takes_no_memory(tmp_path, length):
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", length) + b'{"a": 1}')
    one_line(path, "too long a list|no checkpoint that can be read")


WRONG = {
    "more than the file": {"dtype": "F32", "shape": [2**30], "data_offsets": [0, 2**32]},
    "offsets that contradict the shape": {"dtype": "F32", "shape": [4], "data_offsets": [0, 15]},
    "negative offsets": {"dtype": "F32", "shape": [4], "data_offsets": [-16, 0]},
    "a shape of words": {"dtype": "F32", "shape": ["many"], "data_offsets": [0, 16]},
    "a negative size": {"dtype": "F32", "shape": [-4, -1], "data_offsets": [0, 16]},
    "no offsets": {"dtype": "F32", "shape": [4], "data_offsets": 7},
    "nothing": None,
}


@pytest.mark.parametrize("said", WRONG.values(), ids=WRONG)
def test_arrays_that_lie(tmp_path, said):
    path = tmp_path / "model.safetensors"
    path.write_bytes(
        safetensors_bytes({"model.encoder.x": np.zeros(4, "float32")}, **{"model.encoder.conv1.weight": said})
    )
    one_line(path, "truncated|contradicts itself|no shape|stands nowhere|not described")


def test_ctranslate2_that_lies(tmp_path):
    path = tmp_path / "model.bin"
    arrays = ctranslate2_arrays(ARRAYS)
    path.write_bytes(ctranslate2_bytes(arrays, version=3))
    one_line(path, "version 3 of CTranslate2's format")
    path.write_bytes(ctranslate2_bytes(arrays, specification="TransformerSpec"))
    one_line(path, "another architecture; expected WhisperSpec, received TransformerSpec")
    good = ctranslate2_bytes(arrays)
    path.write_bytes(good.replace(struct.pack("<II", 3, len(arrays)), struct.pack("<II", 3, 2**32 - 1), 1))
    one_line(path, "too many variables")
    name = b"encoder/conv1/weight\0"
    place = good.index(name) + len(name)
    path.write_bytes(good[: place + 1] + struct.pack("<I", 2**31) + good[place + 5 :])
    one_line(path, "contradicts itself")
    path.write_bytes(good[:place] + b"\xff" + good[place + 1 :])
    one_line(path, "no shape|truncated")


def test_other_architectures(tmp_path, folder):
    write_safetensors(tmp_path / "bert", ARRAYS, model_type="bert")
    one_line(tmp_path / "bert", "another architecture; expected whisper or .*, received 'bert'")
    path = tmp_path / "model.safetensors"
    (folder / "config.json").unlink()
    path.write_bytes(safetensors_bytes({"bert.embeddings": np.zeros(4, "float32")}))
    one_line(path, "holds no encoder of Whisper")
    arrays = {name: array for name, array in ARRAYS.items() if not name.startswith("layers.0.fc1")}
    write_safetensors(tmp_path / "hole", arrays)
    one_line(tmp_path / "hole", "lacks blocks of the encoder")
    arrays = {**ARRAYS, "layers.1.fc2.weight": np.zeros((3, 4), "float32")}
    write_safetensors(tmp_path / "shape", arrays)
    one_line(tmp_path / "shape", "does not fit the encoder.*received \\(4, 3\\)")
    arrays = {**ARRAYS, "layer_norm.bias": np.full(WIDTH, np.nan, "float32")}
    write_safetensors(tmp_path / "nan", arrays)
    one_line(tmp_path / "nan", "not a finite number")
    write_safetensors(tmp_path / "tanh", ARRAYS, activation_function="tanh")
    one_line(tmp_path / "tanh", "activation_function differs; expected 'gelu', received 'tanh'")
    write_safetensors(tmp_path / "heads", ARRAYS, encoder_attention_heads=7)
    one_line(tmp_path / "heads", "cannot be shared by 7 heads")
    (tmp_path / "heads" / "config.json").write_text("[1")
    one_line(tmp_path / "heads", "not valid JSON")


@pytest.mark.parametrize("beginning", [b"PK\x03\x04", b"\x80\x02", b"\x89HDF\r\n\x1a\n", b"", b"hello, world. " * 9])
def test_other_files(tmp_path, beginning):
    path = tmp_path / "model.bin"
    path.write_bytes(beginning and beginning + bytes(200))
    one_line(path, "pickle of PyTorch, which can run code|no checkpoint that can be read|truncated or damaged")


def test_missing_files(tmp_path):
    one_line(tmp_path / "nowhere" / "model.bin", "there is no checkpoint")
    one_line(tmp_path, "holds no checkpoint; expected model.safetensors")
    one_line("whisper-enormous", "no encoder is called 'whisper-enormous'; expected one of whisper-tiny,")
    with pytest.raises(EmotionTFError, match="cannot be read"):
        PartedFile([tmp_path / "nothing"])
    assert Weights((tmp_path,), "").architecture is None
