"""One pass over recordings: each window is encoded once, for the words and for the tags.

in_batches   many windows at once, of one recording or of many, cut at pauses: the default
in_order     one window after the other, by Whisper's own rules
channels     what was heard on channels that were kept apart, as one
"""
