"""TESS: words in a carrier phrase, names of wavering case, and the speaker who once lacks a letter."""

from corpus_trees import touch

from emotion_tf import corpora


def test_odd_names(tmp_path):
    folder = touch(
        tmp_path,
        "OAF_neutral/OA_bite_neutral.wav",
        "OAF_Sad/OAF_chain_sad.wav",
        "YAF_angry/yaf_Back_Angry.WAV",
        "YAF_happy/YAF_back_happy.wav",
        "YAF_happy/._YAF_back_happy.wav",
        "OAF_Fear/OAF_back_fear.wav",
        "OAF_Pleasant_surprise/OAF_back_ps.wav",
    )
    utterances = corpora.load("tess", folder).utterances
    assert [(u.id, u.speaker, u.label, u.text) for u in utterances] == [
        ("OAF_back_fear", "OAF", "fearful", "Say the word back."),
        ("OAF_back_ps", "OAF", "surprised", "Say the word back."),
        ("OAF_chain_sad", "OAF", "sad", "Say the word chain."),
        ("OA_bite_neutral", "OAF", "neutral", "Say the word bite."),
        ("yaf_Back_Angry", "YAF", "angry", "Say the word back."),
        ("YAF_back_happy", "YAF", "happy", "Say the word back."),
    ]


def test_clips_alone(tmp_path):
    folder = touch(tmp_path, "OAF_back_angry.wav", "YAF_back_angry.wav")
    assert [u.speaker for u in corpora.load("tess", folder).utterances] == ["OAF", "YAF"]
