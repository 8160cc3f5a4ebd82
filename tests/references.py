"""The formulas of the paper in NumPy and float64, one utterance at a time: slow, plain, and none of the package's code.

T counts the positions of a sequence, D its features, S scales, F filters. A mask (T,) is True where a position counts.
"""

from collections.abc import Sequence

import keras
import numpy as np
from scipy.signal import correlate2d


def multi_scale(frames: np.ndarray, scales: Sequence[tuple[np.ndarray, np.ndarray]], mask: np.ndarray) -> np.ndarray:
    """Maps (T, S, F): at each position, ReLU of the kernel's products with the positions around it, plus the bias.

    Args:
        frames: (T, D).
        scales: Kernel (size, D, F) and bias (F,) of each scale. A kernel of even size reaches one position further
            ahead than back.
        mask: (T,); elsewhere the frames count as zero and so do the maps.
    """
    frames = np.where(mask[:, None], frames, 0).astype(np.float64)
    maps = np.zeros((len(frames), len(scales), scales[0][1].size))
    for scale, (kernel, bias) in enumerate(scales):
        for position in np.flatnonzero(mask):
            for tap in range(len(kernel)):
                source = position + tap - (len(kernel) - 1) // 2
                if 0 <= source < len(frames):
                    maps[position, scale] += frames[source] @ kernel[tap].astype(np.float64)
            maps[position, scale] += bias
    return np.maximum(maps, 0)


