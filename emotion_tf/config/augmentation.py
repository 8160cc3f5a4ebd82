"""What training does to its inputs."""

from dataclasses import dataclass

from emotion_tf.config.ranges import Count, NotNegative, Share


@dataclass(frozen=True)
class AugmentationConfig:
    """What training does to its inputs; evaluation never does any of it.

    Args:
        speeds: Playing speeds at which the training part is heard; each epoch hears all of them.
        disturbed_copies: Adds so many copies of the training part, in which each utterance is disturbed at random as
            `emotion_tf.audio.disturbances.disturb` does it: by noise, reverberation or a telephone.
        gain_db: Largest random change of level, up or down.
        frequency_masks: Number of bands of features that are hidden.
        frequency_mask_share: Widest hidden band, as a share of the static features.
        time_masks: Number of stretches of frames that are hidden.
        time_mask_share: Longest hidden stretch, as a share of the utterance.
        word_dropout: Share of words that is replaced by the unknown word.
        word_error_rate: Largest word error rate with which a transcript is misheard. Each draws its own, from zero to
            this one, of which words replaced, words left out and words added make a third each.
        transcript_dropout: Share of transcripts that is left out whole where the model hears as well, which keeps it
            from learning sentences by heart.
        audio_dropout: Share of utterances whose audio is left out whole, for a model with
            `model.learned_placeholders`. No utterance loses both.
    """

    speeds: tuple[float, ...] = (1.0,)
    disturbed_copies: Count = 0
    gain_db: NotNegative = 0.0
    frequency_masks: Count = 0
    frequency_mask_share: Share = 0.2
    time_masks: Count = 0
    time_mask_share: Share = 0.15
    word_dropout: Share = 0.0
    word_error_rate: Share = 0.0
    transcript_dropout: Share = 0.0
    audio_dropout: Share = 0.0
