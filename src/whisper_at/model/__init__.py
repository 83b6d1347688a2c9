"""Networks and their files.

In: weight files; log-mel windows. Out: `Encoded(features, taps)`, logits of heads, hypotheses of the decoder.
"""
