"""Each command calls one function of the library, with what its flags say."""

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError
from emotion_tf.recipes import preset
from emotion_tf.utils.files import records_dir_of
from emotion_tf.utils.paths import RemotePath

if TYPE_CHECKING:
    from emotion_tf.evaluation import RunResult


def _pairs(text: str | None) -> dict[str, str]:
    """The columns of `--columns audio=file,label=emotion`."""
    pairs = {}
    for part in (text or "").split(","):
        name, equals, column = part.partition("=")
        if text and not (equals and name.strip() and column.strip()):
            raise EmotionTFError("--columns does not fit", expected="such as audio=file,label=emotion", received=part)
        if text:
            pairs[name.strip()] = column.strip()
    return pairs


def _config(preset_name: str, arguments: argparse.Namespace, modality: str | None = None) -> Config:
    """The settings that a preset and the flags ask for."""
    config = preset(preset_name)
    if modality:
        config = config.override(f"model.modality={modality}")
    if arguments.word_vectors:
        config = config.override(f"words.word_vectors={json.dumps(arguments.word_vectors)}")
    if arguments.speaker_embeddings:
        config = config.override(f"speaker.embeddings={json.dumps(arguments.speaker_embeddings)}")
    if arguments.labels:
        config = config.override(f"labels.set={json.dumps(arguments.labels)}")
    return config.override(*arguments.set)


def _corpus(name: str, arguments: argparse.Namespace, records_dir: Path | RemotePath, config: Config):
    """The corpus with the classes of the settings and the transcripts that are asked for; and the settings."""
    from emotion_tf import corpora, dataset

    columns = _pairs(arguments.columns)
    corpus, config = corpora.choose_labels(corpora.load(name, arguments.data_dir, columns), config)
    if arguments.transcripts == "reference":
        return corpus, config
    folder = Path(str(records_dir), "transcripts")
    utterances = dataset.with_transcripts(corpus.utterances, arguments.transcripts, folder, arguments.engine_model)
    return dataclasses.replace(corpus, utterances=utterances, transcripts=arguments.transcripts), config


def _config_of_run(workdir: Path) -> Config:
    """The settings of a run."""
    from emotion_tf import evaluation

    return Config.from_dict(evaluation.read_run(workdir)["settings"])


def prepare(arguments: argparse.Namespace) -> int:
    """Features, or transcripts."""
    from emotion_tf import asr, corpora, dataset

    transcripts_too = arguments.transcribe is not None or arguments.transcripts != "reference"
    if transcripts_too and isinstance(arguments.records_dir, RemotePath):
        raise EmotionTFError(
            "transcripts are not kept behind a URL",
            expected="a local or mounted --records_dir",
            received=str(arguments.records_dir),
        )
    if arguments.transcribe is None:
        # Options that Beam refuses are known before a corpus is read.
        beam = None if arguments.runner is None else dataset.Beam(arguments.beam_options)
        config = _config(arguments.preset, arguments, arguments.modality)
        corpus, config = _corpus(arguments.corpus, arguments, arguments.records_dir, config)
        if config.speaker.embeddings is None:
            dataset.share_cores_by_utterance()
        dataset.extract(corpus.utterances, config, arguments.records_dir, arguments.skip_bad, make=beam)
        return 0
    if arguments.runner is not None:
        raise EmotionTFError(
            "--runner makes features, and --transcribe makes transcripts in their place", fix="leave one of them out"
        )
    corpus = corpora.load(arguments.corpus, arguments.data_dir, _pairs(arguments.columns))
    utterances = corpora.choose_labels(corpus, _config(arguments.preset, arguments, arguments.modality))[0].utterances
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


def train(arguments: argparse.Namespace) -> int:
    """A whole run."""
    from emotion_tf import training

    config = _config(arguments.preset, arguments, arguments.modality)
    records_dir = records_dir_of(arguments.workdir, arguments.records_dir)
    corpus, config = _corpus(arguments.corpus, arguments, records_dir, config)
    result = training.train(
        corpus, config, arguments.protocol, arguments.workdir, records_dir, arguments.skip_bad, arguments.folds
    )
    _print_result(result, arguments.workdir)
    return 0


