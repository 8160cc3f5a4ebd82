"""The command line: each command calls one library function with the same arguments."""

import argparse
import dataclasses
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
    from emotion_tf.transcripts import ENGINES

    parser = argparse.ArgumentParser(prog="emotion-tf", description="Speech emotion recognition from audio and words.")
    parser.add_argument("--version", action="version", version=f"emotion-tf {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    prepare = commands.add_parser(
        "prepare", help="make the features of a corpus, which train would make too, or its transcripts"
    )
    _add_corpus_flags(prepare)
    prepare.add_argument("--records_dir", type=Path, required=True, help="where features and transcripts are kept")
    prepare.add_argument(
        "--transcribe", choices=ENGINES, help="let this recogniser transcribe the corpus, in place of making features"
    )
    prepare.set_defaults(command=_prepare)

    train = commands.add_parser("train", help="train and test every fold of a protocol")
    _add_corpus_flags(train)
    train.add_argument(
        "--protocol",
        required=True,
        help="speaker-kfold:K, leave-one-speaker-out, leave-one-session-out, published-split, or random:K, in which "
        "speakers leak",
    )
    train.add_argument("--folds", type=Path, metavar="FILE", help="the folds.json of another run, to test on its folds")
    train.add_argument("--workdir", type=Path, required=True, help="the run's folder; a stopped run goes on")
    train.add_argument(
        "--records_dir", type=Path, help="where features are kept; `records` beside the workdir if not given"
    )
    train.set_defaults(command=_train)

    evaluate = commands.add_parser(
        "evaluate", help="make metrics.json and report.html anew, or test a run's models on other transcripts"
    )
    evaluate.add_argument("--workdir", type=Path, required=True, help="the run's folder")
    _add_transcript_flags(evaluate, default=None)
    evaluate.add_argument(
        "--stress",
        action="store_true",
        help="test the run's models under noise, in rooms, over the telephone and so on",
    )
    evaluate.add_argument("--data_dir", type=Path, help="with --transcripts or --stress: where the run's corpus lies")
    evaluate.add_argument("--records_dir", type=Path, help="as for train")
    evaluate.add_argument("--out", type=Path, help="with --transcripts or --stress: the folder of the new figures")
    evaluate.set_defaults(command=_evaluate)

    table = commands.add_parser("table", help="collate runs into a table, or compare two of them")
    table.add_argument("workdirs", type=Path, nargs="+", metavar="RUN")
    table.add_argument("--form", default="markdown", choices=("markdown", "csv", "latex"))
    table.add_argument("--compare", action="store_true", help="test the difference between two runs for significance")
    table.add_argument("--out", type=Path, metavar="FILE", help="write the table there")
    table.set_defaults(command=_table)

    export = commands.add_parser("export", help="export a run to SavedModel and TFLite, proved equal")
    export.add_argument("--workdir", type=Path, required=True, help="the run's folder")
    export.add_argument("--out", type=Path, required=True, help="the export's folder")
    export.add_argument(
        "--data_dir",
        type=Path,
        help="where the run's corpus lies, by which int8 is calibrated and all is tested; demo needs none",
    )
    _add_transcript_flags(export, default="reference")
    export.add_argument("--records_dir", type=Path, help="as for train")
    export.set_defaults(command=_export)

    predict = commands.add_parser("predict", help="say how the speaker feels, a line a file")
    predict.add_argument(
        "files", type=Path, nargs="*", metavar="FILE", help="audio files; none for a model that only reads"
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
    predict.add_argument("--window", type=float, metavar="S", help="with --timeline: seconds of a window")
    predict.add_argument("--hop", type=float, metavar="S", help="with --timeline: seconds from window to window")
    predict.add_argument("--smoothing", type=float, metavar="S", help="with --timeline: seconds of memory, 0 for none")
    predict.add_argument("--out", type=Path, metavar="FILE", help="with --timeline: a .csv, .json or .png to write")
    predict.set_defaults(command=_predict)

    demo = commands.add_parser("demo", help="show a model in the browser, where it runs on this machine alone")
    demo.add_argument("--model", type=Path, required=True, help="an export")
    demo.add_argument("--out", type=Path, help="keep the page here; any web server can serve it")
    demo.add_argument("--port", type=int, default=8000)
    demo.set_defaults(command=_demo)
    return parser


def _add_corpus_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that say what is read, and how."""
    from emotion_tf.corpora import NAMES
    from emotion_tf.presets import PRESETS

    presets = "; ".join(f"{name}: {preset.description}" for name, preset in PRESETS.items() if "-" not in name)
    presets += " The paper's variants: " + ", ".join(name for name in PRESETS if name.startswith("paper-"))
    presets += "; likewise strong-audio and so on."
    parser.add_argument("--corpus", required=True, choices=NAMES)
    parser.add_argument("--data_dir", type=Path, help="the corpus's folder; for `manifest` the file itself")
    parser.add_argument("--modality", choices=("audio", "text", "both"), help="what the model hears and reads")
    parser.add_argument(
        "--word_vectors", metavar="FILE", help="GloVe, word2vec or fastText vectors as text, plain, .gz or in a .zip"
    )
    parser.add_argument(
        "--speaker_embeddings",
        metavar="ge2e|FILE",
        help="adds a speaker embedding: computed, or from a Kaldi .scp or .ark or an .npz by utterance id",
    )
    _add_transcript_flags(parser, default="reference")
    parser.add_argument("--preset", default="paper", metavar="PRESET", choices=tuple(PRESETS), help=presets)
    parser.add_argument(
        "--set", action="append", default=[], metavar="SECTION.NAME=VALUE", help="one setting; repeatable"
    )
    parser.add_argument("--skip_bad", action="store_true", help="leave out, and list, audio that cannot be read")


def _add_transcript_flags(parser: argparse.ArgumentParser, default: str | None) -> None:
    """The flags that say whose transcripts are read."""
    from emotion_tf.transcripts import ENGINES

    parser.add_argument(
        "--transcripts",
        default=default,
        choices=("reference", *ENGINES),
        help="whose transcripts are read; those of a recogniser are made by prepare --transcribe",
    )
    parser.add_argument(
        "--engine_model", metavar="NAME|FOLDER", help="the recogniser's model, where it has a choice of them"
    )


def _config(arguments: argparse.Namespace):
    """The settings that the flags ask for."""
    from emotion_tf.presets import preset

    config = preset(arguments.preset)
    if arguments.modality:
        config = config.override(f"model.modality={arguments.modality}")
    if arguments.word_vectors:
        config = config.override(f"words.word_vectors={json.dumps(arguments.word_vectors)}")
    if arguments.speaker_embeddings:
        config = config.override(f"speaker.embeddings={json.dumps(arguments.speaker_embeddings)}")
    return config.override(*arguments.set)


def _corpus(name: str, arguments: argparse.Namespace, records_dir: Path):
    """The corpus, with the transcripts that are asked for."""
    from emotion_tf import corpora, dataset

    corpus = corpora.load(name, arguments.data_dir)
    if arguments.transcripts == "reference":
        return corpus
    folder = records_dir / "transcripts"
    utterances = dataset.with_transcripts(corpus.utterances, arguments.transcripts, folder, arguments.engine_model)
    return dataclasses.replace(corpus, utterances=utterances, transcripts=arguments.transcripts)


def _prepare(arguments: argparse.Namespace) -> int:
    from emotion_tf import corpora, dataset, transcripts

    if arguments.transcribe is None:
        corpus = _corpus(arguments.corpus, arguments, arguments.records_dir)
        dataset.extract(corpus.utterances, _config(arguments), arguments.records_dir, arguments.skip_bad)
        return 0
    utterances = corpora.load(arguments.corpus, arguments.data_dir).utterances
    recognizer = transcripts.load(arguments.transcribe, arguments.engine_model)
    done = dataset.transcribe(utterances, recognizer, arguments.records_dir / "transcripts")
    known = [utterance for utterance in utterances if utterance.text and utterance.id in done.texts]
    if known:
        rate = transcripts.word_error_rate([item.text for item in known], [done.texts[item.id] for item in known])
        print(
            f"word error rate {rate['wer']:.3f} over {rate['words']} words: {rate['substitutions']} substituted, "
            f"{rate['deletions']} deleted, {rate['insertions']} inserted"
        )
    return 1 if done.errors else 0


def _train(arguments: argparse.Namespace) -> int:
    from emotion_tf import training

    config = _config(arguments)
    records_dir = arguments.records_dir or arguments.workdir.parent / "records"
    corpus = _corpus(arguments.corpus, arguments, records_dir)
    result = training.train(
        corpus, config, arguments.protocol, arguments.workdir, records_dir, arguments.skip_bad, arguments.folds
    )
    _print_result(result, arguments.workdir)
    return 0


def _evaluate(arguments: argparse.Namespace) -> int:
    from emotion_tf import evaluation

    if arguments.transcripts is None and not arguments.stress:
        _print_result(evaluation.evaluate(arguments.workdir), arguments.workdir)
        return 0
    if arguments.out is None:
        raise EmotionTFError("the new figures need a folder", expected="--out beside --transcripts or --stress")
    # Only now is TensorFlow worth waiting for: figures are made anew from saved predictions without it.
    from emotion_tf import training

    records_dir = arguments.records_dir or arguments.workdir.parent / "records"
    arguments.transcripts = arguments.transcripts or "reference"
    corpus = _corpus(evaluation.read_run(arguments.workdir)["corpus"], arguments, records_dir)
    if arguments.stress:
        for condition, result in training.stress(arguments.workdir, corpus, arguments.out)["conditions"].items():
            print(f"{condition}: WA {result['wa']:.3f}, UA {result['ua']:.3f}")
        return 0
    _print_result(training.retest(arguments.workdir, corpus, arguments.out, records_dir), arguments.out)
    return 0


def _table(arguments: argparse.Namespace) -> int:
    from emotion_tf import evaluation, files

    if arguments.compare:
        if len(arguments.workdirs) != 2:
            raise EmotionTFError("--compare compares two runs", received=f"{len(arguments.workdirs)}")
        text = json.dumps(evaluation.compare(*arguments.workdirs), indent=2) + "\n"
    else:
        # What stands beside the runs, such as the folder of their features, comes along with runs/*.
        runs = [workdir for workdir in arguments.workdirs if (workdir / "config.json").exists()]
        for workdir in arguments.workdirs:
            if workdir not in runs:
                print(f"emotion-tf: {workdir} is passed over, since it has no config.json", file=sys.stderr)
        if not runs:
            raise EmotionTFError("there is no run", expected="folders that training wrote")
        text = evaluation.render(evaluation.collate(runs), arguments.form)
    if arguments.out is None:
        print(text, end="")
    else:
        files.write_text(arguments.out, text)
    return 0


def _print_result(result: dict, workdir: Path) -> None:
    """The figures of a run in a few lines."""
    for note in result["notes"]:
        print(f"Note: {note}")
    print(f"{result['protocol']}, {result['n']} utterances: WA {result['wa']:.3f}, UA {result['ua']:.3f}")
    print(f"report: {workdir / 'report.html'}")


def _export(arguments: argparse.Namespace) -> int:
    from emotion_tf import evaluation, export

    name = evaluation.read_run(arguments.workdir)["corpus"]
    records_dir = arguments.records_dir or arguments.workdir.parent / "records"
    # Of all corpora the demo alone needs no folder.
    has_corpus = arguments.data_dir is not None or name == "demo"
    utterances = _corpus(name, arguments, records_dir).utterances if has_corpus else ()
    export.export(arguments.workdir, arguments.out, utterances)
    print(f"what each artefact loses, weighs and costs: {arguments.out / 'MODEL_CARD.md'}")
    return 0


def _predict(arguments: argparse.Namespace) -> int:
    from emotion_tf import inference

    if arguments.model is None and arguments.server is None:
        raise EmotionTFError("predict needs --model or --server")
    if arguments.timeline:
        return _timeline(arguments)
    for name in ("window", "hop", "smoothing", "out"):
        if getattr(arguments, name) is not None:
            raise EmotionTFError(f"--{name} needs --timeline")
    failed = 0
    answers = inference.predict_files(
        arguments.files,
        arguments.model or inference.DEFAULT_MODEL,
        arguments.text,
        arguments.skip_bad,
        arguments.speaker_embeddings,
        arguments.server,
        arguments.min_confidence,
    )
    for answer in answers:
        if arguments.json:
            print(json.dumps(answer, ensure_ascii=False), flush=True)
        elif "error" in answer:
            print(f"emotion-tf: {answer['error']}", file=sys.stderr)
        else:
            scores = "  ".join(f"{name} {value:.3f}" for name, value in answer["probabilities"].items())
            print(f"{answer['file'] or '-'}\t{answer['label']}\t{scores}", flush=True)
        failed += "error" in answer
    return 1 if failed else 0


def _timeline(arguments: argparse.Namespace) -> int:
    from emotion_tf import inference

    texts = arguments.text or [None]
    if len(arguments.files) != 1 or len(texts) != 1:
        raise EmotionTFError(
            "--timeline hears one recording",
            expected="one file, and one text or none",
            received=f"{len(arguments.files)} files and {len(texts)} texts",
        )
    if arguments.server is None:
        predictor = inference.load(arguments.model)
    else:
        predictor = inference.connect(arguments.server, arguments.model or inference.DEFAULT_MODEL)
    lengths = {
        f"{name}_seconds": getattr(arguments, name)
        for name in ("window", "hop", "smoothing")
        if getattr(arguments, name) is not None
    }
    windows = inference.timeline(predictor, arguments.files[0], texts[0], **lengths)
    if arguments.out is not None:
        inference.write_timeline(arguments.out, windows, arguments.files[0])
        return 0
    for window in windows:
        if arguments.json:
            print(json.dumps(dataclasses.asdict(window)), flush=True)
        else:
            scores = "  ".join(f"{name} {value:.3f}" for name, value in window.smoothed.items())
            print(f"{window.start:.1f}\t{window.end:.1f}\t{window.label}\t{scores}", flush=True)
    return 0


def _demo(arguments: argparse.Namespace) -> int:
    from emotion_tf import page

    page.demo(arguments.model, arguments.out, arguments.port)
    return 0
