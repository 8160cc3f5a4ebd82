"""Files that nobody can hear among files that everybody can: a line each, and the others as if they were alone."""

import subprocess
import sys

from broken_files import PLACES, content, write_broken, write_good

pytest_plugins = ["exported_runs"]


def predict(model, files, *flags):
    code = "import sys; from emotion_tf.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "predict", *files, "--model", model, *flags]
    return subprocess.run(list(map(str, command)), capture_output=True)


def test_broken_files_among_good_ones(audio_export, tmp_path):
    kinds = len(content(0)) + len(PLACES)
    assert kinds >= 20
    broken, good = write_broken(tmp_path, 2 * kinds), write_good(tmp_path, 2 * kinds)
    mixed = [path for pair in zip(broken, good, strict=True) for path in pair]
    alone = predict(audio_export.folder, good)
    assert alone.returncode == 0, alone.stderr
    assert len(alone.stdout.splitlines()) == len(good)
    done = predict(audio_export.folder, mixed, "--skip_bad")
    assert done.returncode == 1, done.stderr
    assert done.stdout == alone.stdout, done.stderr
    lines = done.stderr.decode().splitlines()
    assert [line.split()[1] for line in lines] == list(map(str, broken))
    for line in lines:
        assert line.startswith("emotion-tf: ")
        assert len(line) < 1000
