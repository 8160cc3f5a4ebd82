import dataclasses
import json
import re

import pytest

from emotion_tf.config import Config, FeatureConfig, ModelConfig, settings
from emotion_tf.errors import EmotionTFError


def test_defaults_are_the_published_recipe():
    config = Config().validate()
    assert (config.features.max_frames, config.features.width) == (750, 96)
    assert (config.words.max_words, config.words.embedding_width) == (128, 300)
    assert config.model.audio_kernel_sizes == (5, 7, 9, 11)
    assert config.model.text_kernel_sizes == (2, 3, 4, 5)
    assert (config.model.filters, config.model.dropout, config.model.pairing) == (128, 0.3, "paired")
    assert (config.training.optimizer, config.training.learning_rate) == ("adam", 5e-4)
    assert (config.training.clip_norm, config.training.batch_size) == (1, 64)


def test_derived_feature_sizes():
    features = FeatureConfig()
    assert (features.window_length, features.hop_length, features.fft_length) == (400, 160, 512)
    assert features.max_samples == 120_000
    telephone = FeatureConfig(sample_rate=8_000, window_seconds=0.032, max_seconds=1.0)
    assert (telephone.window_length, telephone.hop_length, telephone.fft_length) == (256, 80, 256)
    assert telephone.max_frames == 100
    log_mel = FeatureConfig(representation="logmel", mel_bands=64, prosody=True)
    assert (log_mel.static_width, log_mel.width) == (67, 201)


@pytest.mark.parametrize(
    ("modality", "hears", "reads"), [("audio", True, False), ("text", False, True), ("both", True, True)]
)
def test_modality(modality, hears, reads):
    model = ModelConfig(modality=modality)
    assert (model.hears, model.reads) == (hears, reads)


def test_round_trip_through_a_file(tmp_path):
    config = Config().override(
        "features.trim_db=30",
        "model.audio_kernel_sizes=[3, 5]",
        "model.pairing=all_pairs",
        "words.word_vectors=vectors.txt.gz",
        "augmentation.speeds=[0.9, 1, 1.1]",
        "training.patience=null",
    )
    path = tmp_path / "config.json"
    config.save(path)
    assert Config.load(path) == config
    assert json.loads(path.read_text()) == json.loads(json.dumps(dataclasses.asdict(config)))


def test_sections_and_settings_left_out_keep_their_defaults():
    assert Config.from_dict({}) == Config()
    config = Config.from_dict({"training": {"epochs": 3}})
    assert config.training == dataclasses.replace(Config().training, epochs=3)


def test_override_replaces_one_setting_and_leaves_the_original():
    before = Config()
    after = before.override("training.epochs=5", "words.trainable=true")
    assert (after.training.epochs, after.words.trainable) == (5, True)
    assert before == Config()
    assert after == dataclasses.replace(
        before,
        training=dataclasses.replace(before.training, epochs=5),
        words=dataclasses.replace(before.words, trainable=True),
    )


def test_value_may_hold_an_equals_sign():
    assert Config().override("words.word_vectors=a=b.txt").words.word_vectors == "a=b.txt"


@pytest.mark.parametrize(
    ("assignment", "value"),
    [
        ("features.max_seconds=3", 3.0),
        ("training.weight_decay=0", 0.0),
        ("augmentation.speeds=[1, 1.1]", (1.0, 1.1)),
        ("model.text_kernel_sizes=[2, 3, 4, 5]", (2, 3, 4, 5)),
        ("augmentation.speeds=1", (1.0,)),
        ("features.trim_db=null", None),
        ("features.trim_db=40", 40.0),
    ],
)
def test_values_take_the_type_of_their_setting(assignment, value):
    section, name = assignment.partition("=")[0].split(".")
    found = getattr(getattr(Config().override(assignment), section), name)
    assert found == value
    assert type(found) is type(value)
    if isinstance(value, tuple):
        assert [type(item) for item in found] == [type(item) for item in value]


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("training.epoch=5", "no such setting; expected one of those that `emotion-tf settings` lists"),
        ("training.epoch=5", "received 'training.epoch=5'. To fix: did you mean 'training.epochs'?"),
        ("epochs=5", "To fix: did you mean 'training.epochs'?"),
        ("model.learning_rate=5", "To fix: did you mean 'training.learning_rate'?"),
        ("training=5", "no such setting"),
        ("training.epochs", "received 'training.epochs'. To fix: give it a value"),
        ("training.dtype_policy=float8", "setting training.dtype_policy does not fit; expected one of float32, mixed_"),
        ("training.optimizer=adam2", "received 'adam2'. To fix: did you mean 'adam'?"),
        ("features.deltas=true", "setting features.deltas does not fit; expected one of 0, 1, 2, received True"),
        ("training.epochs=many", "setting training.epochs does not fit; expected int, received 'many'"),
        ("training.epochs=2.5", "setting training.epochs does not fit; expected int, received 2.5"),
        ("training.epochs=true", "setting training.epochs does not fit; expected int, received True"),
        ("training.learning_rate=true", "setting training.learning_rate does not fit; expected float"),
        ("words.trainable=1", "setting words.trainable does not fit; expected bool, received 1"),
        ("model.modality=video", "setting model.modality does not fit; expected one of audio, text, both"),
        ("model.audio_kernel_sizes=[]", "setting model.audio_kernel_sizes does not fit; expected at least one value"),
        ("model.audio_kernel_sizes=[3, 4.5]", "setting model.audio_kernel_sizes does not fit; expected int"),
        ("training.patience=soon", "setting training.patience does not fit; expected int or null, received 'soon'"),
    ],
)
def test_override_of_nothing_or_with_what_does_not_fit(assignment, message):
    with pytest.raises(EmotionTFError, match=re.escape(message)):
        Config().override(assignment)


