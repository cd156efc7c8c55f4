"""A gateway without a clock: readings are kept with boot and monotonic time and get their time when it is known."""
import os
import time

from harness import fingerprint_mode, site, wait_for


def test_readings_of_an_unknown_clock_are_labelled_when_it_is_known(parts, pki):
    certificate = pki.issue("broker")
    broker = parts.mosquitto(certificate)
    parts.sim()
    observer = parts.subscriber(broker.port, ca=pki.ca)
    clock = parts.folder / "clock"
    clock.write_text("@2001-01-01 00:00:00\n")  # long before this program was built: below the floor, so unknown
    config = site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200', fingerprint_mode(certificate))
    agent = parts.agent(config, env={
        "LD_PRELOAD": faketime_library(), "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1"})
    agent.wait_line(r"clock .*(not known|unknown)")

    def unlabelled():
        with agent.database() as db:
            return db.execute("select count(*) from record where utc_ms is null").fetchone()[0]

    wait_for("unlabelled readings", lambda: unlabelled() >= 3)
    assert not observer.of("tele/e2e/SENSOR"), "nothing is published with a time that is not known"
    begun = time.time()
    clock.write_text("+0\n")
    history = wait_for("the relabelled backlog", lambda: len(observer.of("tele/e2e/HISTORY")) >= 3 and
                       observer.json_of("tele/e2e/HISTORY"), 40)
    for message in history[:3]:
        labelled = time.mktime(time.strptime(message["Time"], "%Y-%m-%dT%H:%M:%S"))
        assert begun - 60 < labelled <= time.time() + 1, message["Time"]
    observer.wait("tele/e2e/SENSOR", 2)
    assert unlabelled() == 0


def faketime_library():
    for folder in ("x86_64-linux-gnu", "aarch64-linux-gnu", "arm-linux-gnueabihf"):
        path = f"/usr/lib/{folder}/faketime/libfaketime.so.1"
        if os.path.exists(path):
            return path
    raise AssertionError("libfaketime is not installed")
