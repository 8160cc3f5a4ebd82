"""What the figures of a model card rest on: whose voices, whose words, and under which terms."""

from typing import Any

from emotion_tf.config import Config
from emotion_tf.corpora import NAMES, info
from emotion_tf.frontend.encoders.registry import ENCODERS

MACHINES = "Machines speak in it: no person was recorded, and the figures say nothing about people."


def sources(config: Config, run: dict[str, Any], compared_on: str | None) -> list[str]:
    """Lines on the corpus, the transcripts and the encoder.

    Args:
        config: The settings of the model.
        run: The `config.json` of the run; empty without one.
        compared_on: The corpus on which the artefacts of a model without a run were compared, if any was.

    Returns:
        Lines of Markdown.

    Example:

    >>> audio = Config().override("model.modality=audio")
    >>> for line in sources(audio, {"corpus": "demo", "synthetic": True}, None):
    ...     print(line[:76])
    The corpus is the demo corpus, `demo`; it is spoken in English.
    Machines speak in it: no person was recorded, and the figures say nothing ab
    To cite: the emotion-tf demo corpus, synthetic speech made with eSpeak NG, h
    Licence of the recordings: that of this package, Apache-2.0.
    """
    lines = []
    name = run.get("corpus") or compared_on
    if name is None:
        lines.append("Nobody told on which corpus it was trained.")
    elif not run:
        lines.append(f"Nobody told on which corpus it was trained; the artefacts were compared on `{name}`.")
    if name in NAMES:
        lines += _corpus(name, bool(run))
    elif name is not None and run.get("synthetic"):
        lines.append(MACHINES)
    if run and config.model.reads:
        lines.append(_transcripts(run.get("transcripts", "reference")))
    if config.features.encoder is not None:
        lines.append(_encoder(config.features.encoder))
    return lines


def language_names(codes: tuple[str, ...]) -> str:
    """Languages in words, as far as they are known.

    >>> language_names(("en", "zh"))
    'English and Chinese'
    """
    return " and ".join(LANGUAGES.get(code, code) for code in codes)


LANGUAGES = {"de": "German", "en": "English", "fr": "French", "it": "Italian", "pl": "Polish", "zh": "Chinese"}
"""Languages of the corpora by their codes."""


def _corpus(name: str, trained_on: bool) -> list[str]:
    """What is known of a corpus that this package reads."""
    known = info(name)
    spoken = f"; it is spoken in {language_names(known.languages)}" if known.languages else ""
    what = [f"The corpus is {known.title}, `{name}`{spoken}."] if trained_on else []
    if known.synthetic:
        what.append(MACHINES)
    if known.citation.startswith("none"):
        return [*what, "The recordings are the user's own, as are their licence and whom to cite."]
    terms = f"Licence of the recordings: {known.licence}."
    if "-NC-" in known.licence or "research" in known.licence:
        terms += " It does not allow commercial use; treat a model that was trained on them likewise."
    return [*what, f"To cite: {known.citation.removesuffix('.')}.", terms]


def _transcripts(engine: str) -> str:
    """Whose transcripts were read."""
    if engine == "reference":
        return (
            "The transcripts are those of the corpus, without a recogniser's mistakes: expect less on recognised words."
        )
    return f"The transcripts, in training and in test, are those of the recogniser `{engine}`."


def _encoder(name: str) -> str:
    """Under which terms the encoder's weights are."""
    if name not in ENCODERS:
        return "Its encoder's weights come from a file of the user; their licence is the user's to know."
    known = ENCODERS[name]
    return (
        f"Its encoder is {known.title} (`{name}`), whose weights it carries; their licence is {known.licence}. "
        f"It heard {known.languages} in training."
    )
