"""The flags of each command."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from emotion_tf import __version__
from emotion_tf.cli import commands
from emotion_tf.recipes import PRESETS
from emotion_tf.utils.paths import as_path


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The flags of a command; with `--runner`, those that are not ours in `beam_options`."""
    parser = make_parser()
    arguments, others = parser.parse_known_args(argv)
    if getattr(arguments, "runner", None) is not None:
        arguments.beam_options = ("--runner", arguments.runner, *others)
    elif others:
        parser.error(f"unrecognized arguments: {' '.join(others)}")
    return arguments


def make_parser() -> argparse.ArgumentParser:
    """The parser of `emotion-tf`; `command` of what it returns is the function to call."""
    from emotion_tf.asr import ENGINES

    parser = argparse.ArgumentParser(prog="emotion-tf", description="Speech emotion recognition from audio and words.")
    parser.add_argument("--version", action="version", version=f"emotion-tf {__version__}")
    subcommands = parser.add_subparsers(required=True, metavar="COMMAND")

    prepare = subcommands.add_parser(
        "prepare", help="make the features of a corpus, which train would make too, or its transcripts"
    )
    _add_corpus_flags(prepare)
    _add_preset_flag(prepare)
    prepare.add_argument(
        "--records_dir",
        type=as_path,
        required=True,
        help="where features and transcripts are kept; that of features may be a URL such as gs://bucket/records",
    )
    prepare.add_argument(
        "--transcribe", choices=ENGINES, help="let this recogniser transcribe the corpus, in place of making features"
    )
    prepare.add_argument(
        "--runner",
        help="let Apache Beam make the features: DirectRunner here, FlinkRunner, SparkRunner or DataflowRunner there; "
        "flags that emotion-tf does not know are then options of Beam",
    )
    prepare.set_defaults(command=commands.prepare)

    train = subcommands.add_parser("train", help="train and test every fold of a protocol")
    _add_corpus_flags(train)
    _add_preset_flag(train)
    _add_protocol_flag(train)
    train.add_argument("--folds", type=Path, metavar="FILE", help="the folds.json of another run, to test on its folds")
    train.add_argument("--workdir", type=Path, required=True, help="the run's folder; a stopped run goes on")
    train.add_argument(
        "--records_dir", type=Path, help="where features are kept; `records` beside the workdir if not given"
    )
    train.set_defaults(command=commands.train)

    evaluate = subcommands.add_parser(
        "evaluate", help="make metrics.json and report.html anew, or test a run's models under other conditions"
    )
    evaluate.add_argument("--workdir", type=Path, required=True, help="the run's folder")
    _add_transcript_flags(evaluate, default=None)
    evaluate.add_argument(
        "--stress",
        action="store_true",
        help="test the run's models under noise, in rooms, over the telephone and so on",
    )
    evaluate.add_argument(
        "--misheard",
        action="store_true",
        help="test them on transcripts with more and more errors, and on those of recognisers that prepare left",
    )
    evaluate.add_argument(
        "--without", choices=("audio", "words"), help="test models that hear and read on one of both alone"
    )
    evaluate.add_argument("--data_dir", type=Path, help="where the run's corpus lies; demo needs none")
    _add_columns_flag(evaluate)
    evaluate.add_argument("--records_dir", type=Path, help="as for train")
    evaluate.add_argument("--out", type=Path, help="the folder of the figures of such a test")
    evaluate.set_defaults(command=commands.evaluate)

    table = subcommands.add_parser("table", help="collate runs into a table, or compare two of them")
    table.add_argument("workdirs", type=Path, nargs="+", metavar="RUN")
    table.add_argument("--form", default="markdown", choices=("markdown", "csv", "latex"))
    table.add_argument("--compare", action="store_true", help="test the difference between two runs for significance")
    table.add_argument("--out", type=Path, metavar="FILE", help="write the table there")
    table.set_defaults(command=commands.table)

    compare = subcommands.add_parser(
        "compare", help="train, test and time several presets on the same folds; a stopped call goes on"
    )
    _add_corpus_flags(compare)
    compare.add_argument("--presets", nargs="+", required=True, metavar="PRESET", choices=tuple(PRESETS))
    _add_protocol_flag(compare)
    compare.add_argument("--workdir", type=Path, required=True, help="gets a run's folder a preset, and the table")
    compare.add_argument("--records_dir", type=Path, help="as for train")
    compare.set_defaults(command=commands.compare)

    export = subcommands.add_parser("export", help="export a run to SavedModel and TFLite, proved equal")
    export.add_argument("--workdir", type=Path, required=True, help="the run's folder")
    export.add_argument("--out", type=Path, required=True, help="the export's folder")
    export.add_argument(
        "--data_dir",
        type=Path,
        help="where the run's corpus lies, by which int8 is calibrated and all is tested; demo needs none",
    )
    _add_columns_flag(export)
    _add_transcript_flags(export, default=None)
    export.add_argument("--records_dir", type=Path, help="as for train")
    export.set_defaults(command=commands.export)

    predict = subcommands.add_parser("predict", help="say how the speaker feels, a line a file")
    predict.add_argument(
        "files",
        type=Path,
        nargs="*",
        metavar="FILE",
        help="audio files; none for a model that reads alone, or can; with --out one folder, or one manifest of the "
        "columns id, audio, text, start, end as far as they are known",
    )
    predict.add_argument(
        "--model",
        help="an export, a SavedModel, a .tflite or a .keras; with --server the served model's name",
    )
    predict.add_argument(
        "--server", metavar="ADDRESS", help="ask TensorFlow Serving: HOST:PORT for gRPC, http://HOST:PORT for REST"
    )
    predict.add_argument("--text", action="append", help="the transcript: once for all files, or once for each")
    predict.add_argument(
        "--speaker_embeddings",
        type=Path,
        metavar="FILE",
        help="a .scp, .ark or .npz by the files' names without suffix, for a model that was trained on such",
    )
    predict.add_argument(
        "--min_confidence", type=float, default=0.0, help='answer "undecided" where no emotion is this likely, 0 to 1'
    )
    predict.add_argument("--json", action="store_true", help="a JSON object a line")
    predict.add_argument("--skip_bad", action="store_true", help="go on after a file that cannot be read")
    predict.add_argument(
        "--timeline", action="store_true", help="hear one recording of any length, window by window, in constant memory"
    )
    predict.add_argument(
        "--explain", action="store_true", help="say which words and which stretches of audio one answer comes from"
    )
    predict.add_argument("--window", type=float, metavar="S", help="with --timeline: seconds of a window")
    predict.add_argument("--hop", type=float, metavar="S", help="with --timeline: seconds from window to window")
    predict.add_argument("--smoothing", type=float, metavar="S", help="with --timeline: seconds of memory, 0 for none")
    predict.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="write it there: the answers to a folder or a manifest as .csv or .jsonl, going on where a call was "
        "stopped; a --timeline as .png, .json or .csv; an --explain as .png or .json",
    )
    _add_columns_flag(predict)
    predict.set_defaults(command=commands.predict)

    demo = subcommands.add_parser("demo", help="show a model in the browser, where it runs on this machine alone")
    demo.add_argument("--model", type=Path, required=True, help="an export")
    demo.add_argument("--out", type=Path, help="keep the page here; any web server can serve it")
    demo.add_argument("--port", type=int, default=8000)
    demo.set_defaults(command=commands.demo)
    return parser


