"""Between the server and the application: bodies whose chunks make no sense, and addresses of a site that are none."""

from pathlib import Path
from typing import Any

import pytest
from gunicorn.http.errors import ChunkMissingTerminator, InvalidChunkSize

from forum.app import create_app
from forum.server import reading_safely
from forum.settings import SettingsError, load_settings
from tests.conftest import test_settings


@pytest.mark.parametrize("failure", [InvalidChunkSize(b"zz"), ChunkMissingTerminator(b"x"), OSError("gone")])
def test_broken_chunks_are_the_callers_fault(tmp_path: Path, failure: Exception) -> None:
    made = create_app(test_settings(tmp_path))
    made.wsgi_app = reading_safely(made.wsgi_app)  # type: ignore[method-assign]

    class Broken:
        def read(self, size: int | None = None) -> bytes:
            raise failure

    environ: dict[str, Any] = {"wsgi.input": Broken(), "wsgi.input_terminated": True, "CONTENT_TYPE": "application/json"}
    answer = made.test_client().post("/api/v1/session", environ_overrides=environ)
    assert (answer.status_code, answer.get_json()["type"]) == (400, "/problems/malformed")


@pytest.mark.parametrize("address", ["http://[::1", "http://x:99999", "http://x:0", "http://x:y", "ftp://x", "http://", "x.example", "https://x.example/forum",
                                     "https://x.example?a", "https://user:secret@x.example", ""])  # fmt: skip
def test_a_public_address_that_is_none_is_one_sentence(address: str) -> None:
    with pytest.raises(SettingsError, match="FORUM_BASE_URL must be an address") as caught:
        load_settings({"FORUM_BASE_URL": address})
    assert "secret" not in str(caught.value)
