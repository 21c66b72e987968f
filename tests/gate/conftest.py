import pytest


@pytest.fixture(autouse=True)
def a_lock_of_its_own(tmp_path, monkeypatch, request):
    """Worlds that are made up disturb nobody: they need not wait for each other, nor for what is really timed."""
    if request.node.get_closest_marker("slow") is None:
        monkeypatch.setattr("assess.measure.alone.user_folder", lambda: tmp_path)
        monkeypatch.setattr("assess.measure.board_lock._shared", lambda: tmp_path)
