"""Whisper's encoder out of a checkpoint of KerasHub."""

from emotion_tf.frontend.encoders.assign import Arrays
from emotion_tf.frontend.encoders.checkpoint import Checkpoint
from emotion_tf.frontend.encoders.whisper_checkpoint import checked_architecture, checked_rank, no_whisper

FIRST = "layers/conv1d/vars/0"


class KerasHubWhisper:
    """Whisper's encoder under the names that Keras gives the weights of KerasHub's `WhisperBackbone`.

    Args:
        checkpoint: The arrays.

    Raises:
        EmotionTFError: If it is not Whisper's encoder.
    """

    def __init__(self, checkpoint: Checkpoint):
        self.checkpoint = checkpoint
        if FIRST not in checkpoint or f"{self._block(0)}/_feedforward_layer_norm/vars/0" not in checkpoint:
            raise no_whisper(checkpoint)
        _, mel_bands, width = checked_rank(checkpoint, FIRST, 3)
        blocks = 0
        while f"{self._block(blocks)}/_feedforward_layer_norm/vars/0" in checkpoint:
            blocks += 1
        _, heads, _ = checked_rank(checkpoint, f"{self._block(0)}/_self_attention_layer/query_dense/vars/0", 3)
        self.architecture = checked_architecture(checkpoint, width, heads, blocks, mel_bands)

    @staticmethod
    def _block(number: int) -> str:
        return f"layers/whisper_encoder_{number}" if number else "layers/whisper_encoder"

    def convolution(self, number: int) -> Arrays:
        """Kernel and bias of convolution 1 or 2."""
        return self._arrays("layers/conv1d" if number == 1 else "layers/conv1d_1")

    def block(self, number: int) -> dict[str, Arrays]:
        """The arrays of a block, from 0."""
        prefix, attention = self._block(number), f"{self._block(number)}/_self_attention_layer"
        width = self.architecture.width
        arrays = {name: self._arrays(f"{attention}/{name}_dense") for name in ("query", "key", "value", "output")}
        for projection in arrays.values():
            # By head: the channels of a head stand side by side.
            projection["kernel"] = projection["kernel"].reshape(width, width)
            if "bias" in projection:
                projection["bias"] = projection["bias"].reshape(width)
        return {
            **arrays,
            "attention_norm": self._norm(f"{prefix}/_self_attention_layer_norm"),
            "expand": self._arrays(f"{prefix}/_feedforward_intermediate_dense"),
            "contract": self._arrays(f"{prefix}/_feedforward_output_dense"),
            "feedforward_norm": self._norm(f"{prefix}/_feedforward_layer_norm"),
        }

    def final_norm(self) -> Arrays:
        """Scale and offset of the last normalisation; the decoder's is called layer_normalization_1."""
        return self._norm("layers/layer_normalization")

    def _arrays(self, name: str) -> Arrays:
        arrays = {"kernel": self.checkpoint.read(f"{name}/vars/0")}
        if f"{name}/vars/1" in self.checkpoint:
            arrays["bias"] = self.checkpoint.read(f"{name}/vars/1")
        return arrays

    def _norm(self, name: str) -> Arrays:
        return {"gamma": self.checkpoint.read(f"{name}/vars/0"), "beta": self.checkpoint.read(f"{name}/vars/1")}
