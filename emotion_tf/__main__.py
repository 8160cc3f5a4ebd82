"""`python -m emotion_tf` is `emotion-tf`."""

import sys

from emotion_tf.cli import main

if __name__ == "__main__":
    sys.exit(main())