def statistics(maps: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Maximum, average and standard deviation (3, ...) over the positions of maps (T, ...) that count."""
    maps = maps[mask].astype(np.float64)
    if not len(maps):
        return np.zeros((3, *maps.shape[1:]))
    average = sum(maps) / len(maps)
    return np.stack([maps.max(axis=0), average, np.sqrt(sum((maps - average) ** 2) / len(maps))])


def swem(embeddings: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Maximum and average (2, E) over the embeddings (M, E) that count."""
    return statistics(embeddings, mask)[:2]


def attention(
    context: np.ndarray, maps: np.ndarray, mask: np.ndarray, pairing: str = "paired"
) -> tuple[np.ndarray, np.ndarray]:
    """What each statistic of the audio makes of the words, and the weights that it gives them.

    Args:
        context: (3, S_audio, F).
        maps: (M, S_text, F).
        mask: (M,).
        pairing: `paired` or `all_pairs`.

    Returns:
        (3, S, F) and (3, S, M) when paired, (3, S_audio, S_text, F) and (3, S_audio, S_text, M) for all pairs.
    """
    number, audio_scales, filters = context.shape
    words, text_scales, _ = maps.shape
    attended = np.zeros((number, audio_scales, text_scales, filters))
    weights = np.zeros((number, audio_scales, text_scales, words))
    for place in np.ndindex(number, audio_scales, text_scales):
        statistic, i, j = place
        heard = maps[mask, j].astype(np.float64)
        if len(heard):
            weights[place][mask] = softmax(heard @ context[statistic, i])
            attended[place] = weights[place][mask] @ heard
    if pairing == "paired":
        same = np.arange(audio_scales)
        return attended[:, same, same], weights[:, same, same]
    return attended, weights


def dense(vector: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """A dense layer without its activation."""
    return vector @ kernel.astype(np.float64) + bias


def softmax(scores: np.ndarray) -> np.ndarray:
    """Shares of the exponentials along the only axis."""
    exponentials = np.exp(scores - scores.max())
    return exponentials / exponentials.sum()


def classify(vector: np.ndarray, model: keras.Model) -> np.ndarray:
    """Probabilities of an utterance's vector, through the last layers of a model without batch normalisation."""
    names = {layer.name for layer in model.layers}
    if "hidden" in names:
        vector = np.maximum(dense(vector, *model.get_layer("hidden").get_weights()), 0)
    return softmax(dense(vector, *model.get_layer("probabilities").get_weights()))


def sigmoid(values: np.ndarray) -> np.ndarray:
    """The logistic function."""
    return 1 / (1 + np.exp(-values))


def gru(sequence: np.ndarray, kernel: np.ndarray, recurrent: np.ndarray, biases: np.ndarray) -> np.ndarray:
    """States (T + 1, U), the first of them zero.

    Args:
        sequence: (T, D).
        kernel: (D, 3 U): update gate z, reset gate r, candidate.
        recurrent: (U, 3 U), in the same order.
        biases: (2, 3 U), of the input and of the state. The reset gate acts upon the state's product and its bias.
    """
    kernel, recurrent, biases = (array.astype(np.float64) for array in (kernel, recurrent, biases))
    states = [np.zeros(len(recurrent))]
    for frame in sequence:
        seen = np.split(frame @ kernel + biases[0], 3)
        kept = np.split(states[-1] @ recurrent + biases[1], 3)
        z, r = sigmoid(seen[0] + kept[0]), sigmoid(seen[1] + kept[1])
        states.append(z * states[-1] + (1 - z) * np.tanh(seen[2] + r * kept[2]))
    return np.stack(states)


def lstm(sequence: np.ndarray, kernel: np.ndarray, recurrent: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """States (T + 1, U), the first of them zero.

    Args:
        sequence: (T, D).
        kernel: (D, 4 U): input gate, forget gate, candidate, output gate.
        recurrent: (U, 4 U), in the same order.
        bias: (4 U,).
    """
    kernel, recurrent, bias = (array.astype(np.float64) for array in (kernel, recurrent, bias))
    states, cell = [np.zeros(len(recurrent))], np.zeros(len(recurrent))
    for frame in sequence:
        i, f, candidate, o = np.split(frame @ kernel + states[-1] @ recurrent + bias, 4)
        cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(candidate)
        states.append(sigmoid(o) * np.tanh(cell))
    return np.stack(states)


def both_directions(sequence: np.ndarray, weights: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """States (T, 2 U) of an LSTM each way, and what each has gathered at its end, (2 U,).

    Args:
        sequence: (T, D).
        weights: Kernel, recurrent kernel and bias of the one that runs ahead, then of the one that runs back.
    """
    ahead, back = lstm(sequence, *weights[:3]), lstm(sequence[::-1], *weights[3:])
    return np.concatenate([ahead[1:], back[:0:-1]], axis=1), np.concatenate([ahead[-1], back[-1]])


def attend(context: np.ndarray, sequence: np.ndarray) -> np.ndarray:
    """Sum (F,) of a sequence (T, F) weighed by the softmax of its products with a context (F,); zero if it is empty."""
    return softmax(sequence @ context) @ sequence if len(sequence) else np.zeros(len(context))


def align(words: np.ndarray, frames: np.ndarray, u: np.ndarray, v: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Frames (M, G) of each word: a sum weighed by the softmax of tanh(u s + v h + b) over the frames s.

    Args:
        words: (M, H).
        frames: (T, G).
        u: (G, 1).
        v: (H, 1).
        b: (1,).
    """
    aligned = np.zeros((len(words), frames.shape[1]))
    for position, word in enumerate(words):
        scores = np.array([np.tanh(frame @ u + word @ v + b)[0] for frame in frames])
        aligned[position] = softmax(scores) @ frames
    return aligned


def convolve_and_halve(image: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """ReLU of a convolution of (T, D, C), zero outside itself, then the maximum of each two frames and features.

    Args:
        image: (T, D, C).
        kernel: (size, size, C, F).
        bias: (F,).
    """
    maps = np.zeros((*image.shape[:2], bias.size))
    for channel, filter_ in np.ndindex(kernel.shape[2:]):
        maps[..., filter_] += correlate2d(image[..., channel], kernel[..., channel, filter_], mode="same")
    maps = np.maximum(maps + bias, 0)
    maps = np.pad(maps, [(0, len(maps) % 2), (0, maps.shape[1] % 2), (0, 0)])
    return maps.reshape(len(maps) // 2, 2, maps.shape[1] // 2, 2, -1).max(axis=(1, 3))


def mfcc(wave: np.ndarray) -> np.ndarray:
    """MFCC (T, 96) of a wave at 16 kHz under the settings of the paper: 32 coefficients of 40 bands, two deltas.

    Args:
        wave: (N,), zero outside itself.
    """
    hop, window_length, fft_length, bands, coefficients = 160, 400, 512, 40, 32
    window = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(window_length) / window_length)
    padded = np.pad(wave.astype(np.float64), window_length // 2)
    frames = np.stack([padded[hop * t :][:window_length] for t in range(1 + len(wave) // hop)])
    power = np.abs(np.fft.rfft(frames * window, fft_length)) ** 2  # (T, 257)

    edges = _mel_to_hertz(np.linspace(0, _hertz_to_mel(8000), bands + 2))
    bins = np.arange(fft_length // 2 + 1) * 16_000 / fft_length
    rising = (bins[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins[:, None]) / (edges[2:] - edges[1:-1])
    triangles = np.maximum(np.minimum(rising, falling), 0) * 2 / (edges[2:] - edges[:-2])  # each of area 1
    decibels = 10 * np.log10(np.maximum(power @ triangles, 1e-10))  # (T, 40)

    waves = np.cos(np.pi * np.outer(2 * np.arange(bands) + 1, np.arange(coefficients)) / (2 * bands))
    waves *= np.where(np.arange(coefficients) == 0, np.sqrt(1 / bands), np.sqrt(2 / bands))
    static = decibels @ waves  # (T, 32)

    # The slope and the curvature of the parabola through nine frames, the outermost frames standing for those beyond.
    around = np.pad(static, ((4, 4), (0, 0)), mode="edge")
    deltas = np.zeros((2, *static.shape))
    for t in range(len(static)):
        curvature, slope, _ = np.polyfit(np.arange(-4, 5), around[t : t + 9], 2)
        deltas[:, t] = slope, 2 * curvature
    return np.concatenate([static, *deltas], axis=1)


def _hertz_to_mel(hertz: float) -> float:
    """Slaney's mel scale above 1 kHz."""
    return 15 + 27 * np.log(hertz / 1000) / np.log(6.4)


def _mel_to_hertz(mel: np.ndarray) -> np.ndarray:
    """Slaney's mel scale: linear to 1 kHz, which is 15 mel, logarithmic above."""
    return np.where(mel < 15, mel * 200 / 3, 1000 * 6.4 ** ((mel - 15) / 27))
