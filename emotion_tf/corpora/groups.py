"""Groups of utterances, such as by sex: what readers and manifests say of them."""

from collections import Counter
from collections.abc import Sequence

from emotion_tf.corpora.utterance import Utterance
from emotion_tf.errors import EmotionTFError, did_you_mean

CORPUS = "corpus"
"""The group that every utterance of a corpus has which `emotion_tf.corpora.load` has read."""


def groups_of(utterances: Sequence[Utterance]) -> dict[str, list[str]]:
    """By the name of each group, what each utterance is of it; "" where it is nothing.

    Example:

    >>> groups_of([Utterance("a", None, 0.0, None, "", "sad", "x", groups=(("sex", "female"),))])
    {'sex': ['female']}
    """
    found: dict[str, list[str]] = {}
    if any(utterance.corpus for utterance in utterances):
        found[CORPUS] = [utterance.corpus for utterance in utterances]
    rows = [dict(utterance.groups) for utterance in utterances]
    for name in dict.fromkeys(name for row in rows for name in row):
        found[name] = [row.get(name, "") for row in rows]
    return found


def check_groups(utterances: Sequence[Utterance], names: Sequence[str]) -> None:
    """Refuses groups that are asked for and that show nothing.

    Args:
        utterances: A corpus.
        names: The groups asked for.

    Raises:
        EmotionTFError: If the corpus does not have one of them, or all its utterances are alike in it.
    """
    there = groups_of(utterances)
    for name in names:
        if name not in there:
            raise EmotionTFError(
                f"the corpus says nothing of the group {name!r}",
                expected=f"one of {', '.join(there) or 'none'}",
                fix=did_you_mean(name, there, "let a column of a manifest have this name, or name it with --columns"),
            )
        counts = Counter(there[name])
        counts.pop("", None)
        if len(counts) < 2:
            only = ", ".join(f"{count} utterances of {value}" for value, count in counts.items()) or "none"
            raise EmotionTFError(
                f"the group {name!r} has one value, and nothing can be compared",
                expected="two values or more",
                received=only,
                fix="leave it out of --groups",
            )


SEXES = {"f": "female", "w": "female", "m": "male"}


def tidy(name: str, cell: str) -> str:
    """A cell as the name of a group: years of `age` as their age group, and letters of `sex` and `gender` as words.

    Example:

    >>> tidy("age", "34"), tidy("age", "senior"), tidy("gender", "F"), tidy("room", "F")
    ('30 to 49', 'senior', 'female', 'F')
    """
    if name in ("sex", "gender"):
        return SEXES.get(cell.casefold(), cell)
    if name != "age" or not cell.isdecimal():
        return cell
    years = int(cell)
    return "under 30" if years < 30 else "30 to 49" if years < 50 else "50 and above"
