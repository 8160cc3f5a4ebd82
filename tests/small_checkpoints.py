"""Small random checkpoints of Whisper in the formats that are read, written with no code of the readers."""

import json
import struct
from pathlib import Path

import numpy as np

WIDTH, HEADS, BLOCKS = 32, 4, 2


def whisper_arrays(seed: int = 0) -> dict[str, np.ndarray]:
    """The encoder's arrays under the names of `transformers`."""
    rng = np.random.default_rng(seed)
    arrays = {}

    def add(name, *shape, bias=True):
        arrays[f"{name}.weight"] = rng.normal(0, 1.5 / np.sqrt(np.prod(shape[1:])), shape).astype("float32")
        if bias:
            arrays[f"{name}.bias"] = rng.normal(0, 0.3, shape[0]).astype("float32")

    add("conv1", WIDTH, 80, 3)
    add("conv2", WIDTH, WIDTH, 3)
    for number in range(BLOCKS):
        for projection in ("q", "k", "v", "out"):
            add(f"layers.{number}.self_attn.{projection}_proj", WIDTH, WIDTH, bias=projection != "k")
        add(f"layers.{number}.fc1", 4 * WIDTH, WIDTH)
        add(f"layers.{number}.fc2", WIDTH, 4 * WIDTH)
        for norm in ("self_attn_layer_norm", "final_layer_norm"):
            add(f"layers.{number}.{norm}", WIDTH)
    add("layer_norm", WIDTH)
    return arrays


def safetensors_bytes(arrays: dict[str, np.ndarray], **overrides: object) -> bytes:
    """A file in the format `safetensors`; `overrides` replaces what the list says of an array."""
    listed, place = {}, 0
    for name, array in arrays.items():
        kind = {"float32": "F32", "float16": "F16"}[array.dtype.name]
        listed[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [place, place + array.nbytes]}
        place += array.nbytes
    listed.update(overrides)
    header = json.dumps(listed).encode()
    return struct.pack("<Q", len(header)) + header + b"".join(array.tobytes() for array in arrays.values())


def write_safetensors(folder: Path, arrays: dict[str, np.ndarray], **config: object) -> Path:
    """A folder as the hub holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    named = {f"model.encoder.{name}": array for name, array in arrays.items()}
    (folder / "model.safetensors").write_bytes(safetensors_bytes(named))
    settings = {"model_type": "whisper", "encoder_attention_heads": HEADS, **config}
    (folder / "config.json").write_text(json.dumps(settings))
    return folder / "model.safetensors"


def ctranslate2_arrays(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same under CTranslate2's names: query, key and value one below the other."""
    renamed = {"encoder/num_heads": np.array(HEADS, "int8")}

    def copy(name, theirs):
        for part in ("weight", "bias"):
            if f"{theirs}.{part}" in arrays:
                renamed[f"{name}/{part}"] = arrays[f"{theirs}.{part}"]

    def copy_norm(name, theirs):
        renamed[f"{name}/gamma"], renamed[f"{name}/beta"] = arrays[f"{theirs}.weight"], arrays[f"{theirs}.bias"]

    copy("encoder/conv1", "conv1")
    copy("encoder/conv2", "conv2")
    copy_norm("encoder/layer_norm", "layer_norm")
    for number in range(BLOCKS):
        ours, theirs = f"encoder/layer_{number}", f"layers.{number}"
        attention = f"{ours}/self_attention"
        for part in ("weight", "bias"):
            pieces = [
                arrays.get(f"{theirs}.self_attn.{name}_proj.{part}", np.zeros(WIDTH, "float32")) for name in "qkv"
            ]
            renamed[f"{attention}/linear_0/{part}"] = np.concatenate(pieces)
        copy(f"{attention}/linear_1", f"{theirs}.self_attn.out_proj")
        copy_norm(f"{attention}/layer_norm", f"{theirs}.self_attn_layer_norm")
        copy(f"{ours}/ffn/linear_0", f"{theirs}.fc1")
        copy(f"{ours}/ffn/linear_1", f"{theirs}.fc2")
        copy_norm(f"{ours}/ffn/layer_norm", f"{theirs}.final_layer_norm")
    return renamed


def ctranslate2_bytes(
    arrays: dict[str, np.ndarray],
    version: int = 6,
    specification: str = "WhisperSpec",
    aliases: dict[str, str] | None = None,
) -> bytes:
    """A file in CTranslate2's format."""
    aliases = aliases or {}

    def text(content):
        return struct.pack("<H", len(content) + 1) + content.encode() + b"\0"

    kinds = {"float32": 0, "int8": 1, "int16": 2, "int32": 3, "float16": 4}
    pieces = [struct.pack("<I", version), text(specification), struct.pack("<II", 3, len(arrays))]
    for name, array in arrays.items():
        pieces += [text(name), struct.pack(f"<B{array.ndim}I", array.ndim, *array.shape)]
        pieces += [struct.pack("<BI", kinds[array.dtype.name], array.nbytes), array.tobytes()]
    pieces.append(struct.pack("<I", len(aliases)))
    pieces += [text(alias) + text(name) for alias, name in aliases.items()]
    return b"".join(pieces)


def write_kerashub(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """A file as Keras writes the weights of KerasHub's `WhisperBackbone`, whose decoder is left out."""
    import h5py

    def turned(name):
        return arrays[f"{name}.weight"].transpose()

    with h5py.File(path, "w") as file:

        def write(name, *variables):
            for number, values in enumerate(variables):
                file[f"layers/{name}/vars/{number}"] = values

        write("conv1d", turned("conv1"), arrays["conv1.bias"])
        write("conv1d_1", turned("conv2"), arrays["conv2.bias"])
        write("layer_normalization", arrays["layer_norm.weight"], arrays["layer_norm.bias"])
        write("layer_normalization_1", np.zeros(WIDTH, "float32"), np.zeros(WIDTH, "float32"))
        write("token_and_position_embedding/token_embedding", np.zeros((60, WIDTH), "float32"))
        for number in range(BLOCKS):
            ours, theirs = f"whisper_encoder_{number}" if number else "whisper_encoder", f"layers.{number}"
            attention, head = f"{ours}/_self_attention_layer", WIDTH // HEADS
            for name, letter in (("query", "q"), ("key", "k"), ("value", "v")):
                projection = f"{theirs}.self_attn.{letter}_proj"
                variables = [turned(projection).reshape(WIDTH, HEADS, head)]
                if name != "key":
                    variables.append(arrays[f"{projection}.bias"].reshape(HEADS, head))
                write(f"{attention}/{name}_dense", *variables)
            projection = f"{theirs}.self_attn.out_proj"
            write(
                f"{attention}/output_dense",
                turned(projection).reshape(HEADS, head, WIDTH),
                arrays[f"{projection}.bias"],
            )
            for name, part in (("_feedforward_intermediate_dense", "fc1"), ("_feedforward_output_dense", "fc2")):
                write(f"{ours}/{name}", turned(f"{theirs}.{part}"), arrays[f"{theirs}.{part}.bias"])
            norms = {
                "_self_attention_layer_norm": "self_attn_layer_norm",
                "_feedforward_layer_norm": "final_layer_norm",
            }
            for name, part in norms.items():
                write(f"{ours}/{name}", arrays[f"{theirs}.{part}.weight"], arrays[f"{theirs}.{part}.bias"])
