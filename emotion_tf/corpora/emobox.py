"""The fold files of EmoBox, by which figures can stand beside its tables."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from emotion_tf.corpora.utterance import Utterance
from emotion_tf.errors import EmotionTFError
from emotion_tf.labels import customary
from emotion_tf.utils.files import parse_json, read_text_lines

PREFIX = "emobox:"
"""`--folds emobox:FOLDER` names a folder of such files."""

_FILE = re.compile(r".*_test_fold_(?P<number>\d+)\.jsonl")


def read_folds(folder: str | Path, utterances: Sequence[Utterance]) -> dict[str, int]:
    """Reads which fold each utterance is tested in.

    Args:
        folder: Holds `CORPUS_test_fold_N.jsonl`, one for each fold, there or in folders below; each line is a JSON
            object whose `wav` names a recording. Training parts follow from the test parts of the other folds.
        utterances: The corpus, or those of its utterances whose labels are wanted.

    Returns:
        Utterance id to fold, counted from 0, in the order of `utterances`.

    Raises:
        EmotionTFError: If there are no such files, a line is none, a recording stands in two folds, an utterance in
            none, or a recording of a wanted class is not in the corpus.

    Reference:
        Ma et al., "EmoBox: Multilingual Multi-corpus Speech Emotion Recognition Toolkit and Benchmark", Interspeech
        2024.
    """
    folder = Path(folder)
    tested: dict[str, tuple[int, str]] = {}
    for number, path in enumerate(_files(folder)):
        for where, name, emotion in _entries(path):
            if name in tested:
                raise EmotionTFError(
                    f"{where}: {name} is tested twice", expected="each recording in one fold", fix="get the files again"
                )
            tested[name] = (number, emotion)
    ids = {_stem(utterance): utterance.id for utterance in utterances}
    if len(ids) < len(utterances):
        raise EmotionTFError(f"{folder} names recordings, and several utterances of the corpus are of one recording")
    lost = sorted(ids.keys() - tested.keys())
    if lost:
        raise EmotionTFError(
            f"{folder} does not fit the corpus",
            expected="a fold for each of its recordings",
            received=f"none for {len(lost)} of {len(ids)}, such as {lost[0]}",
            fix="name the folder of this corpus",
        )
    classes = {utterance.label for utterance in utterances}
    absent = sorted(name for name, (_, emotion) in tested.items() if name not in ids and customary(emotion) in classes)
    if absent:
        raise EmotionTFError(
            f"the corpus lacks recordings that {folder} names",
            expected=f"all {len(tested)}, but for those of other classes",
            received=f"none of {len(absent)}, such as {absent[0]}",
            fix="get the corpus whole",
        )
    folds = {utterance.id: tested[_stem(utterance)][0] for utterance in utterances}
    sizes = Counter(folds.values())
    empty = sorted({number for number, _ in tested.values()} - sizes.keys())
    if empty:
        raise EmotionTFError(f"{folder}: fold {empty[0] + 1} tests no utterance of the classes that are wanted")
    return folds


def _stem(utterance: Utterance) -> str:
    """The name of the recording without its suffix; the id where there is none."""
    return utterance.id if utterance.file is None else Path(str(utterance.file)).stem


def _files(folder: Path) -> list[Path]:
    """The files of the test parts in the order of their folds, which count from 1 without a gap."""
    found = {int(match["number"]): path for path in folder.rglob("*.jsonl") if (match := _FILE.fullmatch(path.name))}
    if sorted(found) != list(range(1, len(found) + 1)) or len(found) < 2:
        raise EmotionTFError(
            f"{folder} holds no folds of EmoBox",
            expected="NAME_test_fold_1.jsonl, NAME_test_fold_2.jsonl and so on",
            received=", ".join(found[number].name for number in sorted(found)) or "no such file",
            fix="get data/CORPUS of https://github.com/emo-box/EmoBox",
        )
    return [found[number] for number in sorted(found)]


def _entries(path: Path) -> Iterator[tuple[str, str, str]]:
    """Where it stands, the name of the recording without its suffix, and the emotion, of each line."""
    for line, text in enumerate(read_text_lines(path), start=1):
        if not text.strip():
            continue
        where = f"{path}, line {line}"
        try:
            content = parse_json(text)
            yield where, Path(content["wav"]).stem, str(content["emo"])
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise EmotionTFError(
                f"{where} is no recording", expected="a JSON object with wav and emo", received=repr(error)
            ) from None
