"""`emotion-tf prepare`: features, or transcripts."""

import argparse

from emotion_tf.cli import flags
from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError
from emotion_tf.utils.paths import RemotePath, as_path

HELP = "make the features of a corpus, which train would make too, or its transcripts"
EXAMPLE = "--corpus manifest --data-dir corpus.csv --preset strong --records-dir runs/records"
AFTER_INTERRUPT = flags.RESUMES


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of the command."""
    from emotion_tf.asr import ENGINES

    flags.add_corpus_flags(parser)
    flags.add_preset_flag(parser)
    flags.add_setting_flags(parser)
    parser.add_argument(
        "--records-dir",
        type=as_path,
        required=True,
        metavar="FOLDER",
        help="where features and transcripts are kept; that of features may be a URL such as gs://bucket/records",
    )
    parser.add_argument(
        "--transcribe", choices=ENGINES, help="let this recogniser transcribe the corpus, in place of making features"
    )
    parser.add_argument(
        "--runner",
        help="let Apache Beam make the features: DirectRunner here, FlinkRunner, SparkRunner or DataflowRunner there; "
        "flags that emotion-tf does not know are then options of Beam",
    )


def run(arguments: argparse.Namespace) -> int:
    """Makes them."""
    config = flags.config_of(arguments, arguments.preset)
    if arguments.transcribe is not None:
        return _transcribe(arguments, config)
    from emotion_tf import dataset

    # Options that Beam refuses are known before a corpus is read.
    beam = None if arguments.runner is None else dataset.Beam(arguments.beam_options)
    corpus, config = flags.corpus_of(arguments.corpus, arguments, arguments.records_dir, config)
    if config.speaker.embeddings is None:
        dataset.share_cores_by_utterance()
    dataset.extract(corpus.utterances, config, arguments.records_dir, arguments.skip_bad, make=beam)
    return 0


def _transcribe(arguments: argparse.Namespace, config: Config) -> int:
    if isinstance(arguments.records_dir, RemotePath):
        raise EmotionTFError(
            "transcripts are not kept behind a URL",
            expected="a local or mounted --records-dir",
            received=str(arguments.records_dir),
        )
    if arguments.runner is not None:
        raise EmotionTFError(
            "--runner makes features, and --transcribe makes transcripts in their place", fix="leave one of them out"
        )
    from emotion_tf import asr, corpora, dataset

    places = flags.places_of(arguments.corpus, arguments.data_dir)
    utterances = corpora.load_several(places, config, arguments.columns)[0].utterances
    recognizer = asr.load(arguments.transcribe, arguments.engine_model)
    done = dataset.transcribe(utterances, recognizer, arguments.records_dir / "transcripts")
    known = [utterance for utterance in utterances if utterance.text and utterance.id in done.texts]
    if known:
        rate = asr.word_error_rate([item.text for item in known], [done.texts[item.id] for item in known])
        print(
            f"word error rate {rate['wer']:.3f} over {rate['words']} words: {rate['substitutions']} substituted, "
            f"{rate['deletions']} deleted, {rate['insertions']} inserted"
        )
    return 1 if done.errors else 0
