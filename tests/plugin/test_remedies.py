"""What the plugin's errors say to do: in pytest, a registry is named by an ini option."""

from __future__ import annotations

from tests.kit.upstream import Upstream

pytest_plugins = ["pytester"]

TEST = """
def test_it(load_fixture):
    load_fixture("small_v1")
"""


def test_no_registry(consumer):
    """Nothing is named and nothing near: the option is."""
    consumer.configure(fixtures_registry=None)
    consumer.write(TEST)
    output = consumer.run().stdout.str()
    assert (
        "to mend:  name the registry by the ini option fixtures_registry, a path or "
        "git+URL@REVISION, or by FIXTURES_REGISTRY"
    ) in output, output


def test_a_registry_by_url_has_no_folder_to_go_to(consumer, tmp_path, monkeypatch):
    """Its folder in the cache is no place in which a command mends anything."""
    monkeypatch.setenv("FIXTURES_CACHE", str(tmp_path / "cache"))
    upstream = Upstream(tmp_path / "up" / "stream")
    (upstream.path / "dvc.lock").write_text("schema: '2.0'\n")
    upstream.commit()
    consumer.configure(fixtures_registry=upstream.at("main"))
    consumer.write(TEST)
    output = consumer.run().stdout.str()
    assert "to mend:  name another revision of the registry" in output, output
    assert f"(in {tmp_path / 'cache'}" not in output, "a folder of the cache is named"
