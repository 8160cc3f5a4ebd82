"""What an export has shown, the content of its `parity.json`."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class ArtefactResult:
    """What one artefact loses, weighs and costs under one of its signatures.

    Args:
        artefact: Where it lies in the export.
        signature: The signature.
        bytes: Its size.
        largest_difference: The largest difference of a probability from those of `model.keras`; None without classes.
        label_agreement: The share of the utterances of a corpus with the same label; None without a corpus.
        wa: Weighted accuracy on the test part of the fold that the network was not trained on; None without a corpus.
        ua: Unweighted accuracy there.
        milliseconds: By number of threads, the time of an utterance on this machine, the median of a few runs.
        peak_bytes: By number of threads, the memory that loading and running added at their peak.
        dimension_difference: The largest difference of a dimension, as a share of its range; None without dimensions.
        dimension_mean_difference: The mean difference over the utterances of a corpus, of the dimension where that is
            largest, likewise; None without a corpus.
        ccc: Mean concordance of the dimensions on the test part; None where nothing is rated there.
    """

    artefact: str
    signature: str
    bytes: int
    largest_difference: float | None
    label_agreement: float | None
    wa: float | None
    ua: float | None
    milliseconds: dict[str, float]
    peak_bytes: dict[str, int]
    dimension_difference: float | None = None
    dimension_mean_difference: float | None = None
    ccc: float | None = None


@dataclass(frozen=True)
class Reference:
    """The accuracies of the Keras model on the test part, and the mean concordance of its dimensions.

    None without a corpus, or where there is nothing of the kind.
    """

    artefact: str
    wa: float | None
    ua: float | None
    ccc: float | None = None


@dataclass(frozen=True)
class Counts:
    """How many utterances were asked.

    Args:
        test: Of the test part of the fold whose network is exported.
        others: Of the rest of the corpus.
        made: Made by code.
    """

    test: int
    others: int
    made: int


@dataclass(frozen=True)
class ExportResult:
    """What an export has shown.

    Args:
        folder: The export.
        notes: What a reader must know beside the figures.
        reference: The Keras model.
        utterances: On how many utterances all was measured.
        timed_seconds: Length of the utterance whose time was taken.
        results: Each artefact under each of its signatures.
    """

    folder: Path
    notes: tuple[str, ...]
    reference: Reference
    utterances: Counts
    timed_seconds: float
    results: tuple[ArtefactResult, ...]

    def as_dict(self) -> dict[str, Any]:
        """The content of `parity.json`, which does not say where the export lies."""
        content = asdict(self)
        del content["folder"]
        for result in [content["reference"], *content["results"]]:
            for name in ("dimension_difference", "dimension_mean_difference", "ccc"):
                if name in result and result[name] is None:
                    del result[name]
        return {**content, "notes": list(self.notes), "results": list(content["results"])}
