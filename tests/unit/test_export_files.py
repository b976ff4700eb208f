"""Which files of exports are removed."""

from pathlib import Path

from tasks.export_files import ExportFiles


def test_a_file_that_appeared_since_it_was_asked_which_tasks_there_are_stays(tmp_path: Path) -> None:
    files = ExportFiles(tmp_path)
    (tmp_path / "1.ndjson.gz").touch()
    ids = files.ids()
    for later in ("2.ndjson.gz", "3.ndjson.gz.1.part"):
        (tmp_path / later).touch()
    files.keep({}, ids)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2.ndjson.gz", "3.ndjson.gz.1.part"]
