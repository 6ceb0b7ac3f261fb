"""What holds for all tests: they see the bundled knowledge, whatever this machine has installed."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def bundled_knowledge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keep knowledge that a user of this machine installed away from all tests."""
    folder = tmp_path_factory.mktemp("no-knowledge")
    patch = pytest.MonkeyPatch()
    patch.setenv("EXTRIAGE_KNOWLEDGE", str(folder))
    return folder