def _add_corpus_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that say what is read, and how."""
    from emotion_tf.corpora import NAMES

    parser.add_argument("--corpus", required=True, choices=NAMES)
    parser.add_argument(
        "--data_dir", type=as_path, help="the corpus's folder; for `manifest` the file itself, which may be a URL"
    )
    _add_columns_flag(parser)
    parser.add_argument(
        "--labels",
        metavar="SET",
        help="a named choice of the corpus among its emotions, such as four, or all; without it, the four of the paper "
        "where the corpus has them, and every class of a manifest",
    )
    parser.add_argument(
        "--word_vectors", metavar="FILE", help="GloVe, word2vec or fastText vectors as text, plain, .gz or in a .zip"
    )
    parser.add_argument(
        "--speaker_embeddings",
        metavar="ge2e|FILE",
        help="adds a speaker embedding: computed, or from a Kaldi .scp or .ark or an .npz by utterance id",
    )
    _add_transcript_flags(parser, default="reference")
    parser.add_argument(
        "--set", action="append", default=[], metavar="SECTION.NAME=VALUE", help="one setting; repeatable"
    )
    parser.add_argument("--skip_bad", action="store_true", help="leave out, and list, audio that cannot be read")


def _add_columns_flag(parser: argparse.ArgumentParser) -> None:
    """The flag that names the columns of a manifest."""
    parser.add_argument(
        "--columns",
        metavar="NAME=COLUMN,...",
        help="what the columns of a manifest are called, such as audio=file,label=emotion,speaker=spk",
    )


def _add_preset_flag(parser: argparse.ArgumentParser) -> None:
    """The flag that chooses the settings of one run."""
    variants = ("paper-", "strong-")
    bases = [f"{name}: {preset.description}" for name, preset in PRESETS.items() if not name.startswith(variants)]
    presets = "; ".join(bases) + " The paper's variants: "
    presets += ", ".join(name for name in PRESETS if name.startswith("paper-")) + "; likewise strong-audio and so on."
    # argparse takes a percent sign for the beginning of a name.
    parser.add_argument(
        "--preset", default="paper", metavar="PRESET", choices=tuple(PRESETS), help=presets.replace("%", "%%")
    )
    parser.add_argument("--modality", choices=("audio", "text", "both"), help="what the model hears and reads")


def _add_protocol_flag(parser: argparse.ArgumentParser) -> None:
    """The flag that says what is tested on whom."""
    parser.add_argument(
        "--protocol",
        required=True,
        help="speaker-kfold:K, leave-one-speaker-out, leave-one-session-out, published-split, or random:K, in which "
        "speakers leak",
    )


def _add_transcript_flags(parser: argparse.ArgumentParser, default: str | None) -> None:
    """The flags that say whose transcripts are read."""
    from emotion_tf.asr import ENGINES

    parser.add_argument(
        "--transcripts",
        default=default,
        choices=("reference", *ENGINES),
        help="whose transcripts are read; those of a recogniser are made by prepare --transcribe",
    )
    parser.add_argument(
        "--engine_model", metavar="NAME|FOLDER", help="the recogniser's model, where it has a choice of them"
    )