@pytest.mark.parametrize(
    ("assignments", "named"),
    [
        (["features.mfcc_coefficients=41"], "features.mfcc_coefficients"),
        (["features.mel_max_hz=8001"], "features.mel_max_hz"),
        (["features.pitch_min_hz=500"], "features.pitch_max_hz"),
        (["features.hop_seconds=0"], "features.hop_seconds"),
        (["features.max_seconds=0"], "features.max_seconds"),
        (["words.max_words=0"], "words.max_words"),
        (["model.text_kernel_sizes=[0, 1, 2, 3]"], "model.text_kernel_sizes"),
        (["model.text_kernel_sizes=[2, 3]"], "model.pairing"),
        (["model.dropout=1"], "model.dropout"),
        (["model.learned_placeholders=true", "model.modality=text"], "model.learned_placeholders"),
        (["model.learned_placeholders=true", "model.name=mdre"], "model.learned_placeholders"),
        (["augmentation.audio_dropout=0.1"], "augmentation.audio_dropout"),
        (
            [
                "model.learned_placeholders=true",
                "augmentation.audio_dropout=0.5",
                "augmentation.transcript_dropout=0.5",
            ],
            "augmentation.audio_dropout",
        ),
        (["augmentation.speeds=[0.9, 1.1]"], "augmentation.speeds"),
        (["augmentation.speeds=[1, 0]"], "augmentation.speeds"),
        (["training.epochs=0"], "training.epochs"),
        (["training.batch_size=0"], "training.batch_size"),
        (["training.dev_splits=1"], "training.dev_splits"),
        (["training.label_smoothing=1"], "training.label_smoothing"),
        (["training.learning_rate=-1"], "training.learning_rate"),
        (["training.learning_rate=NaN"], "training.learning_rate"),
        (["training.patience=-3"], "training.patience"),
        ([f"training.seed={2**32}"], "training.seed"),
        ([f"training.fold_seed={2**32}"], "training.fold_seed"),
        (["model.name=mscn"], "model.name"),
        (["model.filters=0"], "model.filters"),
        (["features.window_seconds=0"], "features.window_seconds"),
        (["features.mel_min_hz=9000"], "features.mel_max_hz"),
        (["features.max_seconds=1e-6"], "features.max_seconds"),
        (["features.window_seconds=1e308"], "features.window_seconds"),
        ([f"features.hop_seconds={10**400}"], "features.hop_seconds"),
        (["training.learning_rate=Infinity"], "training.learning_rate"),
    ],
)
def test_contradictory_settings(assignments, named):
    with pytest.raises(EmotionTFError, match=rf"{re.escape(named)}.* is out of range; expected"):
        Config().override(*assignments)


@pytest.mark.parametrize("free", ["model.pairing=all_pairs", "model.attention=false", "model.modality=text"])
def test_kernel_sizes_need_to_pair_only_for_paired_attention(free):
    assert Config().override("model.text_kernel_sizes=[2, 3]", free).model.text_kernel_sizes == (2, 3)


def test_unknown_names_in_a_file(tmp_path):
    path = tmp_path / "config.json"
    path.write_text('{"trainer": {}}')
    with pytest.raises(EmotionTFError, match=r"unknown section of settings; expected features, .*, received trainer"):
        Config.load(path)
    path.write_text('{"training": {"epoch": 3}}')
    with pytest.raises(EmotionTFError, match=r"no setting training\.epoch; expected one of epochs, "):
        Config.load(path)


def test_mistyped_names_in_a_file_are_told_the_nearest():
    with pytest.raises(EmotionTFError, match=r"To fix: did you mean 'training'\?"):
        Config.from_dict({"trainings": {}})
    with pytest.raises(EmotionTFError, match=r"To fix: did you mean 'training\.epochs'\?"):
        Config.from_dict({"training": {"epoch": 3}})
    with pytest.raises(EmotionTFError, match=r"To fix: did you mean 'mscnn'\?"):
        Config().override("model.name=mscn")


@pytest.mark.parametrize("setting", settings().values(), ids=lambda setting: setting.name)
def test_every_setting_is_explained_and_holds_its_default(setting):
    assert re.fullmatch(r"[A-Z`0-9].*\.", setting.meaning)
    assert re.fullmatch(r"((list|object) of )*(int|float|str|bool)( or null)?", setting.type)
    assert setting.fit(setting.default) == setting.default
    setting.check(setting.default)


@pytest.mark.parametrize(
    ("name", "kind", "range_"),
    [
        ("training.epochs", "int", "more than zero"),
        ("training.seed", "int", "from 0 to less than 4294967296"),
        ("training.dev_splits", "int", "at least 2"),
        ("training.weight_decay", "float", "zero or more"),
        ("training.patience", "int or null", "more than zero"),
        ("training.optimizer", "str", "adam, adamw"),
        ("features.deltas", "int", "0, 1, 2"),
        ("features.trim_db", "float or null", "more than zero"),
        ("model.dropout", "float", "from 0 to less than 1"),
        ("model.audio_kernel_sizes", "list of int", "each more than zero"),
        ("labels.map", "object of str or null", ""),
        ("labels.drop", "list of str or null", "at least one value"),
        ("words.trainable", "bool", ""),
    ],
)
def test_types_and_ranges_in_words(name, kind, range_):
    assert (settings()[name].type, settings()[name].range) == (kind, range_)


@pytest.mark.parametrize("content", [[1], {"features": 3}, None])
def test_what_is_no_settings_at_all(content):
    with pytest.raises(EmotionTFError, match="no settings"):
        Config.from_dict(content)


def test_log_mel_needs_no_room_for_cepstra():
    assert Config().override("features.representation=logmel", "features.mel_bands=20").features.static_width == 20
