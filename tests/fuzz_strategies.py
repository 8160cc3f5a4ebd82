"""Inputs that were never meant, and the readers that must end each in an answer or in one clear line.

`READERS` serves the short run of `tests/test_fuzz.py` and the long one of `benchmarks/fuzz.py`.
"""

import contextlib
import copy
import gzip
import io
import json
import struct
import warnings
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest import mock

import hypothesis.strategies as st
import numpy as np
import soundfile
from made_waves import RATE, noise

from emotion_tf.asr import normalize
from emotion_tf.asr.cache import TranscriptCache
from emotion_tf.audio.decode import decode
from emotion_tf.audio.reader import read_beginning
from emotion_tf.audio.speaker.embeddings import read_speaker_embeddings
from emotion_tf.config import Config
from emotion_tf.corpora import audformat, goemotions, manifest, meld
from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation.predictions import COLUMNS, Predictions
from emotion_tf.evaluation.table import collate
from emotion_tf.inference import serving_client
from emotion_tf.labels import FOUR
from emotion_tf.text.tokenizer import tokenize
from emotion_tf.text.vocabulary import Vocabulary
from emotion_tf.text.word_vectors import read_word_vectors
from emotion_tf.utils.checksums import CHECKSUMS, check_files
from emotion_tf.webdemo.server import _Handler

MAX_MESSAGE = 4000
"""Longest line that still is a clear one."""

NUMBERS = [0, 1, 2, 3, 7, 8, 127, 128, 255, 256, 1000, 2**15, 2**16 - 1, 2**16, 2**24, 2**31 - 1, 2**31, 2**32 - 1]
"""Numbers at which readers stumble, and such as stand in headers."""

EDITS = ("set", "number", "cut", "drop", "repeat", "insert", "token", "splice")

TOKENS = [
    *(b"\0", b"\n", b"\r", b'"', b",", b"\t", b" ", b":", b"|", b"{", b"}", b"[", b"]", b"{}", b"[]", b"null", b"true"),
    *(b"NaN", b"-Infinity", b"1e999", b"-1", b"0", b"0.5", b"\xff", b"\xef\xbb\xbf", "é".encode(), b"\\ud800", b"../"),
    *(b"9" * 5000, b"[" * 20_000, b'{"a":' * 20_000, b"a" * 200_000, b" " * 20_000, b"\x1b[2J", b"\xed\xa0\x80"),
    b"%00",
]
"""What means something in texts, some of it often enough to hurt."""


class Reader(NamedTuple):
    """Something that reads what anybody may have written.

    Args:
        inputs: What it is given.
        read: Reads it; what has to lie in a file goes into the folder.
    """

    inputs: st.SearchStrategy[Any]
    read: Callable[[Any, Path], Any]


def outcome(reader: Reader, content: Any, folder: Path) -> str:
    """`answered` or `refused`; whatever else a reader does is an error of the test.

    Args:
        reader: One of `READERS`.
        content: What it is given.
        folder: Where it may write.
    """
    try:
        reader.read(content, folder)
    except EmotionTFError as error:
        line = str(error)
        assert 0 < len(line) < MAX_MESSAGE, f"a message of {len(line)} characters"
        assert line.isprintable(), f"a message of more than a line: {line!r}"
        return "refused"
    return "answered"


@st.composite
def damaged(draw: st.DrawFn, whole: Sequence[bytes], tokens: Sequence[bytes] = (b"\0",)) -> bytes:
    """One of some whole files, with up to eight things changed in it."""
    content = bytearray(draw(st.sampled_from(whole)))
    for _ in range(draw(st.integers(0, 8))):
        place, edit = draw(st.integers(0, len(content))), draw(st.sampled_from(EDITS))
        if edit == "set":
            content[place : place + 1] = bytes([draw(st.integers(0, 255))])
        elif edit == "number":
            width, order = draw(st.sampled_from((1, 2, 4, 8))), draw(st.sampled_from(("little", "big")))
            number = draw(st.sampled_from(NUMBERS) | st.integers(0, 2**64 - 1)) % 256**width
            content[place : place + width] = number.to_bytes(width, order)
        elif edit == "cut":
            del content[place:]
        elif edit == "drop":
            del content[place : place + draw(st.integers(1, 64))]
        elif edit == "repeat":
            length = draw(st.integers(1, 256))
            content[place:place] = content[place : place + length] * draw(st.integers(1, 4))
        elif edit == "insert":
            content[place:place] = draw(st.binary(max_size=16))
        elif edit == "token":
            content[place:place] = draw(st.sampled_from(tokens))
        else:
            content[place:] = draw(st.sampled_from(whole))[place:]
    return bytes(content)


