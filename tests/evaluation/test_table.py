import csv
import io
import json
import re
from dataclasses import replace

import pytest

from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation import collate, render
from emotion_tf.evaluation.table import Result, Row, Score

SYNTHETIC = "The corpus is synthetic."


@pytest.fixture
def write(tmp_path):
    """Writes a run of two folds, which reached WA 0.5 and 0.7, UA 0.4 and 0.5 or what is given, and returns it."""

    def write(name, *settings, wa=(0.5, 0.7), ua=(0.4, 0.5), wa_ci95=(0.45, 0.75), ua_ci95=(0.3, 0.6), **changes):
        config = {
            "corpus": "iemocap",
            "transcripts": "reference",
            "protocol": "leave-one-session-out",
            "notes": [],
            "settings": Config().override(*settings).as_dict(),
            "data_digest": "12",
            "folds_digest": "ab",
            "versions": {"keras": name},
            **changes,
        }
        metrics = {
            "protocol": config["protocol"],
            "notes": config["notes"],
            "wa_ci95": wa_ci95,
            "ua_ci95": ua_ci95,
            "folds": [{"wa": one, "ua": other} for one, other in zip(wa, ua, strict=True)],
        }
        folder = tmp_path / name
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps(config))
        (folder / "metrics.json").write_text(json.dumps(metrics))
        return folder

    return write


def variant(write, *settings):
    (row,) = collate([write("run", *settings)])
    return row.variant


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ("model.modality=audio", "MSCNN-SPU (audio)"),
        ("model.modality=audio model.swem=true", "MSCNN-SPU (audio)"),
        ("model.modality=audio speaker.embeddings=ge2e", "MSCNN-SPU (audio) + x-vector"),
        ("model.modality=text model.swem=true", "MSCNN-SPU (text) + SWEM"),
        ("model.modality=both model.attention=false", "MSCNN-SPU (both)"),
        ("model.modality=both model.attention=true", "MSCNN-SPU-ATT (both)"),
        ("model.swem=true speaker.embeddings=/voxceleb/xvector.scp", "MSCNN-SPU-ATT (both) + SWEM + x-vector"),
        ("model.swem=true model.learned_placeholders=true", "MSCNN-SPU-ATT (both) + SWEM + stand-ins"),
        ("model.name=text_cnn model.modality=text", "TextCNN (text)"),
    ],
)
def test_variants_have_the_names_of_papers(settings, name, write):
    assert variant(write, *settings.split()) == name


def test_one_run_by_hand(write):
    """Deviations of ± 0.1 and ± 0.05 from the means, so that the variances over n - 1 = 1 are 0.02 and 0.005."""
    (row,) = collate([write("run")])
    assert (row.variant, row.corpus, row.protocol) == ("MSCNN-SPU-ATT (both)", "iemocap", "leave-one-session-out")
    assert row.results == {
        "reference": Result(
            wa=Score(pytest.approx(0.6), pytest.approx(0.02**0.5), pytest.approx((0.45, 0.75))),
            ua=Score(pytest.approx(0.45), pytest.approx(0.005**0.5), pytest.approx((0.3, 0.6))),
            runs=("run",),
        )
    }


def test_calibration_does_not_part_rows(write):
    """It changes neither WA nor UA, and runs of before it say nothing of it."""
    first = write("first", "training.calibration=none")
    second = write("second", "training.seed=1")
    third = write("third", "training.seed=2")
    content = json.loads((third / "config.json").read_text())
    del content["settings"]["training"]["calibration"]
    (third / "config.json").write_text(json.dumps(content))
    (row,) = collate([first, second, third])
    assert row.results["reference"].runs == ("first", "second", "third")


def test_seeds_are_averaged(write):
    first = write("first", "training.seed=0")
    second = write("second", "training.seed=7", wa=(0.8, 0.8), wa_ci95=(0.65, 0.85))
    (row,) = collate([first, second])
    found = row.results["reference"]
    assert found.runs == ("first", "second")
    assert found.wa == Score(
        pytest.approx((0.6 + 0.8) / 2), pytest.approx((0.02**0.5 + 0) / 2), pytest.approx((0.55, 0.8))
    )
    assert found.ua.mean == pytest.approx(0.45)


def test_tests_without_a_modality_have_rows_of_their_own(write):
    whole = write("whole", "model.learned_placeholders=true")
    heard = write("heard", "model.learned_placeholders=true", "training.seed=1", without="words")
    again = write("again", "model.learned_placeholders=true", "training.seed=2", without=None)
    rows = collate([whole, heard, again])
    assert [(row.variant, row.results["reference"].runs) for row in rows] == [
        ("MSCNN-SPU-ATT (both) + stand-ins", ("whole", "again")),
        ("MSCNN-SPU-ATT (both) + stand-ins, without words", ("heard",)),
    ]


