"""The emotions of a recording of any length, and the files that tell of them."""

import csv
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal

import numpy as np

from emotion_tf.audio.channels import Channel
from emotion_tf.audio.reader import read_blocks
from emotion_tf.errors import EmotionTFError
from emotion_tf.inference.predictor import Predictor
from emotion_tf.inference.speech_stream import SpeechStream
from emotion_tf.inference.streaming import HOP_SECONDS, SMOOTHING_SECONDS, WINDOW_SECONDS, Stream, Window
from emotion_tf.utils.files import replacing, write_json

Scales = Mapping[str, tuple[float, float]]
"""The ends of the range of each dimension."""

COLUMNS = 1000
"""Most points of the outline of a wave, about one a pixel."""

OUTLINE_RATE = 8_000
"""Rate of the wave that is drawn, in hertz; speech has its power below half of it."""


def timeline(
    predictor: Predictor,
    path: str | Path,
    transcript: str | None = None,
    speaker: np.ndarray | None = None,
    *,
    window_seconds: float = WINDOW_SECONDS,
    hop_seconds: float = HOP_SECONDS,
    smoothing_seconds: float = SMOOTHING_SECONDS,
    channel: Channel = "mean",
    by: Literal["window", "speech"] = "window",
    any_sound: bool = False,
) -> Iterator[Window]:
    """Names the emotions of a recording, window after window, in memory that does not grow with its length.

    The numbers are those of a `Stream`, or of a `SpeechStream`, that hears the same samples.

    Args:
        predictor: As for `Stream`.
        path: An audio file of any length, any rate and any format that `audio.decode` reads.
        transcript: As for `Stream`.
        speaker: As for `Stream`.
        window_seconds: As for `Stream`.
        hop_seconds: As for `Stream`.
        smoothing_seconds: As for `Stream`.
        channel: Which channel is heard, as for `Predictor.predict_file`.
        by: Whether windows of one length are asked, or stretches of speech, which pauses end.
        any_sound: As for `Stream`.

    Yields:
        The windows in order, at least one; or the stretches of speech, if there are any.

    Raises:
        EmotionTFError: As for `Stream`, or if the file cannot be read. Damage inside the file shows once it is reached.
    """
    stream: Stream | SpeechStream
    if by == "speech":
        stream = SpeechStream(predictor, transcript, speaker, smoothing_seconds=smoothing_seconds)
    else:
        stream = Stream(
            predictor,
            transcript,
            speaker,
            window_seconds=window_seconds,
            hop_seconds=hop_seconds,
            smoothing_seconds=smoothing_seconds,
            any_sound=any_sound,
        )
    for block in read_blocks(path, predictor.config.features.sample_rate, channel):
        yield from stream.push(block)
    yield from stream.finish()


def write_timeline(
    out: str | Path,
    windows: Iterable[Window],
    audio: str | Path,
    scales: Scales | None = None,
    channel: Channel = "mean",
) -> None:
    """Writes a timeline as a table, as JSON or as a figure, whole or not at all.

    Args:
        out: The file. Its suffix says what it becomes: `.csv` has a line for each window, with the probabilities of the
            window alone in columns named after the emotions and the smoothed ones in columns such as `smoothed_angry`,
            and behind them the dimensions, if there are any, in columns likewise;
            `.json` has the same under `windows`, and the recording under `audio`; `.png` is a plot.
        windows: What `timeline` yields; it is asked only once `out` is known to be right.
        audio: The recording. The plot shows its wave too.
        scales: The ranges of the dimensions, `Predictor.dimensions`, which the plot needs; by default those of what
            there is.
        channel: Which channel of it was heard.

    Raises:
        EmotionTFError: There is no window; `out` has another suffix, or as for `timeline`.
    """
    out = Path(out)
    if out.suffix not in WRITERS:
        raise EmotionTFError(
            f"{out} names no kind of file that a timeline can be written to",
            expected=f"the suffix {' or '.join(WRITERS)}",
            received=repr(out.suffix),
        )
    found = list(windows)
    if not found:
        raise EmotionTFError(f"nobody speaks in {audio}", fix="leave out --by speech, which asks about speech alone")
    WRITERS[out.suffix](out, found, Path(audio), scales or {}, channel)


def wave_peaks(blocks: Iterable[np.ndarray], num_samples: int) -> np.ndarray:
    """The outline of a wave of any length.

    Args:
        blocks: The wave in pieces (N,) of any lengths.
        num_samples: Their length in all.

    Returns:
        (columns,) largest absolute value within each of `COLUMNS` equal stretches, or of each sample if there are
        fewer.

    Example:

    >>> wave_peaks([np.array([0.5, -1.0]), np.array([0.25])], num_samples=3)
    array([0.5 , 1. , 0.25])
    """
    columns = min(COLUMNS, num_samples)
    peaks, first = np.zeros(columns), 0
    for block in blocks:
        np.maximum.at(peaks, (first + np.arange(len(block))) * columns // num_samples, np.abs(block))
        first += len(block)
    return peaks


def _write_csv(out: Path, windows: list[Window], audio: Path, scales: Scales, channel: Channel) -> None:
    names = list(windows[0].probabilities)
    with replacing(out) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        rated = list(windows[0].dimensions)
        columns = [*names, *(f"smoothed_{name}" for name in names), *rated, *(f"smoothed_{name}" for name in rated)]
        label = ["label"] if names else []
        table.writerow(["start", "end", *label, *columns, "reason"])
        for window in windows:
            parts = (window.probabilities, window.smoothed, window.dimensions, window.smoothed_dimensions)
            values = [value for part in parts for value in part.values()]
            label = [window.label or ""] if names else []
            table.writerow([window.start, window.end, *label, *values, window.reason or ""])


def _write_json(out: Path, windows: list[Window], audio: Path, scales: Scales, channel: Channel) -> None:
    found = [window.as_dict() for window in windows]
    write_json(out, {"audio": str(audio), "channel": channel, "windows": found})


def _write_png(out: Path, windows: list[Window], audio: Path, scales: Scales, channel: Channel) -> None:
    # The last stretch of speech may end long before the recording does.
    num_samples = max(
        math.ceil(windows[-1].end * OUTLINE_RATE), sum(map(len, read_blocks(audio, OUTLINE_RATE, channel)))
    )
    peaks = wave_peaks(read_blocks(audio, OUTLINE_RATE, channel), num_samples)
    from emotion_tf.inference.timeline_plot import timeline_plot  # matplotlib takes half a second

    with replacing(out) as temporary:
        timeline_plot(windows, peaks, scales, num_samples / OUTLINE_RATE).savefig(temporary, dpi=150)


WRITERS: dict[str, Callable[[Path, list[Window], Path, Scales, Channel], None]] = {
    ".csv": _write_csv,
    ".json": _write_json,
    ".png": _write_png,
}
"""What writes the files of each suffix."""
