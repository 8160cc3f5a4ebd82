"""The model card: what a model is, what it was trained on, what it reaches and where it ends."""

from pathlib import Path
from string import Template
from typing import Any

from emotion_tf.corpora import NAMES, info
from emotion_tf.exporting.card_sources import language_names, sources
from emotion_tf.exporting.result import ExportResult
from emotion_tf.inference.bundle import ModelBundle
from emotion_tf.text.dialogue import OTHER_SPEAKER, SAME_SPEAKER
from emotion_tf.utils.files import read_json

PAGE = Template("""\
# $name

$purpose It $senses.
$notes
## What it is

$network

## What it was trained on and what it reaches

$evidence

$sources

## What it takes and gives

$inputs

$orders

$parity

$proof

## Where it ends

- $shown It does not tell what anyone feels, and no decision about a person should rest on it.
- Other languages, microphones, rooms, ages and ways of speaking than those of the corpus lower its figures.
- $always
$limits
""")


def model_card(
    bundle: ModelBundle, name: str, run: Path | None, result: ExportResult, compared_on: str | None = None
) -> str:
    """The text of `MODEL_CARD.md`.

    Args:
        bundle: What the model was built with.
        name: How the model is called.
        run: The folder of its run, whose `config.json`, `metrics.json` and `model/fold.json` are read if they are
            there; None for a model without a run.
        result: What the export has shown.
        compared_on: The name of the corpus that the export was given, if it was given one.
    """
    model = bundle.config.model
    description, metrics, chosen = (
        read_json(run / file) if run is not None and (run / file).exists() else {}
        for file in ("config.json", "metrics.json", "model/fold.json")
    )
    return PAGE.substitute(
        name=name,
        purpose=_purpose(bundle),
        senses={"audio": "hears audio", "text": "reads transcripts", "both": "hears audio and reads its transcript"}[
            model.modality
        ],
        notes="".join(f"\n**{note}**\n" for note in result.notes),
        network=_network(bundle),
        evidence=_evidence(description, metrics, chosen),
        sources="\n".join(f"- {line}" for line in sources(bundle.config, description, compared_on)),
        inputs="\n".join(f"- {line}" for line in _inputs(bundle)),
        orders=_orders(bundle),
        shown="It tells its emotions as the speakers of its corpus showed them."
        if bundle.labels
        else "It rates as those who judged its corpus did.",
        always=(CLASSES_END if bundle.labels else DIMENSIONS_END) + UNHEARD,
        parity="\n".join(_parity_table(result)),
        proof=_proof(result),
        limits="\n".join(f"- {line}" for line in _limits(bundle, description)),
    )


CLASSES_END = "Every utterance gets one of these emotions, also when it has another. `emotion_tf` answers `undecided`"
DIMENSIONS_END = "Every utterance gets numbers within the ranges. `emotion_tf` says so"
UNHEARD = (
    " on silence, and\n  on music and noise in which nobody is heard to speak; the artefacts by themselves do not."
)


def _purpose(bundle: ModelBundle) -> str:
    """What the model does."""
    if not bundle.labels:
        return f"Rates an utterance: {_rated(bundle)}."
    also = f" It also rates {_rated(bundle)}." if bundle.config.labels.scales else ""
    return f"Names the emotion of an utterance: {', '.join(bundle.labels)}.{also}"


def _orders(bundle: ModelBundle) -> str:
    """In which order outputs come."""
    found = [f"Probabilities come in the order {', '.join(bundle.labels)}."] * bool(bundle.labels)
    found += [f"Dimensions come in the order {_rated(bundle)}."] * bool(bundle.config.labels.scales)
    return " ".join(found)


def _rated(bundle: ModelBundle) -> str:
    """The dimensions with their ranges."""
    return ", ".join(f"{name} ({low:g} to {high:g})" for name, (low, high) in bundle.config.labels.scales.items())


