"""`fixtures gc` on a real S3 server. On a directory: tests/cli/test_gc.py."""

from __future__ import annotations

import pytest

from registry.cli import main
from registry.errors import MissingError
from registry.storage import removal
from tests.kit import collected as kit
from tests.kit.files import contents
from tests.kit.registries import configure
from tests.kit.servers import S3Server

UNWANTED = {"draft", "gone_v1", "never_v1", "old", "old folder"}


@pytest.mark.slow
def test_s3(collected, tmp_path, monkeypatch, capsys):
    """Removed, and nothing besides; a second run finds nothing; keys are not shown."""
    pytest.importorskip("dvc_s3")
    monkeypatch.chdir(collected)
    with S3Server(tmp_path / "s3") as server:
        bucket = tmp_path / "s3" / "bucket" / "registry"
        kit.fill(bucket)
        configure(collected, server.url, **server.settings())
        before = contents(bucket)
        # what the cache does not have is learnt from the bucket
        (collected / ".dvc" / "cache").rename(tmp_path / "cache")
        assert main(["gc", "--remote", "--delete"]) == 0
        assert capsys.readouterr().out.endswith("\nremoved: 5 copies, 203 bytes\n")
        assert kit.removed(bucket) == UNWANTED
        assert contents(bucket).items() <= before.items(), "something else changed"
        assert main(["gc", "--remote", "--delete"]) == 0
        assert capsys.readouterr().out.startswith("nothing to collect\n")

        configure(collected, server.url, **server.settings() | {"secret_access_key": "wrong-key"})
        place = removal.on_remote(collected, writable=True)
        with pytest.raises(MissingError) as caught:
            place.sizes([kit.md5(kit.BYTES["a_v1"])])
        assert caught.value.found.startswith("denied: ")
        assert "wrong-key" not in str(caught.value)