def evaluate(arguments: argparse.Namespace) -> int:
    """The figures of a run, anew or under other conditions."""
    from emotion_tf import evaluation

    kinds = {
        "--stress": arguments.stress,
        "--misheard": arguments.misheard,
        "--transcripts or --without": arguments.transcripts is not None or arguments.without is not None,
    }
    asked = [flags for flags, given in kinds.items() if given]
    if not asked:
        _print_result(evaluation.evaluate(arguments.workdir), arguments.workdir)
        return 0
    if len(asked) > 1:
        raise EmotionTFError("one kind of test at a time", received=f"{' and '.join(asked)}", fix="call once for each")
    if arguments.out is None:
        raise EmotionTFError(f"{asked[0]} needs a folder for the new figures", expected="--out FOLDER")
    # Only now is TensorFlow worth waiting for: figures are made anew from saved predictions without it.
    from emotion_tf import robustness

    records_dir = records_dir_of(arguments.workdir, arguments.records_dir)
    run = evaluation.read_run(arguments.workdir)
    # Words are misheard from what was said; all else reads what the run was trained on, if nothing else is asked for.
    arguments.transcripts = arguments.transcripts or ("reference" if arguments.misheard else run["transcripts"])
    corpus, _ = _corpus(run["corpus"], arguments, records_dir, _config_of_run(arguments.workdir))
    if not (arguments.stress or arguments.misheard):
        result = robustness.retest(arguments.workdir, corpus, arguments.out, records_dir, without=arguments.without)
        _print_result(result, arguments.out)
        return 0
    kind: Literal["sound", "words"] = "sound" if arguments.stress else "words"
    tested = robustness.stress(arguments.workdir, corpus, arguments.out, [kind], records_dir)
    for condition, figures in tested.conditions.items():
        rate = "" if figures.word_error_rate is None else f"WER {figures.word_error_rate:.3f}, "
        print(f"{condition}: {rate}WA {figures.wa:.3f}, UA {figures.ua:.3f}")
    print(f"report: {arguments.out / 'report.html'}")
    return 0


def table(arguments: argparse.Namespace) -> int:
    """Runs side by side."""
    from emotion_tf import evaluation
    from emotion_tf.utils import files

    if arguments.compare:
        if len(arguments.workdirs) != 2:
            raise EmotionTFError("--compare compares two runs", received=f"{len(arguments.workdirs)}")
        text = json.dumps(dataclasses.asdict(evaluation.compare(*arguments.workdirs)), indent=2) + "\n"
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


def compare(arguments: argparse.Namespace) -> int:
    """Systems under one protocol, and what each costs."""
    from emotion_tf import comparison

    records_dir = records_dir_of(arguments.workdir, arguments.records_dir)
    systems = {name: _config(name, arguments) for name in arguments.presets}
    # Presets differ in much, but not in the labels.
    corpus, chosen = _corpus(arguments.corpus, arguments, records_dir, systems[arguments.presets[0]])
    systems = {name: dataclasses.replace(config, labels=chosen.labels) for name, config in systems.items()}
    comparison.compare(corpus, systems, arguments.protocol, arguments.workdir, records_dir, arguments.skip_bad)
    print((arguments.workdir / "comparison.md").read_text(encoding="utf-8"), end="")
    return 0


def _print_result(result: "RunResult", workdir: Path) -> None:
    """The figures of a run in a few lines."""
    for note in result.notes:
        print(f"Note: {note}")
    print(f"{result.protocol}, {result.n} utterances: WA {result.wa:.3f}, UA {result.ua:.3f}")
    print(f"report: {workdir / 'report.html'}")