def text_files(*whole: str) -> st.SearchStrategy[bytes]:
    """Damaged texts, and bytes at random."""
    return damaged([text.encode() for text in whole], TOKENS) | st.binary(max_size=300)


NONSENSE = [None, True, 0, -1, 0.5, 1e308, 10**400, float("nan"), "", "x", "\ud800", [], {}, [[]], ["x"], {"x": 1}]
"""Values that JSON can hold, wherever it stands."""


@st.composite
def damaged_json(draw: st.DrawFn, whole: Any) -> bytes:
    """JSON of another content: a few of its values are replaced or left out."""
    content = [json.loads(json.dumps(whole))]
    for _ in range(draw(st.integers(1, 3))):
        inner: Any = content
        while True:
            key = draw(st.sampled_from(list(inner) if isinstance(inner, dict) else range(len(inner))))
            if not isinstance(inner[key], dict | list) or not inner[key] or draw(st.integers(0, 9)) == 0:
                break
            inner = inner[key]
        if isinstance(inner, dict) and draw(st.booleans()):
            del inner[key]
        else:
            inner[key] = copy.deepcopy(draw(st.sampled_from(NONSENSE)))
    return json.dumps(content[0]).encode()


def json_files(whole: Any) -> st.SearchStrategy[bytes]:
    """JSON that is damaged as a text or in what it means."""
    return text_files(json.dumps(whole)) | damaged_json(whole)


# Audio.


def sound_file(form: str, subtype: str, channels: int = 1, rate: int = RATE) -> bytes:
    file = io.BytesIO()
    samples = np.stack([noise(2000, seed) for seed in range(channels)], axis=1)
    soundfile.write(file, samples, rate, format=form, subtype=subtype)
    return file.getvalue()


