"""The command line: each command calls one library function with the same arguments."""

import argparse
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from emotion_tf import __version__
from emotion_tf.errors import EmotionTFError


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command.

    Args:
        argv: Arguments without the program's name; those of the process if None.

    Returns:
        0, or 1 where a user's mistake ended the command; its line is on the standard error.
    """
    # TensorFlow's own remarks, on libraries registered twice and functions traced again, are none of the user's.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    arguments = _parser().parse_args(argv)
    try:
        return arguments.command(arguments)
    except EmotionTFError as error:
        print(f"emotion-tf: {error}", file=sys.stderr)
    except OSError as error:
        # A full disk, a folder that cannot be written: the system's own words, without a traceback.
        print(f"emotion-tf: {error.strerror or error}: {error.filename or ''}", file=sys.stderr)
    except Exception as error:
        # TensorFlow says the same in exceptions of its own, which are known only once it is imported.
        if not type(error).__module__.startswith("tensorflow"):
            raise
        print(f"emotion-tf: {str(error).splitlines()[0]}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="emotion-tf", description="Speech emotion recognition from audio and words.")
    parser.add_argument("--version", action="version", version=f"emotion-tf {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    prepare = commands.add_parser("prepare", help="make the features of a corpus, which train would make too")
    _add_corpus_flags(prepare)
    prepare.add_argument("--records_dir", type=Path, required=True, help="where features are kept")
    prepare.set_defaults(command=_prepare)

    train = commands.add_parser("train", help="train and test every fold of a protocol")
    _add_corpus_flags(train)
    train.add_argument(
        "--protocol",
        required=True,
        help="speaker-kfold:K, leave-one-speaker-out, leave-one-session-out, or random:K, in which speakers leak",
    )
    train.add_argument("--workdir", type=Path, required=True, help="the run's folder; a stopped run goes on")
    train.add_argument(
        "--records_dir", type=Path, help="where features are kept; `records` beside the workdir if not given"
    )
    train.set_defaults(command=_train)

    evaluate = commands.add_parser("evaluate", help="make metrics.json and report.html anew from predictions.csv")
    evaluate.add_argument("--workdir", type=Path, required=True, help="the run's folder")
    evaluate.set_defaults(command=_evaluate)

    export = commands.add_parser("export", help="export a run to SavedModel and TFLite, proved equal")
    export.add_argument("--workdir", type=Path, required=True, help="the run's folder")
    export.add_argument("--out", type=Path, required=True, help="the export's folder")
    export.add_argument("--clips", type=Path, nargs="*", default=(), help="audio files on which equality is measured")
    export.set_defaults(command=_export)

    predict = commands.add_parser("predict", help="say how the speaker feels, a line a file")
    predict.add_argument(
        "files", type=Path, nargs="*", metavar="FILE", help="audio files; none for a model that only reads"
    )
    predict.add_argument("--model", type=Path, required=True, help="an export, a SavedModel, a .tflite or a .keras")
    predict.add_argument("--text", action="append", help="the transcript: once for all files, or once for each")
    predict.add_argument("--json", action="store_true", help="a JSON object a line")
    predict.add_argument("--skip_bad", action="store_true", help="go on after a file that cannot be read")
    predict.set_defaults(command=_predict)
    return parser


def _add_corpus_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that say what is read, and how."""
    from emotion_tf.corpora import NAMES
    from emotion_tf.presets import PRESETS

    presets = "; ".join(f"{name}: {preset.description}" for name, preset in PRESETS.items())
    parser.add_argument("--corpus", required=True, choices=NAMES)
    parser.add_argument("--data_dir", type=Path, help="the corpus's folder; for `manifest` the file itself")
    parser.add_argument("--modality", choices=("audio", "text", "both"), help="what the model hears and reads")
    parser.add_argument("--word_vectors", metavar="FILE", help="word vectors in GloVe's text format, plain or .gz")
    parser.add_argument("--preset", default="paper", choices=tuple(PRESETS), help=presets)
    parser.add_argument(
        "--set", action="append", default=[], metavar="SECTION.NAME=VALUE", help="one setting; repeatable"
    )
    parser.add_argument("--skip_bad", action="store_true", help="leave out, and list, audio that cannot be read")


def _config(arguments: argparse.Namespace):
    """The settings that the flags ask for."""
    from emotion_tf.presets import preset

    config = preset(arguments.preset)
    if arguments.modality:
        config = config.override(f"model.modality={arguments.modality}")
    if arguments.word_vectors:
        config = config.override(f"words.word_vectors={json.dumps(arguments.word_vectors)}")
    return config.override(*arguments.set)


def _prepare(arguments: argparse.Namespace) -> int:
    from emotion_tf import corpora, dataset

    corpus = corpora.load(arguments.corpus, arguments.data_dir)
    dataset.extract(corpus.utterances, _config(arguments), arguments.records_dir, arguments.skip_bad)
    return 0


def _train(arguments: argparse.Namespace) -> int:
    from emotion_tf import corpora, training

    config = _config(arguments)
    corpus = corpora.load(arguments.corpus, arguments.data_dir)
    result = training.train(
        corpus, config, arguments.protocol, arguments.workdir, arguments.records_dir, arguments.skip_bad
    )
    _print_result(result, arguments.workdir)
    return 0


def _evaluate(arguments: argparse.Namespace) -> int:
    from emotion_tf import evaluation

    _print_result(evaluation.evaluate(arguments.workdir), arguments.workdir)
    return 0


def _print_result(result: dict, workdir: Path) -> None:
    """The figures of a run in a few lines."""
    for note in result["notes"]:
        print(f"Note: {note}")
    print(f"{result['protocol']}, {result['n']} utterances: WA {result['wa']:.3f}, UA {result['ua']:.3f}")
    print(f"report: {workdir / 'report.html'}")


def _export(arguments: argparse.Namespace) -> int:
    from emotion_tf import export

    parity = export.export(arguments.workdir, arguments.out, arguments.clips)
    print(json.dumps(parity, indent=2))
    return 0


def _predict(arguments: argparse.Namespace) -> int:
    from emotion_tf import inference

    failed = 0
    for answer in inference.predict_files(arguments.files, arguments.model, arguments.text, arguments.skip_bad):
        if arguments.json:
            print(json.dumps(answer, ensure_ascii=False), flush=True)
        elif "error" in answer:
            print(f"emotion-tf: {answer['error']}", file=sys.stderr)
        else:
            scores = "  ".join(f"{name} {value:.3f}" for name, value in answer["probabilities"].items())
            print(f"{answer['file'] or '-'}\t{answer['label']}\t{scores}", flush=True)
        failed += "error" in answer
    return 1 if failed else 0
