"""A synthetic corpus that the package makes itself, with the voices of eSpeak NG.

Four emotions are told by words and by prosody, and neither alone is enough. Of each speaker's utterances of an emotion,
some tell it by their words and hardly by their prosody, some by their prosody in words that tell nothing, some by both;
and prosody varies so much that emotions overlap.
"""

import csv
import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from emotion_tf.corpora import manifest
from emotion_tf.corpora.corpus import CorpusInfo
from emotion_tf.corpora.demo_sentences import PLAIN, SENTENCES, TOPICS
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.errors import EmotionTFError
from emotion_tf.labels import FOUR, FOUR_SET
from emotion_tf.utils import files

INFO = CorpusInfo(
    title="the demo corpus",
    citation="the emotion-tf demo corpus, synthetic speech made with eSpeak NG, https://github.com/espeak-ng/espeak-ng",
    licence="that of this package, Apache-2.0",
    url="made by this package with the voices of espeakng-loader",
    files="",
    layout="a folder that does not exist yet, is empty, or holds this corpus",
    languages=("en",),
    labels=FOUR,
    label_sets={"four": FOUR_SET},
    default_labels="four",
    default_folder=Path("runs/demo-corpus"),
    synthetic=True,
)

SAMPLE_RATE = 22_050
"""Rate at which eSpeak NG speaks, in hertz."""

VOICES = (
    "en-029+m4",
    "en-gb-scotland+f3",
    "en-gb-scotland+m5",
    "en-gb-x-gbclan+Michael",
    "en-gb-x-gbclan+shelby",
    "en-gb-x-gbcwmd+Annie",
    "en-gb-x-gbcwmd+m7",
    "en-gb-x-rp+f1",
    "en-gb-x-rp+m2",
    "en-us+f2",
    "en-us+f4",
    "en-us+m1",
    "en-us+m3",
    "en-us-nyc+f5",
    "en-us-nyc+grandma",
    "en-us-nyc+m6",
)
"""The speakers: a variety of English, and after the plus sign a timbre."""

CUES = ("words",) * 3 + ("prosody",) * 3 + ("both",) * 2
"""What tells the emotion in the utterances that each speaker gives to it."""

# Prosody is always five numbers, in the units of eSpeak NG: rate in words a minute; volume, of which 100 is normal;
# pitch and pitch range, of which 50 is the voice's own; and the pause between words, in units of 10 milliseconds.

NEUTRAL = np.array([165, 52, 42, 45, 1.0])
SHIFTS = {
    "angry": np.array([60, 52, 5, 10, -1.0]),
    "happy": np.array([15, 14, 45, 45, 0.0]),
    "neutral": np.array([0, 0, 0, 0, 0.0]),
    "sad": np.array([-40, -18, -18, -30, 5.0]),
}
"""How far from neutral an emotion is said at full strength."""

WEAK = 0.2
"""Strength of the prosody where the words alone tell the emotion."""

SPEAKER_DEVIATION = np.array([6, 3, 3, 5, 0.0])
UTTERANCE_DEVIATION = np.array([12, 6, 8, 12, 0.8])
"""Standard deviations of the prosody: between speakers' habits, and between one speaker's utterances."""

LOWEST = np.array([90, 15, 0, 0, 0])
HIGHEST = np.array([260, 110, 99, 99, 12])
"""Bounds of the prosody. At the highest volume the loudest voice just fills 16 bits."""

_MANIFEST = "manifest.csv"
_TAG = "plan.sha256"


@dataclass(frozen=True)
class Line:
    """What one speaker says once, and how: its place in the corpus, and the orders that `espeak.py` takes."""

    id: str
    path: str
    text: str
    label: str
    voice: str
    rate: int
    volume: int
    pitch: int
    pitch_range: int
    word_gap: int