def video(container: str, codec: str) -> bytes:
    """A file of one sound track; nothing where PyAV is missing."""
    try:
        import av
    except ImportError:
        return b""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        track = output.add_stream(codec, rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(noise(48_000 // 5)[np.newaxis], format="fltp", layout="mono")
        frame.sample_rate = 48_000
        for packet in [*track.encode(frame), *track.encode(None)]:
            output.mux(packet)
    return file.getvalue()


@st.composite
def wav_headers(draw: st.DrawFn) -> bytes:
    """A WAV whose header says anything."""
    number = st.sampled_from(NUMBERS)
    sizes = st.integers(0, 4100) | number
    fields = (
        draw(st.sampled_from((1, 2, 3, 6, 7, 17, 0x55, 0xFFFE)) | st.integers(0, 2**16 - 1)),
        draw(st.integers(0, 8) | number) % 2**16,
        draw(st.sampled_from((8_000, 16_000, 44_100, 48_000)) | number),
        draw(number),
        draw(number) % 2**16,
        draw(st.sampled_from((8, 12, 16, 24, 32, 64))),
    )
    body = b"WAVEfmt " + struct.pack("<IHHIIHH", draw(st.just(16) | sizes), *fields)
    if draw(st.booleans()):
        body += draw(st.sampled_from((b"LIST", b"fact", b"data", b"fmt "))) + struct.pack("<I", draw(sizes)) + bytes(8)
    body += b"data" + struct.pack("<I", draw(sizes)) + draw(st.binary(max_size=64)) * draw(st.integers(0, 64))
    return b"RIFF" + struct.pack("<I", draw(st.just(len(body)) | sizes)) + body


SOUNDS = {
    "wav": [sound_file("WAV", "PCM_16"), sound_file("WAVEX", "PCM_24", 2), sound_file("WAV", "FLOAT", 3, 48_000)],
    "flac": [sound_file("FLAC", "PCM_16"), sound_file("FLAC", "PCM_24", 2, 44_100)],
    "ogg": [sound_file("OGG", "VORBIS"), sound_file("OGG", "OPUS", 2, 48_000)],
    "mp3": [sound_file("MP3", "MPEG_LAYER_III"), sound_file("MP3", "MPEG_LAYER_III", 2, 44_100)],
    "video": [video("mp4", "aac"), video("webm", "libopus")],
    "others": [sound_file("AIFF", "PCM_16"), sound_file("AU", "ULAW"), sound_file("W64", "PCM_16")],
}


def read_audio(content: bytes, folder: Path) -> None:
    """Both ways to read audio: what one takes whole, the other takes, as far as it reads."""
    (folder / "audio").write_bytes(content)
    beginning = lines = None
    try:
        beginning = read_beginning(folder / "audio", RATE, 0.1)
    except EmotionTFError as error:
        lines = error
    decode(content, str(folder / "audio"))
    if lines is not None:
        raise lines
    assert beginning is not None
    assert 0 < len(beginning) <= RATE // 10
    assert np.isfinite(beginning).all()


# Tables, vectors and what a run leaves.

MANIFEST = """\
id,audio,text,label,speaker,session,start,end
a,a.wav,Hi there,sad,ann,1,0,1.5
b,,"Oh, no!",joy,bob,2,,
"""
ROW = {"id": "a", "audio": "a.wav", "text": "Hi", "label": "sad", "speaker": "ann", "start": 0.5, "end": None}
GOEMOTIONS = "split\tlabel\ttext\ntrain\tjoy\tSo good\ntest\tanger\tNo!\n"
MELD = "Utterance,Speaker,Emotion,Dialogue_ID,Utterance_ID\nHi,Joey,joy,0,1\n"
AUDFORMAT = """\
name: mini
source: nowhere
usage: unrestricted
languages: [eng]
schemes:
  emotion: {dtype: str, labels: [anger, happiness, neutral]}
tables:
  files:
    type: filewise
    columns:
      emotion: {scheme_id: emotion}
"""
VECTORS = "3 4\nthe 0.5 1 0 2\ncat -1 0.25 2 1e3\n. . 0 0 0 1\n"
PREDICTIONS = "".join(
    f"{row}\n"
    for row in (",".join((*COLUMNS, *FOUR)), "a,0,ann,sad,sad,0.1,0.1,0.1,0.7", "b,1,bob,angry,happy,0.4,0.6,0,0")
)
RUN = {
    "corpus": "demo",
    "protocol": "speaker-kfold:2",
    "notes": ["Synthetic."],
    "data_digest": "1",
    "folds_digest": "2",
    "settings": Config().as_dict(),
}
METRICS = {
    "folds": [{"fold": fold, "n": 1, "wa": 0.5, "ua": 0.25} for fold in range(2)],
    "wa_ci95": [0.1, 0.9],
    "ua_ci95": None,
}
INPUTS = {"transcript": {"tensor_shape": {"dim": [{"size": "-1"}]}}}
METADATA = {"metadata": {"signature_def": {"signature_def": {"serving_default": {"inputs": INPUTS}}}}}
ANSWER = {"outputs": {"probabilities": [[0.7, 0.1, 0.1, 0.1]], "label": ["angry"], "error": [""]}}
REQUEST = (
    "GET /settings.json?a=1 HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n"
    "If-Modified-Since: Tue, 24 Nov 2026 10:00:00 GMT\r\n\r\n"
)


def zipped(content: bytes, name: str = "vectors.txt") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()


@st.composite
def npy_files(draw: st.DrawFn) -> bytes:
    """An array of NumPy whose header claims anything."""
    shapes = ("(3,)", "()", "(1, 3)", "(-3,)", "(10000000000,)", "(2, 'a')", "(True,)", "[3]", "x")
    dtypes = ("'<f4'", "'<f8'", "'|O'", "'<U9'", "'|S2000000000'", "[('a', '<f4')]", "'?'", "None")
    shape, dtype = (draw(st.just(of[0]) | st.sampled_from(of)) for of in (shapes, dtypes))
    header = f"{{'descr': {dtype}, 'fortran_order': {draw(st.booleans())}, 'shape': {shape}, }}".ljust(117) + "\n"
    content = b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header.encode() + struct.pack("<fff", 1, 2, 3)
    return draw(damaged([content], TOKENS) | st.just(content))


def kaldi_archive() -> bytes:
    vectors = {b"ann": np.arange(3, dtype=np.float32), b"bob": np.ones(3, np.float32)}
    return b"".join(
        name + b" \0BFV \4" + struct.pack("<i", len(vector)) + vector.tobytes() for name, vector in vectors.items()
    )


COMPRESSED = b"ann \0BCM " + struct.pack("<ffii", 0, 1, 2, 3) + bytes(range(60))


def in_file(name: str, read: Callable[[Path], Any]) -> Callable[[bytes, Path], Any]:
    """A reader of files that is given the content."""

    def write_and_read(content: bytes, folder: Path) -> Any:
        (folder / name).write_bytes(content)
        return read(folder / name)

    return write_and_read


def read_speakers(path: Path) -> np.ndarray:
    return read_speaker_embeddings(path, ["ann"])


def read_meld(content: bytes, folder: Path) -> None:
    for split, clips in meld.SPLITS.items():
        (folder / clips).mkdir(exist_ok=True)
        (folder / clips / "dia0_utt1.wav").touch()
        (folder / f"{split}_sent_emo.csv").write_bytes(content if split == "dev" else MELD.encode())
    meld.read(folder)


def read_audformat(content: bytes, folder: Path) -> None:
    (folder / "db.files.csv").write_text("file,emotion\na.wav,anger\nb.wav,neutral\n")
    for name in ("a.wav", "b.wav"):
        (folder / name).touch()
    (folder / "db.yaml").write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # It says that there are no speakers.
        audformat.read(folder)


def read_scp(content: bytes, folder: Path) -> None:
    (folder / "a.ark").write_bytes(kaldi_archive())
    (folder / "a.scp").write_bytes(content.replace(b"FOLDER", str(folder).encode()))
    read_speakers(folder / "a.scp")


def read_run_of(content: tuple[bytes, bytes], folder: Path) -> None:
    for name, part in zip(("config.json", "metrics.json"), content, strict=True):
        (folder / name).write_bytes(part)
    collate([folder])


def read_sums(content: bytes, folder: Path) -> None:
    (folder / CHECKSUMS).write_bytes(content)
    (folder / "labels.txt").write_text("angry")
    check_files(folder, [folder / "labels.txt"])


def ask_server(content: tuple[bytes, bytes], folder: Path) -> None:
    """A client whose server answers anything."""
    answers = [contextlib.nullcontext(io.BytesIO(part)) for part in content]
    with mock.patch("urllib.request.urlopen", side_effect=answers):
        serving_client.ServerRuntime("http://127.0.0.1:1").outputs(None, "Hi", None)


def ask_page(content: bytes, folder: Path) -> None:
    """The page's server, which is asked anything; it must not end in an exception, and give nothing from outside."""
    (folder / "page").mkdir(exist_ok=True)
    (folder / "page" / "settings.json").write_text("{}")
    (folder / "secret.json").write_text("SECRET")

    class Connection:
        """What a socket is to the handler."""

        answer = b""

        def makefile(self, *arguments: Any) -> io.BytesIO:
            return io.BytesIO(content)

        def sendall(self, data: bytes) -> None:
            self.answer += bytes(data)

    connection = Connection()
    server = SimpleNamespace(server_port=8000)
    _Handler(connection, ("127.0.0.1", 1), server, directory=str(folder / "page"))
    assert b"SECRET" not in connection.answer


def read_words(text: str, folder: Path) -> None:
    tokens = tokenize(text)
    assert tokenize(" ".join(tokens)) is not None
    assert normalize(text) == normalize(normalize(text))


TEXT = "I can’t BELIEVE it's Zoë's café!! Won't you say ‘n't’ to ''em?"
SUM = "0a96f1960786d85f9e1270916fbb29224da7fb649ef6adb322124ef7e5000a68  labels.txt\n"

READERS: dict[str, Reader] = {
    **{name: Reader(damaged(whole), read_audio) for name, whole in SOUNDS.items()},
    "wav headers": Reader(wav_headers(), read_audio),
    "noise": Reader(st.binary(max_size=2000), read_audio),
    "manifest.csv": Reader(text_files(MANIFEST), in_file("m.csv", manifest.read)),
    "manifest.jsonl": Reader(json_files(ROW), in_file("m.jsonl", manifest.read)),
    "goemotions": Reader(text_files(GOEMOTIONS), in_file("g.tsv", goemotions.read)),
    "meld": Reader(text_files(MELD), read_meld),
    "audformat": Reader(text_files(AUDFORMAT), read_audformat),
    "vectors.txt": Reader(text_files(VECTORS), in_file("v.txt", read_word_vectors)),
    "vectors.gz": Reader(
        text_files(VECTORS).map(gzip.compress) | damaged([gzip.compress(VECTORS.encode())]),
        in_file("v.gz", read_word_vectors),
    ),
    "vectors.zip": Reader(
        text_files(VECTORS).map(zipped) | damaged([zipped(VECTORS.encode())]), in_file("v.zip", read_word_vectors)
    ),
    "speakers.npz": Reader(
        npy_files().map(lambda content: zipped(content, "ann.npy")) | damaged([zipped(b"", "ann.npy")]),
        in_file("s.npz", read_speakers),
    ),
    "speakers.ark": Reader(damaged([kaldi_archive(), COMPRESSED], TOKENS), in_file("s.ark", read_speakers)),
    "speakers.scp": Reader(text_files("ann FOLDER/a.ark:4\nbob FOLDER/a.ark:30\n", "ann touch x |\n"), read_scp),
    "predictions.csv": Reader(text_files(PREDICTIONS), in_file("p.csv", Predictions.read)),
    "run": Reader(
        st.tuples(json_files(RUN), st.just(json.dumps(METRICS).encode()))
        | st.tuples(st.just(json.dumps(RUN).encode()), json_files(METRICS)),
        read_run_of,
    ),
    "settings": Reader(json_files(Config().as_dict()), in_file("config.json", Config.load)),
    "vocabulary": Reader(text_files("\n[UNK]\nso\nsad\n"), in_file("vocabulary.txt", Vocabulary.load)),
    "sums": Reader(text_files(SUM), read_sums),
    "transcripts": Reader(
        text_files('{"key": "a", "text": "hi"}\n{"key": "b", "error": "no"}\n'),
        in_file("x.jsonl", TranscriptCache),
    ),
    "server": Reader(
        st.tuples(json_files(METADATA), st.just(json.dumps(ANSWER).encode()))
        | st.tuples(st.just(json.dumps(METADATA).encode()), json_files(ANSWER)),
        ask_server,
    ),
    "page": Reader(text_files(REQUEST, REQUEST.replace("settings.json", "../secret.json")), ask_page),
    "words": Reader(
        st.text(max_size=200) | text_files(TEXT).map(lambda text: text.decode("utf-8", "replace")), read_words
    ),
}
"""By its name, everything that reads what others wrote, but for the graph, which has to be built first."""


def graph_reader(serving_default: Callable[..., dict[str, Any]]) -> Reader:
    """The decoder of audio in the graph, as a SavedModel's signature `serving_default` that hears and reads has it.

    It must answer the row of a good file as ever, whatever stands in the row beside it.
    """
    import tensorflow as tf

    good = SOUNDS["wav"][0]
    alone = serving_default(audio=tf.constant([good]), transcript=tf.constant(["hi"]))

    def ask(content: bytes, folder: Path) -> None:
        text = content[:100].decode("latin-1")
        answer = serving_default(audio=tf.constant([content, good]), transcript=tf.constant([text, "hi"]))
        assert answer["error"][1] == b""
        np.testing.assert_allclose(answer["probabilities"][1], alone["probabilities"][0], atol=1e-5)
        bad, probabilities = answer["error"][0] != b"", answer["probabilities"][0].numpy()
        assert (answer["label"][0] == b"") == bad
        assert probabilities.sum() == (0 if bad else np.float32(1)) or abs(probabilities.sum() - 1) < 1e-4
        if bad:
            raise EmotionTFError(answer["error"][0].numpy().decode())

    return Reader(damaged([good, *SOUNDS["flac"]]) | wav_headers() | st.binary(max_size=300), ask)