def test_transcripts_stand_side_by_side(write):
    """The text differs between recognisers, and with it the digest of the data."""
    rows = collate(
        [
            write(
                "heard", transcripts="pocketsphinx", data_digest="34", notes=["Trained on reference."], wa=(0.3, 0.3)
            ),
            write("read"),
            write("read again", "training.seed=1"),
        ]
    )
    (row,) = rows
    assert row.results["pocketsphinx"].wa.mean == pytest.approx(0.3)
    assert row.results["pocketsphinx"].notes == ("Trained on reference.",)
    assert row.results["reference"].runs == ("read", "read again")
    assert row.results["reference"].notes == ()


@pytest.mark.parametrize(
    ("settings", "changes"),
    [
        (["training.epochs=7", "training.seed=1"], {}),
        (["training.seed=0"], {}),  # The same seed once more is no other seed.
        (["training.seed=1"], {"data_digest": "34"}),
        (["training.seed=1"], {"folds_digest": "cd"}),
        (["training.seed=1"], {"notes": ["Trained on reference."]}),
    ],
)
def test_other_runs_of_the_same_name_are_told_apart(settings, changes, write):
    rows = collate([write("first"), write("second", *settings, **changes)])
    assert [row.variant for row in rows] == ["MSCNN-SPU-ATT (both) [first]", "MSCNN-SPU-ATT (both) [second]"]


def test_columns_tell_apart_as_well(write):
    rows = collate([write("first"), write("second", corpus="esd"), write("third", protocol="random:10")])
    assert [row.variant for row in rows] == ["MSCNN-SPU-ATT (both)"] * 3
    assert [(row.corpus, row.protocol) for row in rows] == [
        ("iemocap", "leave-one-session-out"),
        ("esd", "leave-one-session-out"),
        ("iemocap", "random:10"),
    ]


def test_runs_of_older_versions_fit(write):
    """Once there were no recognisers, no speaker embeddings and no transcript dropout, but a warp, which was off."""
    older = write("older")
    config = json.loads((older / "config.json").read_text())
    del config["transcripts"], config["settings"]["speaker"], config["settings"]["augmentation"]["transcript_dropout"]
    config["settings"]["augmentation"]["frequency_warp"] = 0.0
    (older / "config.json").write_text(json.dumps(config))
    (row,) = collate([older, write("newer", "training.seed=1")])
    assert row.results["reference"].runs == ("older", "newer")
    assert len(collate([older, write("dropped", "training.seed=1", "augmentation.transcript_dropout=0.5")])) == 2
    assert len(collate([older, write("voice", "training.seed=1", "speaker.embeddings=ge2e")])) == 2


def test_one_fold_has_no_spread_and_one_speaker_no_interval(write):
    folder = write("run", wa=(0.5,), ua=(0.25,), wa_ci95=None, ua_ci95=None)
    (row,) = collate([folder])
    assert row.results["reference"].wa == Score(0.5, None, None)
    assert "| 50.0 | 25.0 | 1 |" in render([row], "markdown")
    (line,) = csv.DictReader(io.StringIO(render([row], "csv")))
    assert (line["wa_mean"], line["wa_std"], line["wa_ci95_low"], line["wa_ci95_high"]) == ("0.5", "", "", "")


@pytest.fixture
def rows(write):
    """Two variants, the second on one kind of transcripts only, and words that mean something to Markdown and LaTeX."""
    audio = "model.modality=audio"
    return collate(
        [
            write("read", audio, corpus="a|b_c", notes=[SYNTHETIC]),
            write("heard", audio, corpus="a|b_c", transcripts="pocketsphinx", notes=[SYNTHETIC, "5.0% are the same."]),
            write("silent", "model.modality=text", corpus="a|b_c", notes=[SYNTHETIC]),
        ]
    )


def test_markdown(rows):
    figures = "60.0 ± 14.1 [45.0, 75.0]{0} | 45.0 ± 7.1 [30.0, 60.0]{0} | 1"
    one, both = figures.format("<sup>1</sup>"), figures.format("<sup>1,2</sup>")
    caption, table, *notes = render(rows, "markdown").rstrip("\n").split("\n\n")
    assert caption.startswith("Corpus a\\|b_c. Protocol leave-one-session-out. WA and UA in per cent: mean over folds")
    header = " | ".join(f"WA ({name}) | UA ({name}) | seeds ({name})" for name in ("reference", "pocketsphinx"))
    assert table.splitlines() == [
        f"| variant | {header} |",
        "|:---|---:|---:|---:|---:|---:|---:|",
        f"| MSCNN-SPU (audio) | {one} | {both} |",
        f"| MSCNN-SPU (text) | {one} | – | – | – |",
    ]
    assert notes == ["<sup>1</sup> The corpus is synthetic.", "<sup>2</sup> 5.0% are the same."]


def test_what_differs_has_a_column_and_what_does_not_the_caption(write):
    found = collate([write("one"), write("other", protocol="random:10")])
    lines = render(found, "markdown").splitlines()
    assert lines[0].startswith("Corpus iemocap. WA and UA")
    assert lines[2].startswith("| variant | protocol | WA (reference)")
    assert [line.split(" | ")[1] for line in lines[4:6]] == ["leave-one-session-out", "random:10"]


