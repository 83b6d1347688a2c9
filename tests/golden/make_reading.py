"""Makes reading.json.gz, ten minutes of read English as `base` heard them: words with their times, and sounds.

    python tests/golden/make_reading.py READING.wav

READING.wav is the recording that `benchmarks/compare.py --sets long` joins from sentences of the CC0 corpus "Kathleen".
Tokens and rows of tags are left out: captions do not look at them.
"""

import gzip
import json
import sys
from dataclasses import replace
from pathlib import Path

from whisper_at import load

if __name__ == "__main__":
    annotation = load("base").annotate(sys.argv[1], word_timestamps=True)
    segments = tuple(replace(segment, tokens=()) for segment in annotation.segments)
    data = replace(annotation, segments=segments, tags=None).to_dict()
    text = json.dumps(data, ensure_ascii=False).encode()
    Path(__file__).with_name("reading.json.gz").write_bytes(gzip.compress(text, mtime=0))
