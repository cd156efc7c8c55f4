import sys
import pathlib

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from harness import Mosquitto, Pki, Process, Sim, Subscriber, Agent, RecordingProxy  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "soak: full length only with ./dev soak")


@pytest.fixture
def pki(tmp_path):
    return Pki(tmp_path / "pki")


@pytest.fixture
def parts(tmp_path):
    """Starts parts by calling them like their classes and ends all of them afterwards, in reverse order."""
    started = []

    class Parts:
        folder = tmp_path

        def add(self, part):
            started.append(part)
            return part

        def mosquitto(self, certificate, **kw):
            return self.add(Mosquitto(tmp_path / f"broker{len(started)}", certificate, **kw))

        def sim(self, *args, **kw):
            return self.add(Sim(tmp_path / "bus", *args, **kw))

        def agent(self, config, **kw):
            return self.add(Agent(tmp_path / "site", config, **kw))

        def subscriber(self, *args, **kw):
            return self.add(Subscriber(*args, **kw))

        def process(self, *args, **kw):
            return self.add(Process(*args, **kw))

        def proxy(self, port):
            return self.add(RecordingProxy(port))

    yield Parts()
    for part in reversed(started):
        if isinstance(part, Process):
            part.kill()
        else:
            part.stop()
