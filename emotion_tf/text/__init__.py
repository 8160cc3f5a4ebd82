"""Transcripts: tokens, vocabularies and word vectors."""
