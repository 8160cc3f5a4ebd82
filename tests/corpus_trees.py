"""Miniature trees in the layouts of the corpora: in each two speakers say every emotion once."""

import csv
import itertools

import pytest


def touch(folder, *names):
    """Adds empty files to a folder, which it returns."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def ravdess(folder):
    return touch(folder, *(f"Actor_{a}/03-01-{e:02}-01-01-01-{a}.wav" for a in ("01", "02") for e in range(1, 9)))


def cremad(folder):
    emotions = ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")
    return touch(folder, *(f"AudioWAV/{speaker}_DFA_{e}_XX.wav" for speaker in (1001, 1091) for e in emotions))


def emodb(folder):
    return touch(folder, *(f"wav/{speaker}b02{e}b.wav" for speaker in ("03", "16") for e in "WAEFLNT"))


def savee(folder):
    return touch(
        folder,
        *(f"AudioData/{speaker}/{e}01.wav" for speaker in ("DC", "KL") for e in ["a", "d", "f", "h", "n", "sa", "su"]),
    )


def tess(folder):
    emotions = ["angry", "disgust", "fear", "happy", "neutral", "ps", "sad"]
    return touch(folder, *(f"{s}_{e}/{s}_back_{e}.wav" for s in ("OAF", "YAF") for e in emotions))


def esd(folder):
    for speaker, (number, emotion) in itertools.product(
        ("0001", "0020"), enumerate(["Angry", "Happy", "Neutral", "Sad", "Surprise"])
    ):
        touch(folder, f"{speaker}/{emotion}/{speaker}_{number:06}.wav")
        with (folder / speaker / f"{speaker}.txt").open("a", encoding="utf-8") as file:
            file.write(f"{speaker}_{number:06}\tSome words.\t{emotion}\n")
    return folder


def nemo(folder):
    lines = ["file_id\temotion\traw_text\tnormalized_text\tspeaker_id\tgender\tage"]
    for speaker, emotion in itertools.product(
        ("AB", "SK"), ["anger", "fear", "happiness", "neutral", "sadness", "surprised"]
    ):
        touch(folder, f"samples/{speaker}_{emotion}_1.wav")
        lines.append(f"{speaker}_{emotion}_1.wav\t{emotion}\tCzy to żółw?\tczy to żółw\t{speaker}\tF\t24")
    (folder / "data.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def audformat(folder):
    package = pytest.importorskip("audformat", reason="SKIPPED FOR WANT OF audformat")
    files = [f"wav/{speaker}-{number}.wav" for speaker in "ab" for number in range(5)]
    touch(folder, *files)
    database = package.Database("mini")
    emotions = ["anger", "happiness", "neutral", "sadness", "fear"]
    database.schemes["emotion"] = package.Scheme(labels=emotions)
    database.schemes["speaker"] = package.Scheme(labels=["a", "b"])
    database.schemes["transcription"] = package.Scheme("str")
    index = package.filewise_index(files)
    database["emotion"] = package.Table(index)
    database["emotion"]["emotion"] = package.Column(scheme_id="emotion")
    database["emotion"]["emotion"].set(emotions * 2)
    database["files"] = package.Table(index[::-1])
    for scheme, values in (("speaker", ["b"] * 5 + ["a"] * 5), ("transcription", ["Some words"] * 10)):
        database["files"][scheme] = package.Column(scheme_id=scheme)
        database["files"][scheme].set(values)
    database.save(folder, storage_format="csv")
    return folder


MELD_CLIPS = {"train": "train_splits", "dev": "dev_splits_complete", "test": "output_repeated_splits_test"}
MELD_HEADER = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime\r\n"


def meld_table(folder, split, rows, encoding="utf-8"):
    """Writes a table of MELD; a row is text, speaker, emotion, dialogue and utterance."""
    with (folder / f"{split}_sent_emo.csv").open("w", encoding=encoding, newline="") as file:
        file.write(MELD_HEADER)
        table = csv.writer(file)
        for number, (text, speaker, emotion, dialogue, utterance) in enumerate(rows, start=1):
            times = ["8", "21", "00:16:16,059", "00:16:21,731"]
            table.writerow([number, text, speaker, emotion, "neutral", dialogue, utterance, *times])


def meld(folder):
    emotions = ["anger", "joy", "neutral", "sadness", "disgust", "fear", "surprise"]
    for split, clips in MELD_CLIPS.items():
        touch(folder, *(f"{clips}/dia{d}_utt{u}.wav" for d in range(2) for u in range(7)))
        rows = [("Some words", "Ross", emotion, d, u) for d in range(2) for u, emotion in enumerate(emotions)]
        meld_table(folder, split, rows)
    return folder


IEMOCAP_LABELS = ("ang", "hap", "neu", "sad", "dis", "exc", "fea", "fru", "oth", "sur", "xxx")


def iemocap_dialogue(root, dialogue, turns):
    """Writes one dialogue of IEMOCAP; a turn is the last part of its name and its label."""
    session = root / f"Session{dialogue[4]}"
    evaluation = ["% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]", ""]
    transcripts = []
    for number, (turn, label) in enumerate(turns):
        name = f"{dialogue}_{turn}"
        start, end = number * 2.5, number * 2.5 + 2.1234
        evaluation += [
            f"[{start:.4f} - {end:.4f}]\t{name}\t{label}\t[2.5000, 3.0000, 2.5000]",
            "C-E1:\tNeutral;\t()",
            "A-E3:\tval 3; act 2; dom  2;\t()",
            "",
        ]
        transcripts.append(f"{name} [{start:08.4f}-{end:08.4f}]: Words of {name}.")
    touch(session, *(f"sentences/wav/{dialogue}/{dialogue}_{turn}.wav" for turn, _ in turns))
    for kind, lines in (("EmoEvaluation", evaluation), ("transcriptions", transcripts)):
        path = session / "dialog" / kind / f"{dialogue}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n")


def iemocap(folder):
    root = folder / "IEMOCAP_full_release"
    for session in range(1, 6):
        for kind in ("impro01", "script01_1"):
            turns = [(f"{gender}{n:03}", e) for gender in "FM" for n, e in enumerate(IEMOCAP_LABELS)]
            iemocap_dialogue(root, f"Ses0{session}F_{kind}", turns)
    return folder


def msp_podcast(folder):
    lines = ["FileName,EmoClass,EmoAct,EmoVal,EmoDom,SpkrID,Gender,Split_Set"]
    for split in ("Train", "Development", "Test1", "Test2", "Test3"):
        for speaker, letter in itertools.product(("Unknown", f"{split}7"), "ACDFHNOSUX"):
            name = f"MSP-PODCAST_{split}_{speaker[-1]}{letter}"
            touch(folder, f"Audios/{name}.wav")
            (folder / "Transcripts").mkdir(exist_ok=True)
            (folder / "Transcripts" / f"{name}.txt").write_text(f"Words of {letter}.\n", encoding="utf-8")
            lines.append(f"{name}.wav,{letter},5.4,2.25,4,{speaker},Female,{split}")
    (folder / "Labels").mkdir()
    (folder / "Labels" / "labels_consensus.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


TREES = {
    "audformat": audformat,
    "cremad": cremad,
    "emodb": emodb,
    "esd": esd,
    "iemocap": iemocap,
    "iemocap-improvised": iemocap,
    "iemocap-scripted": iemocap,
    "meld": meld,
    "msp-podcast": msp_podcast,
    "msp-podcast-test2": msp_podcast,
    "msp-podcast-test3": msp_podcast,
    "nemo": nemo,
    "ravdess": ravdess,
    "savee": savee,
    "tess": tess,
}
"""Corpus to what writes its tree into a folder and returns the folder."""
