"""Which layers of an encoder are wanted, and how they are put together."""

from collections.abc import Sequence
from typing import Any

import keras

from emotion_tf.errors import EmotionTFError


def checked_layers(layers: Sequence[int], total_blocks: int) -> tuple[int, ...]:
    """The numbers of the layers wanted, as a tuple.

    Raises:
        EmotionTFError: If they are not ascending numbers from 0, what enters the first block, to `total_blocks`.
    """
    layers = tuple(layers)
    ascending = all(isinstance(layer, int) for layer in layers) and sorted(set(layers)) == list(layers)
    if not layers or not ascending or layers[0] < 0 or layers[-1] > total_blocks:
        raise EmotionTFError(
            "the encoder has no such layers",
            expected=f"ascending numbers from 0 to {total_blocks}",
            received=", ".join(map(str, layers)) or "none",
        )
    return layers


def chosen_layers(
    hidden: Any,
    blocks: Sequence[keras.layers.Layer],
    layers: Sequence[int],
    mask: Any,
    position_bias: Any = None,
    final_norm: keras.layers.Layer | None = None,
) -> Any:
    """Runs the blocks and puts the wanted layers side by side.

    Args:
        hidden: What enters the first block, (B, T, D).
        blocks: As many as the highest layer wanted needs.
        layers: Numbers of the layers wanted.
        mask: (B, T), True where a frame counts; None where all do.
        position_bias: (1, H, T, T) for blocks that gate one; None for others.
        final_norm: Normalises what leaves the last of the blocks; None where nothing does.

    Returns:
        (B, T, layers · D), zero where the mask is False.
    """
    found = [hidden] if 0 in layers else []
    for number, block in enumerate(blocks, start=1):
        hidden = block(hidden, mask=mask, position_bias=position_bias)
        if number in layers:
            found.append(hidden if final_norm is None or number < len(blocks) else final_norm(hidden))
    frames = found[0] if len(found) == 1 else keras.ops.concatenate(found, axis=-1)
    return frames if mask is None else frames * keras.ops.cast(mask, frames.dtype)[:, :, None]
