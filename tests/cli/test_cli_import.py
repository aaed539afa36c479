"""``forum import`` from the terminal; what it reads and reports is tested in the room ``transfer``."""

from pathlib import Path

from tests.cli.conftest import Forum

DATA = Path(__file__).parents[1] / "data" / "import"


def test_import_into_an_empty_folder_and_again(forum: Forum) -> None:
    first = forum("import", "wordpress", str(DATA / "isso-wordpress.xml"))
    assert first.code == 0, first.err
    again = forum("import", "wordpress", str(DATA / "isso-wordpress.xml"))
    assert again.code == 0
    assert first.out != again.out, "the second time everything is here already"


def test_a_dry_run_writes_nothing(forum: Forum) -> None:
    planned = forum("import", "disqus", str(DATA / "isso-disqus.xml"), "--dry-run")
    assert planned.code == 0
    assert "Loaded the demo" in forum("demo").out, "the database is still empty"


def test_a_file_that_is_none_is_refused(forum: Forum) -> None:
    done = forum("import", "disqus", str(DATA / "isso-wordpress.xml"))
    assert done.code == 1
    assert done.err.splitlines()[-1].startswith("Error: Nothing was imported. ")
    assert "Traceback" not in done.err
    assert forum("import", "disqus", str(DATA / "nothing.xml")).code == 2
