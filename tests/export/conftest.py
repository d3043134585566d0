"""Fixtures as they are published, and no network for the tools that read the documents."""

from __future__ import annotations

import socket

import pytest

from registry import export

NAME = "minimal_dataset_v1_n16"


@pytest.fixture
def item(root):
    """The fixture of 16 positions, as it is published."""
    (item,) = export.read(root, [NAME])
    return item


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    """Whatever asks for a name or a connection fails its test."""

    def refuse(*arguments: object) -> None:
        raise AssertionError(f"the network was asked for: {arguments}")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
