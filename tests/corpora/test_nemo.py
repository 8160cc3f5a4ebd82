"""nEMO: its table, damaged and whole."""

import pytest
from corpus_trees import nemo, touch

from emotion_tf import corpora
from emotion_tf.errors import EmotionTFError

HEADER = "file_id\temotion\traw_text\tnormalized_text\tspeaker_id\tgender\tage\n"


def test_rows(tmp_path):
    folder = touch(tmp_path, "samples/SK_anger_1.wav", "samples/AB_sadness_2.wav", "samples/SK_fear_1.wav")
    (folder / "data.tsv").write_text(
        HEADER
        + 'SK_anger_1.wav\tanger\t"Ćma"""\tćma\tSK\tM\t24\n'
        + "SK_fear_1.wav\tfear\tStrach.\tstrach\tSK\tM\t24\n"
        + "AB_sadness_2\tsadness\tŻal.\tżal\tAB\tF\t30\n",
        encoding="utf-8",
    )
    angry, fearful, sad = corpora.load("nemo", folder).utterances
    assert (angry.id, angry.label, angry.speaker, angry.text) == ("SK_anger_1", "angry", "SK", 'Ćma"')
    assert (fearful.id, fearful.label) == ("SK_fear_1", "fearful")
    assert (sad.id, sad.label, sad.speaker, sad.text) == ("AB_sadness_2", "sad", "AB", "Żal.")
    assert sad.audio == folder / "samples" / "AB_sadness_2.wav"


def test_missing_clip(tmp_path):
    (nemo(tmp_path) / "samples" / "SK_anger_1.wav").unlink()
    with pytest.raises(EmotionTFError, match=r"samples/SK_anger_1\.wav is missing; expected every clip"):
        corpora.load("nemo", tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"line 1: missing column file_id, emotion, raw_text, speaker_id; .* received an empty file"),
        ("file_id\temotion\traw_text\n", r"line 1: missing column speaker_id; .* received file_id, emotion, raw_text"),
        (HEADER + "SK_anger_1.wav\tanger\n", r"line 2: the row does not fit the header; expected 7 cells"),
        (HEADER + "SK_anger_1.wav\tanger\ta\ta\tSK\tM\t24\tb\n", r"line 2: the row does not fit the header"),
        (HEADER + 'SK_anger_1.wav\tanger\t"a\tSK\n', r"line 2 is not valid CSV"),
        (HEADER, r"lists no clip"),
    ],
)
def test_damaged_table(tmp_path, content, message):
    (tmp_path / "data.tsv").write_text(content)
    with pytest.raises(EmotionTFError, match=r"data\.tsv.*" + message):
        corpora.load("nemo", tmp_path)