def _parity_table(shown: ExportResult) -> list[str]:
    """A row for each artefact and signature, with a column for what was measured."""
    results = shown.results
    columns: dict[str, list[str]] = {
        "artefact": [result.artefact for result in results],
        "signature": [result.signature for result in results],
        "MB": [f"{result.bytes / 1e6:.1f}" for result in results],
    }
    measures = {
        "largest difference from Keras": ([result.largest_difference for result in results], ".1e"),
        "the same of dimensions, of their range": ([result.dimension_difference for result in results], ".1e"),
        "mean of dimensions": ([result.dimension_mean_difference for result in results], ".1e"),
        "same label": ([result.label_agreement for result in results], ".1%"),
    }
    for name, (values, form) in measures.items():
        if any(value is not None for value in values):
            columns[name] = ["–" if value is None else format(value, form) for value in values]
    if shown.reference.wa is not None:
        columns["WA / UA"] = [f"{result.wa:.3f} / {result.ua:.3f}" for result in results]
    if shown.reference.ccc is not None:
        columns["CCC"] = ["–" if result.ccc is None else f"{result.ccc:.3f}" for result in results]
    for count in results[0].milliseconds:
        plural = "" if count == "1" else "s"
        columns[f"ms, {count} thread{plural}"] = [f"{result.milliseconds[count]:.1f}" for result in results]
        columns[f"peak MB, {count} thread{plural}"] = [f"{result.peak_bytes[count] / 1e6:.0f}" for result in results]
    rows = [list(columns), ["---"] * len(columns), *map(list, zip(*columns.values(), strict=True))]
    return [f"| {' | '.join(row)} |" for row in rows]


def _proof(shown: ExportResult) -> str:
    """On what the table was measured."""
    count, reference = shown.utterances, shown.reference
    text = f"The differences were measured on {count.made} waves and transcripts made by code"
    if count.test + count.others:
        text += f" and on {count.test + count.others} utterances of the corpus"
    if reference.wa is not None:
        text += (
            f". WA and UA are those of the {count.test} that this network was tested on, for which `model.keras` "
            f"reaches {reference.wa:.3f} / {reference.ua:.3f}"
        )
    if reference.ccc is not None:
        text += (
            f". `model.keras` reaches a mean concordance of {reference.ccc:.3f} on the {count.test} of its test part"
        )
    if shown.results[0].milliseconds:
        text += (
            f". Times, for an utterance of {shown.timed_seconds:g} s, and the memory that loading and running add at "
            "their peak are those of the machine that made this export"
        )
    return text + "."


def _network(bundle: ModelBundle) -> str:
    """The network in words."""
    model = bundle.config.model
    if model.name == "experts":
        return (
            "`experts`: one MSCNN hears, one reads, one does both, and the answer is the product of the opinions of "
            "those who can judge. All settings are in `config.json`."
        )
    if model.name != "mscnn":
        return f"`{model.name}`. All settings are in `config.json`."
    parts = [f"`{model.name}`, {model.convolution} convolutions of {model.filters} filters a size"]
    if model.hears:
        parts.append(f"over {', '.join(map(str, model.audio_kernel_sizes))} frames")
    if model.reads:
        parts.append(f"over {', '.join(map(str, model.text_kernel_sizes))} words")
    if model.modality == "both":
        parts.append(f"attention of the audio over the words ({model.pairing})" if model.attention else "no attention")
    if bundle.config.speaker.embeddings is not None:
        parts.append("speaker embeddings beside the audio")
    if model.learned_placeholders:
        parts.append("learned stand-ins for what an utterance lacks, its recording or its words")
    return ", ".join(parts) + ". All settings are in `config.json`."


