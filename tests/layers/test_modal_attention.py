import keras
import numpy as np
import pytest
from checks import check_layer
from references import attention

from emotion_tf.errors import EmotionTFError
from emotion_tf.layers import ModalAttention, MultiScaleConv2D

RNG = np.random.default_rng(0)
PAIRINGS = ("paired", "all_pairs")
CONTEXT = RNG.normal(size=(5, 3, 4, 6)).astype("float32")
MAPS = RNG.normal(size=(5, 9, 4, 6)).astype("float32")

# One row a case: padding behind, holes before and amid, nothing masked, one word, no word.
MASK = np.ones((5, 9), bool)
MASK[0, 5:] = False
MASK[1, [0, 3, 4]] = False
MASK[3, 1:] = False
MASK[4] = False


def compare(context: np.ndarray, maps: np.ndarray, mask: np.ndarray | None, pairing: str) -> None:
    """Attended vectors and weights of the layer and of the formula, row by row."""
    layer = ModalAttention(pairing)
    rows = np.ones(maps.shape[:2], bool) if mask is None else mask
    expected = [attention(*row, pairing) for row in zip(context, maps, rows, strict=True)]
    arguments = {} if mask is None else {"mask": [None, mask]}
    attended, weights = layer([context, maps], return_attention_scores=True, **arguments)
    np.testing.assert_allclose(weights, [weights for _, weights in expected], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(attended, [attended for attended, _ in expected], rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(layer([context, maps], **arguments), attended)


@pytest.mark.parametrize("pairing", PAIRINGS)
def test_contract(pairing):
    check_layer(
        lambda **options: ModalAttention(pairing, **options),
        [CONTEXT, MAPS],
        [None, MASK],
        # With an even weight for each of 3,000 positions, numerator and denominator are large sums.
        long_inputs=[CONTEXT / 10, RNG.normal(1, 0.1, size=(5, 3000, 4, 6)).astype("float32")],
    )


@pytest.mark.parametrize("pairing", PAIRINGS)
@pytest.mark.parametrize("mask", [None, MASK], ids=["whole", "masked"])
def test_equals_the_formula(pairing, mask):
    compare(CONTEXT, MAPS, mask, pairing)


@pytest.mark.parametrize("mask", [None, MASK], ids=["whole", "masked"])
def test_scales_of_two_numbers_pair_all_with_all(mask):
    compare(CONTEXT[:, :, :3], MAPS[:, :, :2], mask, "all_pairs")


@pytest.mark.parametrize("pairing", PAIRINGS)
@pytest.mark.parametrize("mask", [None, MASK], ids=["whole", "masked"])
@pytest.mark.parametrize("sign", [1, -1], ids=["large", "far below zero"])
def test_scores_of_hundreds(pairing, mask, sign):
    # Whole numbers, so that the scores, up to 2,000 and all of one sign, are exact in float32.
    context = RNG.integers(1, 20, CONTEXT.shape).astype("float32")
    maps = sign * RNG.integers(1, 20, MAPS.shape).astype("float32")
    compare(context, maps, mask, pairing)


@pytest.mark.parametrize("masked_score", [500.0, -500.0, 0.0])
def test_masked_scores_do_not_matter_wherever_they_lie(masked_score):
    context = np.ones((1, 3, 1, 1), "float32")
    maps = np.array([-101.0, masked_score, -100.0, masked_score], "float32").reshape(1, 4, 1, 1)
    mask = np.array([[True, False, True, False]])
    attended, weights = ModalAttention()([context, maps], mask=[None, mask], return_attention_scores=True)
    small, large = 1 / (1 + np.e), np.e / (1 + np.e)
    np.testing.assert_allclose(weights[0, 0, 0], [small, 0, large, 0], rtol=1e-5)
    np.testing.assert_allclose(attended[0, :, 0, 0], [-101 * small - 100 * large] * 3, rtol=1e-6)


def test_by_hand():
    # With e = ln 3, scores 0 and ln 3 give weights 1/4 and 3/4.
    context = np.array([np.log(3), 0, -np.log(3)], "float32").reshape(1, 3, 1, 1)
    maps = np.array([0.0, 1.0], "float32").reshape(1, 2, 1, 1)
    attended, weights = ModalAttention()([context, maps], return_attention_scores=True)
    np.testing.assert_allclose(weights[0, :, 0], [[0.25, 0.75], [0.5, 0.5], [0.75, 0.25]], rtol=1e-6)
    np.testing.assert_allclose(np.ravel(attended), [0.75, 0.5, 0.25], rtol=1e-6)


def test_paired_is_the_diagonal_of_all_pairs():
    paired = ModalAttention("paired")([CONTEXT, MAPS])
    every = ModalAttention("all_pairs")([CONTEXT, MAPS]).numpy()
    assert every.shape == (5, 3, 4, 4, 6)
    np.testing.assert_allclose(paired, np.stack([every[:, :, i, i] for i in range(4)], axis=2), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("pairing", "attended", "weights"),
    [
        ("paired", (None, 3, 4, 8), (None, 3, 4, None)),
        ("all_pairs", (None, 3, 4, 4, 8), (None, 3, 4, 4, None)),
    ],
)
def test_weights_are_an_output_of_a_functional_model_too(pairing, attended, weights):
    context, maps = keras.Input((3, 4, 8)), keras.Input((None, 4, 8))
    outputs = ModalAttention(pairing, dtype="mixed_float16")([context, maps], return_attention_scores=True)
    assert [(tensor.shape, tensor.dtype) for tensor in outputs] == [(attended, "float16"), (weights, "float32")]


def test_mask_of_the_maps_arrives_by_itself_and_ends():
    words = keras.layers.Embedding(5, 6, mask_zero=True)(np.array([[1, 2, 3, 0, 0]]))
    maps = MultiScaleConv2D(6, (2, 3, 4, 5))(words)
    attended, weights = ModalAttention()([CONTEXT[:1], maps], return_attention_scores=True)
    assert not np.any(weights[..., 3:])
    np.testing.assert_allclose(np.sum(weights, axis=-1), 1, rtol=1e-6)
    assert getattr(attended, "_keras_mask", None) is None


def test_unknown_pairing():
    with pytest.raises(EmotionTFError, match="unknown pairing; expected paired or all_pairs, received 'crossed'"):
        ModalAttention("crossed")


def test_scales_that_do_not_pair():
    with pytest.raises(EmotionTFError, match=r"received 4 and 3\. To fix: use pairing='all_pairs'"):
        ModalAttention()([CONTEXT, MAPS[:, :, :3]])


@pytest.mark.parametrize("maps", [MAPS[..., :5], MAPS[:, :, 0]], ids=["other filters", "no scales"])
def test_shapes_that_do_not_fit(maps):
    with pytest.raises(EmotionTFError, match=r"do not fit; expected .* with one F, received \(5, 3, 4, 6\)"):
        ModalAttention()([CONTEXT, maps])