def plan() -> list[Line]:
    """Every line of the corpus, the same on every call."""
    generator = np.random.default_rng(2021)
    lines = []
    for voice in VOICES:
        habit = NEUTRAL + generator.normal(0, SPEAKER_DEVIATION)
        for label in FOUR:
            for number, cue in enumerate(CUES, start=1):
                sentences = PLAIN if cue == "prosody" else SENTENCES[label]
                topic = TOPICS[generator.integers(len(TOPICS))]
                text = sentences[generator.integers(len(sentences))].format(topic=topic)
                strength = WEAK if cue == "words" else 1.0
                prosody = habit + strength * SHIFTS[label] + generator.normal(0, UTTERANCE_DEVIATION)
                spoken = np.clip(prosody, LOWEST, HIGHEST).round().astype(int).tolist()
                name = f"{voice}-{label}-{number:02}"
                lines.append(Line(name, f"{voice}/{name}.wav", text, label, voice, *spoken))
    return lines


def read(data_dir: Path) -> tuple[Utterance, ...]:
    """Reads the corpus, and makes it first where it is not there, which takes less than a minute.

    The files are the same byte for byte each time on the same platform. A corpus of an older plan is made anew.

    Args:
        data_dir: The folder of the corpus.

    Returns:
        512 utterances: 16 speakers, 32 each, 8 of each emotion.

    Raises:
        EmotionTFError: If the folder holds something else, or eSpeak NG is missing or does not speak.
    """
    folder = data_dir.resolve()
    lines = plan()
    if not _is_whole(folder, lines):
        if folder.exists() and not (folder / _TAG).is_file() and (not folder.is_dir() or any(folder.iterdir())):
            raise EmotionTFError(
                f"{data_dir} holds something else than the demo corpus", expected=INFO.layout, fix="name another folder"
            )
        make(folder, lines)
    return manifest.read(data_dir / _MANIFEST)


def make(folder: Path, lines: list[Line]) -> None:
    """Speaks `lines` into `folder`, whole or not at all, and tells the progress on standard error."""
    with files.replacing(folder) as temporary:
        for voice in dict.fromkeys(line.voice for line in lines):
            (temporary / voice).mkdir(parents=True)
            _speak([line for line in lines if line.voice == voice], temporary)
            spoken = len(list(temporary.glob("*/*.wav")))
            print(f"demo corpus: {spoken} of {len(lines)} utterances spoken", file=sys.stderr, flush=True)
        with (temporary / _MANIFEST).open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(["id", "audio", "text", "label", "speaker"])
            table.writerows([line.id, line.path, line.text, line.label, line.voice] for line in lines)
        (temporary / _TAG).write_text(_tag(lines), encoding="utf-8")


def _speak(lines: list[Line], folder: Path) -> None:
    """Speaks in a process of its own, for the library does not say the same twice in one process."""
    try:
        import espeakng_loader
    except ImportError:
        raise EmotionTFError(
            "the demo corpus is spoken by eSpeak NG, which is not installed", fix="pip install 'emotion-tf[demo]'"
        ) from None
    orders = {
        "library": espeakng_loader.get_library_path(),
        "data": espeakng_loader.get_data_path(),
        "rate": SAMPLE_RATE,
        "lines": [asdict(line) for line in lines],
    }
    script = Path(__file__).with_name("espeak.py")
    child = subprocess.run(
        [sys.executable, "-I", script],
        cwd=folder,
        input=json.dumps(orders),
        text=True,
        stderr=subprocess.PIPE,
        check=False,
    )
    if child.returncode:
        raise EmotionTFError(
            "eSpeak NG did not speak the demo corpus",
            received=child.stderr.strip().rpartition("\n")[2] or f"exit status {child.returncode}",
            fix="pip install --force-reinstall 'emotion-tf[demo]'",
        )


def _is_whole(folder: Path, lines: list[Line]) -> bool:
    """Whether the corpus of this very plan lies there with every file."""
    tag = folder / _TAG
    return (
        tag.is_file()
        and tag.read_text(encoding="utf-8") == _tag(lines)
        and (folder / _MANIFEST).is_file()
        and all((folder / line.path).is_file() for line in lines)
    )


def _tag(lines: list[Line]) -> str:
    return files.digest([asdict(line) for line in lines])
