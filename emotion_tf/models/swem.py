"""SWEM, the classifier that only pools."""

from emotion_tf.config import Config
from emotion_tf.layers import SWEMPooling
from emotion_tf.models.blocks import Encoding, embed, text_input
from emotion_tf.models.preprocessing import Preprocessing


def swem(config: Config, preprocessing: Preprocessing) -> Encoding:
    """Maximum and average of the word embeddings, side by side (SWEM-concat), and a classifier.

    The original classifies and matches texts and reports nothing on speech; of its figures, an accuracy of 0.986 on
    DBpedia could be confirmed. Where it leaves a choice: the classifier has one hidden layer of `model.dense_units`
    units, no dense layer stands between embeddings and pooling, and word vectors are trained or not as
    `words.trainable` says.

    Args:
        config: `config.model` gives the classifier.
        preprocessing: Vocabulary.

    Returns:
        The input `word_ids` (B, M) int32, padded with zeros; and the vector that the classifier gets.

    Reference:
        Shen et al., "Baseline Needs More Love: On Simple Word-Embedding-Based Models and Associated Pooling
        Mechanisms", ACL 2018.
    """
    word_ids = text_input()
    pooled = SWEMPooling(name="swem")(embed(word_ids, config, preprocessing))  # (B, 2, E)
    return {"word_ids": word_ids}, [pooled]
