"""openSMILE's functionals of a corpus, against openSMILE asked by hand in a process of its own."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
from made_corpus import make_corpus

from emotion_tf.config import Config
from emotion_tf.dataset import extract, functionals
from emotion_tf.errors import EmotionTFError

CONFIG = Config().override("model.name=egemaps_svm", "model.modality=audio")

BY_HAND = """
import sys, numpy, opensmile
smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.Functionals)
numpy.save(sys.argv[1], smile.process_files(sys.argv[2:]).to_numpy())
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    pytest.importorskip("audinterface", reason="opensmile is not installed")
    folder = tmp_path_factory.mktemp("functionals")
    return make_corpus(folder / "corpus", speakers=1).utterances, folder / "records"


def test_numbers_are_those_of_opensmile_and_kept(made, tmp_path, monkeypatch):
    utterances, folder = made
    records = extract(utterances, CONFIG, folder)
    out = tmp_path / "by_hand.npy"
    subprocess.run([sys.executable, "-c", BY_HAND, out, *(item.file for item in utterances)], check=True)
    expected = np.load(out)
    assert records.functionals.shape == (4, 88) and records.utterances == utterances and records.clean == ()
    # Resampling is none at the rate of the files, but for their 16 bits.
    np.testing.assert_allclose(records.functionals, expected, rtol=1e-3, atol=1e-3)
    monkeypatch.setattr(functionals, "run_apart", None)
    again = extract(utterances, CONFIG, folder)
    np.testing.assert_array_equal(again.functionals, records.functionals)


def test_what_cannot_be_read_is_left_out_or_raised(made):
    utterances, folder = made
    broken = (dataclasses.replace(utterances[0], file="no/such.wav"), utterances[1])
    with pytest.raises(EmotionTFError, match="no/such.wav"):
        extract(broken, CONFIG, folder)
    records = extract(broken, CONFIG, folder, skip_bad=True)
    assert records.utterances == utterances[1:2] and len(records.functionals) == 1


def test_package_that_is_missing_is_named(made, tmp_path, monkeypatch):
    monkeypatch.setattr(functionals.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EmotionTFError, match=r"pip install 'emotion-tf\[baselines\]'"):
        extract(made[0], CONFIG, tmp_path)


def test_words_alone_have_no_functionals(made, tmp_path):
    with pytest.raises(EmotionTFError, match="has no audio"):
        extract([dataclasses.replace(made[0][0], file=None)], CONFIG, tmp_path)
