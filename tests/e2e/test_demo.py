"""./dev demo as a newcomer runs it (its script, on the binary that was built)."""
import os
import signal
import subprocess
import tempfile
import time

import pytest

from harness import BINARY, ROOT, wait_for

pytestmark = pytest.mark.skipif(BINARY != ROOT / "build" / "release" / "meterseal",
                                reason="the demo runs build/release/meterseal; this is another build")


def run_demo(folder, *args):
    return subprocess.Popen([ROOT / "scripts" / "demo.sh", *args], cwd=folder, env={**os.environ, "TMPDIR": str(folder)},
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)


def processes_of(folder):
    out = subprocess.run(["pgrep", "-f", str(folder)], capture_output=True, text=True).stdout.split()
    return [p for p in out if p != str(os.getpid())]


def assert_nothing_left(folder):
    assert os.listdir(folder) == []
    assert wait_for("no process left", lambda: not processes_of(folder), 10)


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(prefix="msdemo") as f:
        yield f


@pytest.mark.parametrize("mode", ["fingerprint", "ca"])
def test_the_demo_shows_sealed_readings_and_leaves_nothing(folder, mode):
    demo = run_demo(folder, "--mode", mode, "--seconds", "6")
    out, _ = demo.communicate(timeout=90)
    assert demo.returncode == 0, out
    assert "tele/demo/SENSOR {" in out and "(TLS)" in out and "SIMULATED" in out
    assert_nothing_left(folder)


def test_the_demo_survives_a_broker_outage(folder):
    demo = run_demo(folder, "--seconds", "12", "--outage", "4")
    out, _ = demo.communicate(timeout=120)
    assert demo.returncode == 0, out
    assert "tele/demo/HISTORY {" in out
    assert_nothing_left(folder)


def renewed_demo(folder, mode, kind):
    demo = run_demo(folder, "--mode", mode, "--renew", kind, "--seconds", "3")
    out, _ = demo.communicate(timeout=150)
    assert demo.returncode == 0, out
    assert "messages numbered without a gap: nothing was lost" in out
    assert ("refused, nothing sent" in out) == (kind == "other-ca")
    assert_nothing_left(folder)


@pytest.mark.parametrize("mode", ["fingerprint", "ca"])
def test_the_demo_goes_on_after_a_renewal_with_the_same_key(folder, mode):
    renewed_demo(folder, mode, "same-key")


@pytest.mark.parametrize("mode", ["fingerprint", "ca"])
def test_the_demo_goes_on_after_a_renewal_with_a_new_key(folder, mode):
    renewed_demo(folder, mode, "new-key")


@pytest.mark.parametrize("mode", ["fingerprint", "ca"])
def test_the_demo_refuses_another_ca_and_is_mended_without_a_loss(folder, mode):
    renewed_demo(folder, mode, "other-ca")


def test_the_demo_learns_and_sends_nothing_before_the_confirmation(folder):
    demo = run_demo(folder, "--mode", "learn", "--seconds", "4")
    out, _ = demo.communicate(timeout=90)
    assert demo.returncode == 0, out
    assert out.index("not confirmed") < out.index("the agent trusts this certificate now") < out.index("tele/demo/SENSOR {")
    assert_nothing_left(folder)


def test_ctrl_c_ends_the_demo_and_leaves_nothing(folder):
    demo = run_demo(folder)
    started = time.monotonic()
    for line in demo.stdout:
        if "tele/demo/SENSOR {" in line:
            break
        assert time.monotonic() - started < 60
    os.killpg(demo.pid, signal.SIGINT)
    demo.communicate(timeout=30)
    assert demo.returncode == 130
    assert_nothing_left(folder)


def test_wrong_options_of_the_demo_exit_2(folder):
    for wrong in (["--mode", "none"], ["--seconds", "x"], ["--frobnicate"], ["--mode"], ["--renew", "x"],
                  ["--renew", "same-key", "--outage", "3"]):
        demo = run_demo(folder, *wrong)
        out, _ = demo.communicate(timeout=10)
        assert demo.returncode == 2, wrong
        assert "dev demo: error: " in out
