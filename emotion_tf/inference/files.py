"""Audio files, one after the other."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from emotion_tf.audio.channels import Channels
from emotion_tf.audio.speaker.embeddings import read_speaker_embeddings
from emotion_tf.errors import EmotionTFError
from emotion_tf.inference.answer import Answer, tell_of_longer
from emotion_tf.inference.loading import connect, load
from emotion_tf.text.dialogue import Turn


def predict_files(
    files: Sequence[str | Path],
    model: str | Path,
    texts: Sequence[str] | None = None,
    skip_bad: bool = False,
    speakers: str | Path | None = None,
    server: str | None = None,
    min_confidence: float = 0.0,
    channel: Channels = "mean",
    any_sound: bool = False,
    context: Sequence[Turn | str] = (),
) -> Iterator[Answer]:
    """Names the emotions of many audio files, one after the other.

    Args:
        files: The audio files; none for a model that only reads, or where one with `model.learned_placeholders` shall
            only read.
        model: What `load` takes; with a server, the name under which the model is served.
        texts: The transcripts: none, one that holds for all files, or one a file. Without files, each is answered.
        skip_bad: Go on after a file that cannot be read, instead of raising.
        speakers: File of speaker embeddings, by the names of the audio files without their suffixes.
        server: The address of a server that is asked, as for `connect`; None loads the model here.
        min_confidence: As for `Predictor.predict`.
        channel: As for `Predictor.predict_file`; `each` answers each channel.
        any_sound: As for `Predictor.predict`.
        context: As for `Predictor.predict`, where one file or one text is asked about.

    Yields:
        An answer a file, or a channel, with the error for a file that was skipped; or an answer a text, whose `file` is
        None.

    Raises:
        EmotionTFError: If the model cannot be loaded or asked, files and texts do not fit it or each other, or a file
            cannot be read.
    """
    if context and max(len(files), len(texts or [])) > 1:
        raise EmotionTFError(
            "earlier turns belong to one utterance",
            expected="one file or one text",
            fix="list the utterances in a manifest with the columns dialogue and turn",
        )
    predictor = load(model) if server is None else connect(server, str(model))
    texts = list(texts or [])
    settings = predictor.config.model
    if not settings.hears or (settings.learned_placeholders and texts and not files):
        if files or not texts:
            raise EmotionTFError(
                "the model reads only", expected="texts and no audio file", received=f"{len(files)} files"
            )
        for text in texts:
            yield Answer(prediction=predictor.predict(transcript=text, min_confidence=min_confidence, context=context))
        return
    if not files:
        raise EmotionTFError(
            "there is nothing to hear",
            expected="an audio file, or texts and a model that only reads, or has model.learned_placeholders",
            received=f"no file and {len(texts)} texts",
        )
    texts = _one_a_file(texts, len(files))
    embeddings: Sequence[np.ndarray | None] = [None] * len(files)
    if speakers is not None:
        embeddings = list(read_speaker_embeddings(speakers, [Path(file).stem for file in files]))
    max_seconds, longer = predictor.config.features.max_seconds, 0
    for file, text, speaker in zip(files, texts, embeddings, strict=True):
        try:
            heard = predictor.hear_channels(file) if channel == "each" else [predictor.hear(file, channel)]
        except EmotionTFError as error:
            if not skip_bad:
                raise
            yield Answer(str(file), error=str(error))
            continue
        found = []
        for number, beginning in enumerate(heard, start=1):
            said = predictor.predict(beginning, text, speaker, min_confidence, any_sound=any_sound, context=context)
            found.append(Answer(str(file), prediction=said, channel=number if channel == "each" else None))
        longer += any(answer.is_longer(max_seconds) for answer in found)
        yield from found
    tell_of_longer(longer, len(files), max_seconds)


def _one_a_file(texts: Sequence[str], files: int) -> list[str]:
    """The transcript of each file."""
    if len(texts) <= 1:
        return [*(texts or [""])] * files
    if len(texts) != files:
        raise EmotionTFError(
            "files and texts do not pair",
            expected="no text, one for all files or one a file",
            received=f"{files} files and {len(texts)} texts",
        )
    return list(texts)
