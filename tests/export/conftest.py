from exported_runs import any_export, audio_export, both_export, text_export  # noqa: F401
