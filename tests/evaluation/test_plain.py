"""Results go to files whole, or the error is one line."""

import json

import pytest

from tests.conftest import one_line
from whisper_at.errors import OutputError
from whisper_at.evaluation.plain import write_json


def test_a_result_is_json_in_a_folder_that_is_made(tmp_path):
    path = tmp_path / "new" / "result.json"
    write_json({"name": "Über", "value": 0.5}, path)
    assert json.loads(path.read_text("utf-8")) == {"name": "Über", "value": 0.5}


def test_where_nothing_can_be_written_is_told_in_one_line(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OutputError) as error:
        write_json({}, tmp_path / "file" / "result.json")
    assert one_line(error).startswith("cannot write") and "check the folder" in one_line(error)