def test_latex(rows):
    text = render(rows, "latex")
    lines = text.splitlines()
    assert (lines[0], lines[-1]) == (r"\begin{table}", r"\end{table}")
    assert r"\begin{tabular}{lrrrrrr}" in lines
    assert r" & \multicolumn{3}{c}{reference} & \multicolumn{3}{c}{pocketsphinx} \\" in lines
    assert r"\cmidrule(lr){2-4} \cmidrule(lr){5-7}" in lines
    assert r"\par \textsuperscript{2} 5.0\% are the same." in lines
    assert r"Corpus a|b\_c. Protocol" in text
    figures = r"60.0 $\pm$ 14.1 [45.0, 75.0]{0} & 45.0 $\pm$ 7.1 [30.0, 60.0]{0} & 1"
    one, both = (figures.replace("{0}", rf"\textsuperscript{{{mark}}}") for mark in ("1", "1,2"))
    body = lines[lines.index(r"\midrule") + 1 : lines.index(r"\bottomrule")]
    assert body == [
        rf"MSCNN-SPU (audio) & {one} & {both} \\",
        rf"MSCNN-SPU (text) & {one} & -- & -- & -- \\",
    ]
    # Nothing that LaTeX would take for a comment, and no group left open.
    assert not re.search(r"(?<!\\)[%#~^_]", text)
    assert text.count("{") == text.count("}")


def test_latex_escapes_every_character_that_means_something(write):
    score = Score(0.5, None, None)
    row = Row(r"A&B%$#_{}~^\C", "c", "p", {"reference": Result(score, score, ("run",))})
    escaped = r"A\&B\%\$\#\_\{\}\textasciitilde{}\textasciicircum{}\textbackslash{}C"
    assert rf"{escaped} & 50.0 & 50.0 & 1 \\" in render([row], "latex")


def test_details_are_columns_of_their_own():
    score = Score(0.5, None, None)
    one, other = (Row(name, "c", "p", {"reference": Result(score, score, ("run",))}) for name in ("one", "other"))
    found = [replace(one, details={"ms|s": "4", "MB_": "9"}), replace(other, details={"MB_": "7"})]
    lines = render(found, "markdown").splitlines()
    assert lines[2:] == [
        r"| variant | ms\|s | MB_ | WA (reference) | UA (reference) | seeds (reference) |",
        "|:---|---:|---:|---:|---:|---:|",
        "| one | 4 | 9 | 50.0 | 50.0 | 1 |",
        "| other | – | 7 | 50.0 | 50.0 | 1 |",
    ]
    lines = render(found, "latex").splitlines()
    assert r"\begin{tabular}{lrrrrr}" in lines
    assert r"\cmidrule(lr){4-6}" in lines
    assert r" &  &  & \multicolumn{3}{c}{reference} \\" in lines
    assert r"variant & ms|s & MB\_ & WA & UA & seeds \\" in lines
    table = list(csv.DictReader(io.StringIO(render(found, "csv"))))
    assert [(line["ms|s"], line["MB_"], line["wa_mean"]) for line in table] == [("4", "9", "0.5"), ("", "7", "0.5")]


def test_csv_has_a_line_a_result_in_full_precision(rows):
    lines = list(csv.DictReader(io.StringIO(render(rows, "csv"))))
    assert [(line["variant"], line["transcripts"]) for line in lines] == [
        ("MSCNN-SPU (audio)", "reference"),
        ("MSCNN-SPU (audio)", "pocketsphinx"),
        ("MSCNN-SPU (text)", "reference"),
    ]
    found = rows[0].results["pocketsphinx"]
    line = lines[1]
    assert (line["corpus"], line["protocol"], line["seeds"]) == ("a|b_c", "leave-one-session-out", "1")
    assert (line["runs"], line["notes"]) == ("heard", f"{SYNTHETIC}; 5.0% are the same.")
    for name, score in (("wa", found.wa), ("ua", found.ua)):
        figures = [float(line[f"{name}_{figure}"]) for figure in ("mean", "std", "ci95_low", "ci95_high")]
        assert figures == [score.mean, score.std, *score.ci95]


def test_unknown_form(rows):
    with pytest.raises(EmotionTFError, match="expected one of markdown, csv, latex, received 'html'"):
        render(rows, "html")


@pytest.mark.parametrize("name", ["config.json", "metrics.json"])
def test_unfinished_run_among_many(name, write):
    good, bad = write("good"), write("bad")
    (bad / name).unlink()
    with pytest.raises(EmotionTFError, match=f"bad is no finished run; expected a folder with {name}"):
        collate([good, bad])


def test_a_file_is_no_run(write):
    folder = write("run")
    with pytest.raises(EmotionTFError, match="metrics.json is no finished run"):
        collate([folder, folder / "metrics.json"])


@pytest.mark.parametrize("changes", [{"settings": {}}, {"settings": []}, {"settings": {"model": "mscnn"}}])
def test_config_without_settings(changes, write):
    with pytest.raises(EmotionTFError, match="the config.json or metrics.json of .*run is not what a run wrote"):
        collate([write("run", **changes)])
