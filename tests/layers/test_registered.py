"""A saved model is loaded where nothing but the layers was imported."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
DECORATED = r'@keras\.saving\.register_keras_serializable\(package="emotion_tf"\)\nclass (\w+)'


def test_layers_know_every_class_that_a_file_may_name():
    sources = [
        path.read_text() for room in ("layers", "frontend") for path in (ROOT / "emotion_tf" / room).rglob("*.py")
    ]
    names = [f"emotion_tf>{name}" for source in sources for name in re.findall(DECORATED, source)]
    assert "emotion_tf>SpeechEncoder" in names and len(names) > 20
    code = (
        "import keras, emotion_tf.layers\n"
        f"print([name for name in {names} if keras.saving.get_registered_object(name) is None])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stdout + done.stderr
