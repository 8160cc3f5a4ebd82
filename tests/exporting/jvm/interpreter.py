"""Runs a model for `Interpreter.kt`: inputs come in as a line of JSON, outputs go out as one."""

import json
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter


def main() -> None:
    runner = Interpreter(sys.argv[1]).get_signature_runner("serving_default")
    details = runner.get_input_details()
    print(json.dumps({name: detail["shape"].tolist() for name, detail in details.items()}), flush=True)
    for line in sys.stdin:
        inputs = {name: np.array(value) for name, value in json.loads(line).items()}
        for name, detail in details.items():
            # As on Android, where nothing is resized or cast in silence.
            assert inputs[name].shape == tuple(detail["shape"]), name
            assert inputs[name].dtype.kind == np.dtype(detail["dtype"]).kind, name
            inputs[name] = inputs[name].astype(detail["dtype"])
        outputs = {name: value.tolist() for name, value in runner(**inputs).items()}
        print(json.dumps(outputs), flush=True)


if __name__ == "__main__":
    main()