def _evidence(run: dict[str, Any], metrics: dict[str, Any], chosen: dict[str, Any]) -> str:
    """Corpus, protocol and figures, as far as the run knows them."""
    if not metrics:
        return "The run has no metrics.json: nothing is known of what this model reaches."
    tested = (
        f"Corpus `{run.get('corpus', 'unknown')}`, protocol `{metrics['protocol']}`, {metrics['n']} test utterances"
    )
    lines = [f"{tested}."]
    if "per_class" in metrics:
        lines = [
            f"{tested}: WA {_figure(metrics, 'wa')}, UA {_figure(metrics, 'ua')}.",
            "",
            "| emotion | precision | recall | F1 | utterances |",
            "|---|---|---|---|---|",
            *(
                f"| {emotion} | {scores['precision']:.3f} | {scores['recall']:.3f} | {scores['f1']:.3f} "
                f"| {scores['support']} |"
                for emotion, scores in metrics["per_class"].items()
            ),
        ]
    for name, scores in (metrics.get("dimensions") or {}).items():
        if scores["pooled"]:
            of = scores["pooled"]
            lines += [
                "",
                f"{name.capitalize()}: CCC {_figure(of, 'ccc')}, Pearson {_figure(of, 'pearson')}, mean absolute error "
                f"{_figure(of, 'mean_absolute_error')}.",
            ]
    if "fold" in chosen:
        lines += [
            "",
            f"The figures are those of the networks of all folds; this is the network of fold {chosen['fold']}.",
        ]
    return "\n".join(lines)


def _figure(metrics: dict[str, Any], name: str) -> str:
    """A figure with its interval where there is one."""
    interval = metrics.get(f"{name}_ci95")
    return f"{metrics[name]:.3f}" + (f" (95 % interval {interval[0]:.3f} to {interval[1]:.3f})" if interval else "")


def _inputs(bundle: ModelBundle) -> list[str]:
    """What each signature takes."""
    features, model = bundle.config.features, bundle.config.model

    speaker = ["`speaker`, a speaker embedding"] * (bundle.config.speaker.embeddings is not None)

    def taken(heard: str, read: str) -> str:
        return " and ".join([heard] * model.hears + [read] * model.reads + speaker)

    wave = f"`waveform` float32 within [-1, 1] at {features.sample_rate} Hz"
    wav_files = f"`audio`, the bytes of 16-bit PCM WAV files at {features.sample_rate} Hz"
    lines = [f"SavedModel, `serving_default`: {taken(wav_files, '`transcript`, strings')}."]
    if model.hears:
        lines.append(f"SavedModel, `waveform`: {taken(f'{wave} with `num_samples`', '`transcript`, strings')}.")
    frames = f"`features`, frames of {features.width} features"
    lines.append(f"SavedModel, `features`: {taken(frames, '`word_ids`, positions in `vocabulary.txt`')}.")
    lines.append(f"TFLite, one utterance at a time: {taken(wave, '`word_ids`, positions in `vocabulary.txt`')}.")
    if model.learned_placeholders:
        lines.append(
            "It can do without one of the two. No recording: empty `audio`, `num_samples` 0, or zeros alone in "
            "`waveform` or `features`, as silence from a computer is. No words: an empty `transcript`, or zeros alone."
        )
    return lines


def _limits(bundle: ModelBundle, run: dict[str, Any]) -> list[str]:
    """Where this very model ends."""
    lines = []
    if bundle.config.model.hears:
        lines.append(f"It hears the first {bundle.config.features.max_seconds:g} seconds of an utterance.")
    if bundle.config.model.reads:
        languages = language_names(info(run["corpus"]).languages) if run.get("corpus") in NAMES else ""
        of = f" in {languages}" if languages else ", in the language of its corpus"
        lines.append(f"It reads the first {bundle.config.words.max_words} words of a transcript{of}.")
    turns = bundle.config.words.context_turns
    if bundle.config.model.reads and turns:
        lines.append(
            f"It reads up to {turns} earlier turns, and knows less without them. In the transcript they stand behind "
            f"the present turn, the nearest first, each behind the word `{OTHER_SPEAKER}` or `{SAME_SPEAKER}`."
        )
    return lines
