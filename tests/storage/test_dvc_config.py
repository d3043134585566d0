"""Tests of `registry.storage.dvc_config`."""

from __future__ import annotations

import pytest

from registry.storage import dvc_config


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A DVC repository that only its own configuration shapes."""
    for level in ("SYSTEM", "GLOBAL"):
        monkeypatch.setenv(f"DVC_{level}_CONFIG_DIR", str(tmp_path / "none"))
    (tmp_path / ".dvc").mkdir()
    return tmp_path


def test_values_and_their_files(root):
    """Each setting comes with the file that it is in, the strongest last."""
    (root / ".dvc" / "config").write_text("[core]\nremote = a\n['remote \"a\"']\nurl = ../x\n")
    (root / ".dvc" / "config.local").write_text("[core]\nremote = b\n")
    found = [(item.section, item.key, item.value, item.file.name) for item in dvc_config.read(root)]
    assert found == [
        ("core", "remote", "a", "config"),
        ('remote "a"', "url", "../x", "config"),
        ("core", "remote", "b", "config.local"),
    ], "not what the files say"


def test_a_value(root):
    """Of several files the strongest counts."""
    (root / ".dvc" / "config").write_text("[core]\nremote = a\n")
    (root / ".dvc" / "config.local").write_text("[core]\nremote = b\n")
    found = dvc_config.value(root, "core", "remote")
    assert found is not None, "not found"
    assert found.value == "b", "not the clone's own"
    assert dvc_config.value(root, "core", "absent") is None, "found what no file has"


def test_all_files_from_the_weakest_to_the_strongest(root, tmp_path, monkeypatch):
    """The system's, the user's, the repository's, the clone's own: the last one counts."""
    for level in ("SYSTEM", "GLOBAL"):
        monkeypatch.setenv(f"DVC_{level}_CONFIG_DIR", str(tmp_path / level))
    for folder, name in (
        (tmp_path / "SYSTEM", "config"),
        (tmp_path / "GLOBAL", "config"),
        (root / ".dvc", "config"),
        (root / ".dvc", "config.local"),
    ):
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(f"[core]\nremote = {folder.name}/{name}\n")
    assert [item.value for item in dvc_config.read(root)] == [
        "SYSTEM/config", "GLOBAL/config", ".dvc/config", ".dvc/config.local",
    ]  # fmt: skip
    found = dvc_config.value(root, "core", "remote")
    assert found is not None
    assert found.value == ".dvc/config.local"


def test_a_section_in_capitals(root):
    """DVC does not tell them from small letters."""
    (root / ".dvc" / "config").write_text("[CORE]\nremote = a\n[other]\nremote = b\n")
    found = dvc_config.value(root, "core", "remote")
    assert found is not None
    assert found.value == "a"


def test_the_folder_of_the_repository(root, tmp_path):
    """The nearest one at or above the registry; where there is none, the one that would be."""
    inner = root / "deep" / "down"
    inner.mkdir(parents=True)
    assert dvc_config.folder(inner) == root / ".dvc"
    (inner / ".dvc").mkdir()
    assert dvc_config.folder(inner) == inner / ".dvc"
    (inner / ".dvc").rmdir()
    (root / ".dvc").rmdir()
    assert dvc_config.folder(inner) == inner / ".dvc"


@pytest.mark.parametrize("text", [b"[core\n", b"\xff\xfe", b"remote = a\n"])
def test_a_broken_file(root, text):
    """A file that cannot be read counts as empty, and the others as they are."""
    (root / ".dvc" / "config").write_bytes(text)
    (root / ".dvc" / "config.local").write_text("[core]\nremote = b\n")
    assert [item.value for item in dvc_config.read(root)] == ["b"], "not the other file alone"


def test_what_is_no_file(root):
    """The first place where something else is; a link to a file is one, and none is needed."""
    (root / "elsewhere").write_text("[core]\n")
    (root / ".dvc" / "config").symlink_to("../elsewhere")
    assert dvc_config.not_a_file(root) is None, "a file was taken for none"
    (root / ".dvc" / "config.local").mkdir()
    assert dvc_config.not_a_file(root) == root / ".dvc" / "config.local", "it was not found"


class TestRedaction:
    """Text without secrets."""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("to https://me:pw@host/a: failed", "to https://***@host/a: failed"),
            ("ssh://me@host:22/a", "ssh://***@host:22/a"),
            ("https://t0ken@host/a@b", "https://***@host/a@b"),
            ("https://me:p@ss@host/a", "https://***@host/a"),
            ("URL('https://host/a?X-Amz-Signature=abc&b=c')", "URL('https://host/a?***')"),
            ("mail me@host about it", "mail me@host about it"),
            ("two\nlines", "two\nlines"),
        ],
    )
    def test_urls(self, root, text, expected):
        """User, password and query of any URL are masked, whether configured or not."""
        assert dvc_config.Redaction(root)(text) == expected, "not that text"

    @pytest.mark.parametrize(
        "line",
        [
            "password = hunter22",
            "passphrase = hunter22",
            "secret_access_key = hunter22",
            "access_key_id = hunter22",
            "session_token = hunter22",
            "sas_token = hunter22",
            "connection_string = hunter22",
            "account_key = hunter22",
            "client_secret = 'hunter22'",
            "url = https://me:hunter22@host/a",
            "url = https://hunter22@host/a",
            "endpointurl = https://me:hunter22@host",
        ],
    )
    def test_settings(self, root, line):
        """What DVC's configuration says is secret is masked wherever it stands."""
        (root / ".dvc" / "config").write_text(f"['remote \"a\"']\n{line}\n")
        found = dvc_config.Redaction(root)("denied to hunter22 there")
        assert found == "denied to *** there", "the secret shows"

    @pytest.mark.parametrize(
        "line", ["ask_password = true", "user = true", "keyfile = true", "url = ../true"]
    )
    def test_other_settings(self, root, line):
        """What is no secret is left as it is."""
        (root / ".dvc" / "config").write_text(f"['remote \"a\"']\n{line}\n")
        assert dvc_config.Redaction(root)("it is true") == "it is true", "masked"

    @pytest.mark.parametrize("written", ["p/w", "p%2Fw"])
    def test_escaped(self, root, written):
        """A password is masked as it is written in a URL, and as it is meant."""
        (root / ".dvc" / "config").write_text("['remote \"a\"']\nurl = https://me:p%2Fw@host/a\n")
        assert dvc_config.Redaction(root)(f"wrong: {written}") == "wrong: ***", "it shows"

    def test_the_longest_first(self, root):
        """A secret that begins with another leaves nothing of itself."""
        (root / ".dvc" / "config").write_text(
            "['remote \"a\"']\npassword = abc\n['remote \"b\"']\npassword = abcdef\n"
        )
        assert dvc_config.Redaction(root)("abcdef") == "***", "its end shows"

    @pytest.mark.parametrize(
        ("name", "value", "expected"),
        [
            ("AWS_SECRET_ACCESS_KEY", "hunter22", "***"),
            ("GITHUB_TOKEN", "hunter22", "***"),
            ("USE_TOKEN", "yes", "yes"),
            ("USE_TOKEN", "hunt2", "hunt2"),
            ("USE_TOKEN", "hunt22", "***"),
            ("EDITOR", "hunter22", "hunter22"),
        ],
    )
    def test_environment(self, root, monkeypatch, name, value, expected):
        """A variable whose name says that it is a secret is one, if it is long enough."""
        monkeypatch.setenv(name, value)
        assert dvc_config.Redaction(root)(value) == expected, "not that text"

    def test_a_url_without_a_password(self, root):
        """A colon and nothing after it is no secret, and masks nothing."""
        (root / ".dvc" / "config").write_text("['remote \"a\"']\nurl = https://me:@host/a\n")
        assert dvc_config.Redaction(root)("it is me") == "it is me"

    def test_its_own_representation(self, root):
        """It can be shown as a local variable without showing a secret."""
        (root / ".dvc" / "config").write_text("['remote \"a\"']\npassword = hunter22\n")
        redaction = dvc_config.Redaction(root)
        assert "hunter22" not in repr(redaction) + str(redaction), "the secret shows"


def test_what_dvc_may_read_otherwise(root):
    """All settings, or none where a file is no such one, or has more than a line of a value."""
    file = root / ".dvc" / "config"
    assert dvc_config.read_wholly(root) == [], "without a file"
    file.write_text("[core]\n    remote = a\n")
    assert dvc_config.read_wholly(root) == list(dvc_config.read(root))
    for text in ("[core\n", "remote = a\n", "[core]\nremote = a\n    analytics = false\n"):
        file.write_text(text)
        assert dvc_config.read_wholly(root) is None, text
    file.write_bytes(b"\xff\xfe")
    assert dvc_config.read_wholly(root) is None, "no text"


@pytest.mark.parametrize(
    ("address", "scheme"),
    [("S3://bucket/a", "s3"), ("ssh://host", "ssh"), ("../store", ""), ("C:/store", ""), ("", "")],
)
def test_the_scheme_of_an_address(address, scheme):
    """A folder has none, be it one on a drive of Windows."""
    assert dvc_config.scheme(address) == scheme
