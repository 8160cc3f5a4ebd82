"""The model card: what a model is, what it was trained on, what it reaches and where it ends."""

from pathlib import Path
from string import Template
from typing import Any

from emotion_tf.files import read_json
from emotion_tf.inference.sidecar import Sidecar

PAGE = Template("""\
# $name

Names the emotion of an utterance: $labels. It $senses.
$notes
## What it is

$network

## What it was trained on and what it reaches

$evidence

## What it takes and gives

$inputs

Probabilities come in the order $labels.

| artefact | signature | largest difference from Keras | same label | bytes | ms for $timed s |
|---|---|---|---|---|---|
$parity

The differences were measured on $utterances utterances, $clips of them recordings; the times on the machine that
made this export.

## Where it ends

- It tells the four emotions as the speakers of its corpus showed them. It does not tell what anyone feels, and no
  decision about a person should rest on it.
- Other languages, microphones, rooms, ages and ways of speaking than those of the corpus lower its figures.
- Every utterance gets one of the four emotions, also music, noise, silence and other emotions.
$limits
""")


def model_card(sidecar: Sidecar, workdir: Path, parity: dict[str, Any]) -> str:
    """The text of `MODEL_CARD.md`.

    Args:
        sidecar: What the model was built with.
        workdir: The run's folder; its `config.json`, `metrics.json` and `model/fold.json` are read if they are there.
        parity: The content of `parity.json`.
    """
    model = sidecar.config.model
    run, metrics, chosen = (
        read_json(workdir / name) if (workdir / name).exists() else {}
        for name in ("config.json", "metrics.json", "model/fold.json")
    )
    notes = metrics.get("notes") or run.get("notes", [])
    return PAGE.substitute(
        name=workdir.resolve().name,
        labels=", ".join(sidecar.labels),
        senses={"audio": "hears audio", "text": "reads transcripts", "both": "hears audio and reads its transcript"}[
            model.modality
        ],
        notes="".join(f"\n**{note}**\n" for note in notes),
        network=_network(sidecar),
        evidence=_evidence(run, metrics, chosen),
        inputs="\n".join(f"- {line}" for line in _inputs(sidecar)),
        timed=f"{parity['timed_seconds']:g}",
        utterances=parity["utterances"],
        clips=parity["clips"],
        parity="\n".join(
            f"| {result['artefact']} | {result['signature']} | {result['largest_difference']:.1e} "
            f"| {result['label_agreement']:.0%} | {result['bytes']:,} | {result['milliseconds']:.1f} |"
            for result in parity["results"]
        ),
        limits="\n".join(f"- {line}" for line in _limits(sidecar)),
    )


def _network(sidecar: Sidecar) -> str:
    """The network in words."""
    model = sidecar.config.model
    parts = [f"`{model.name}`, convolutions of {model.filters} filters a size"]
    if model.hears:
        parts.append(f"over {', '.join(map(str, model.audio_kernel_sizes))} frames")
    if model.reads:
        parts.append(f"over {', '.join(map(str, model.text_kernel_sizes))} words")
    if model.modality == "both":
        parts.append(f"attention of the audio over the words ({model.pairing})" if model.attention else "no attention")
    if sidecar.config.speaker.embeddings is not None:
        parts.append("speaker embeddings beside the audio")
    return ", ".join(parts) + ". All settings are in `config.json`."


def _evidence(run: dict[str, Any], metrics: dict[str, Any], chosen: dict[str, Any]) -> str:
    """Corpus, protocol and figures, as far as the run knows them."""
    if not metrics:
        return "The run has no metrics.json: nothing is known of what this model reaches."
    lines = [
        f"Corpus `{run.get('corpus', 'unknown')}`, protocol `{metrics['protocol']}`, {metrics['n']} test utterances: "
        f"WA {_figure(metrics, 'wa')}, UA {_figure(metrics, 'ua')}.",
        "",
        "| emotion | precision | recall | F1 | utterances |",
        "|---|---|---|---|---|",
        *(
            f"| {emotion} | {scores['precision']:.3f} | {scores['recall']:.3f} | {scores['f1']:.3f} "
            f"| {scores['support']} |"
            for emotion, scores in metrics["per_class"].items()
        ),
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


def _inputs(sidecar: Sidecar) -> list[str]:
    """What each signature takes."""
    features, model = sidecar.config.features, sidecar.config.model

    speaker = ["`speaker`, a speaker embedding"] * (sidecar.config.speaker.embeddings is not None)

    def taken(heard: str, read: str) -> str:
        return " and ".join([heard] * model.hears + [read] * model.reads + speaker)

    wave = f"`waveform` float32 within [-1, 1] at {features.sample_rate} Hz"
    wav_files = f"`audio`, the bytes of 16-bit PCM WAV files at {features.sample_rate} Hz"
    lines = [f"SavedModel, `serving_default`: {taken(wav_files, '`transcript`, strings')}."]
    if model.hears:
        lines.append(f"SavedModel, `waveform`: {taken(f'{wave} with `num_samples`', '`transcript`, strings')}.")
    frames = f"`audio`, frames of {features.width} features"
    lines.append(f"SavedModel, `features`: {taken(frames, '`words`, positions in `vocabulary.txt`')}.")
    lines.append(f"TFLite, one utterance at a time: {taken(wave, '`words`, positions in `vocabulary.txt`')}.")
    return lines


def _limits(sidecar: Sidecar) -> list[str]:
    """Where this very model ends."""
    lines = []
    if sidecar.config.model.hears:
        lines.append(f"It hears the first {sidecar.config.features.max_seconds:g} seconds of an utterance.")
    if sidecar.config.model.reads:
        lines.append(f"It reads the first {sidecar.config.words.max_words} words of a transcript, in English.")
    return lines
