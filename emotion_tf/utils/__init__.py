"""Files, locks, paths, checksums, child processes, and what leans on the insides of TensorFlow."""
