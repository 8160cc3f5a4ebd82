"""Cheap checks that come before TensorFlow is imported and before features are made."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from emotion_tf.cli import flags
from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError
from emotion_tf.utils.paths import RemotePath

if TYPE_CHECKING:
    from emotion_tf.corpora import Corpus


def check_protocol(protocol: str) -> None:
    """Refuses a protocol that there is not, before a corpus is read.

    Raises:
        EmotionTFError: If there is no such protocol.
    """
    from emotion_tf.corpora import folds

    folds.leaks_speakers(protocol)


def check_folds(corpus: "Corpus", protocol: str, config: Config, file: Path | None = None) -> None:
    """Draws the folds once, so that a protocol that the corpus does not allow is refused.

    Raises:
        EmotionTFError: If the corpus does not allow it, or the file of folds is missing.
    """
    from emotion_tf.corpora import emobox, folds

    if file is None:
        folds.assign(corpus.utterances, protocol, config.training.fold_seed)
    elif str(file).startswith(emobox.PREFIX):
        read = emobox.read_folds(str(file).removeprefix(emobox.PREFIX), corpus.utterances)
        folds.check_count(read, protocol)
    elif not file.is_file():
        raise EmotionTFError(f"{file} does not exist", expected="the folds.json of a run")


def check_inputs(corpus: "Corpus", config: Config, skip_bad: bool) -> None:
    """Refuses settings that ask for what is not there.

    Raises:
        EmotionTFError: If the model hears and an utterance has no audio, or a file that the settings name is missing.
    """
    silent = [utterance for utterance in corpus.utterances if utterance.audio is None]
    if config.model.hears and silent and not skip_bad:
        raise EmotionTFError(
            f"utterance {silent[0].id} has no audio",
            expected="an audio file for every utterance",
            fix="use --modality text, or --skip-bad to leave such utterances out",
        )
    vectors, embeddings = config.words.word_vectors, config.speaker.embeddings
    if config.model.reads and vectors is not None and not Path(vectors).is_file():
        raise EmotionTFError(f"there are no word vectors {vectors}", expected="a file in GloVe's text format")
    if embeddings is not None and embeddings != "ge2e" and not Path(embeddings).is_file():
        raise EmotionTFError(
            f"there are no speaker embeddings {embeddings}", expected="ge2e, or a Kaldi .scp or .ark, or an .npz"
        )


def checked_corpora(
    arguments: argparse.Namespace, records_dir: Path | RemotePath, config: Config, skip_bad: bool = False
) -> "list[Corpus]":
    """Reads the corpora of `--corpus`, each by itself, and checks them.

    Args:
        arguments: The flags, `--protocol` among them.
        records_dir: Where transcripts are kept.
        config: The settings.
        skip_bad: Whether utterances without audio are left out later.

    Raises:
        EmotionTFError: As for `flags.corpus_of`, `check_inputs` and `check_folds`.
    """
    corpora = [flags.corpus_of([text], arguments, records_dir, config)[0] for text in arguments.corpus]
    for corpus in corpora:
        check_inputs(corpus, config, skip_bad)
        check_folds(corpus, arguments.protocol, config)
    return corpora


def check_workdir(workdir: Path, corpus: "Corpus", protocol: str, config: Config, init: str | None = None) -> None:
    """Refuses a folder that holds a run of another configuration.

    Raises:
        EmotionTFError: If it does.
    """
    from emotion_tf.evaluation import run

    known = {"corpus": corpus.name, "transcripts": corpus.transcripts}
    run.check_workdir(workdir, {**known, "protocol": protocol, "settings": config.as_dict(), "init": init})
