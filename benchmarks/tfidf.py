"""What a linear classifier of TF-IDF weights reaches on GoEmotions, as a yardstick for models that read.

python benchmarks/tfidf.py --data-dir goemotions4.tsv
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, balanced_accuracy_score
from sklearn.pipeline import make_pipeline

from emotion_tf import corpora


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, required=True, help="the TSV file of GoEmotions")
    utterances = corpora.load("goemotions", parser.parse_args(argv).data_dir).utterances
    texts, labels = (
        {part: [getattr(one, name) for one in utterances if one.session == part] for part in ("train", "test")}
        for name in ("text", "label")
    )
    classifier = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(C=1, class_weight="balanced", max_iter=1000)
    )
    predicted = classifier.fit(texts["train"], labels["train"]).predict(texts["test"])
    figures = {
        "n": len(predicted),
        "wa": round(accuracy_score(labels["test"], predicted), 4),
        "ua": round(balanced_accuracy_score(labels["test"], predicted), 4),
    }
    print(json.dumps(figures, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