def export(arguments: argparse.Namespace) -> int:
    """A run for servers and phones."""
    from emotion_tf import evaluation, exporting

    run = evaluation.read_run(arguments.workdir)
    name, arguments.transcripts = run["corpus"], arguments.transcripts or run["transcripts"]
    records_dir = records_dir_of(arguments.workdir, arguments.records_dir)
    # Of all corpora the demo alone needs no folder.
    has_corpus = arguments.data_dir is not None or name == "demo"
    utterances = ()
    if has_corpus:
        utterances = _corpus(name, arguments, records_dir, _config_of_run(arguments.workdir))[0].utterances
    exporting.export(arguments.workdir, arguments.out, utterances)
    print(f"what each artefact loses, weighs and costs: {arguments.out / 'MODEL_CARD.md'}")
    return 0


def predict(arguments: argparse.Namespace) -> int:
    """The emotions of recordings."""
    from emotion_tf import inference

    if arguments.model is None and arguments.server is None:
        raise EmotionTFError("predict needs --model or --server")
    if arguments.timeline and arguments.explain:
        raise EmotionTFError("--explain is of one utterance, --timeline of many", fix="call once for each")
    if arguments.timeline:
        return _timeline(arguments)
    for name in ("window", "hop", "smoothing"):
        if getattr(arguments, name) is not None:
            raise EmotionTFError(f"--{name} needs --timeline")
    if arguments.explain:
        return _explain(arguments)
    if arguments.out is not None:
        return _in_bulk(arguments)
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


def _in_bulk(arguments: argparse.Namespace) -> int:
    from emotion_tf import inference
    from emotion_tf.corpora import manifest
    from emotion_tf.corpora.table import SUFFIXES

    many = [file for file in arguments.files if file.is_dir() or file.suffix.lower() in (*SUFFIXES, ".jsonl")]
    one = len(many) == len(arguments.files) == 1
    if arguments.server is not None or arguments.text or arguments.json or not one:
        raise EmotionTFError(
            "--out answers many utterances at once",
            expected="one folder or manifest, --model, and the transcripts in the manifest",
            fix="leave out --server, --text and --json; or add --timeline or --explain; or leave out --out",
        )
    (source,) = arguments.files
    if source.is_dir():
        requests = inference.requests_in(source)
    else:
        requests = [
            inference.Request(item.id, item.audio, item.start, item.end, item.text)
            for item in manifest.read(source, labelled=False, columns=_pairs(arguments.columns))
        ]
    failed = inference.predict_batch(
        requests,
        arguments.model,
        arguments.out,
        arguments.skip_bad,
        arguments.speaker_embeddings,
        arguments.min_confidence,
        report=lambda line: print(line, file=sys.stderr),
    )
    if failed:
        print(f"emotion-tf: {failed} of {len(requests)} could not be heard; {arguments.out} says why", file=sys.stderr)
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


def _explain(arguments: argparse.Namespace) -> int:
    from emotion_tf import inference

    texts = arguments.text or [None]
    if arguments.server is not None:
        raise EmotionTFError("a server cannot explain itself", fix="--model with its export")
    if len(arguments.files) > 1 or len(texts) > 1:
        raise EmotionTFError(
            "--explain is of one utterance",
            expected="one file, one text, or both",
            received=f"{len(arguments.files)} files and {len(texts)} texts",
        )
    audio = arguments.files[0] if arguments.files else None
    speaker = None
    if arguments.speaker_embeddings is not None and audio is not None:
        from emotion_tf.audio.speaker.embeddings import read_speaker_embeddings

        (speaker,) = read_speaker_embeddings(arguments.speaker_embeddings, [audio.stem])
    explanation = inference.explain(arguments.model, audio, texts[0], speaker)
    if arguments.out is not None:
        inference.write_explanation(arguments.out, explanation, audio)
        return 0
    print(json.dumps({"file": audio and str(audio), **dataclasses.asdict(explanation)}, ensure_ascii=False))
    return 0


def demo(arguments: argparse.Namespace) -> int:
    """A model in the browser."""
    from emotion_tf import webdemo

    webdemo.demo(arguments.model, arguments.out, arguments.port)
    return 0
