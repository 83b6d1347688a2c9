"""Corpora as recordings with what is true of them: readers of the usual layouts, and scenes with exact truth."""
