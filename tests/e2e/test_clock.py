"""A gateway without a clock: readings are kept with boot and monotonic time and get their time when it is known."""
import subprocess
import time

from harness import ROOT, fingerprint_mode, site, wait_for


def test_readings_of_an_unknown_clock_are_labelled_when_it_is_known(parts, pki):
    certificate = pki.issue("broker")
    broker = parts.mosquitto(certificate)
    parts.sim()
    observer = parts.subscriber(broker.port, ca=pki.ca)
    clock = parts.folder / "clock"
    clock.write_text(f"{978307200 - int(time.time())}\n")  # 2001: before this program was built, so it cannot be right
    config = site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200', fingerprint_mode(certificate))
    agent = parts.agent(config, env={"LD_PRELOAD": wall_clock(parts.folder), "WALL_CLOCK_OFFSET": str(clock)})
    agent.wait_line(r"clock .*(not known|unknown)")

    def unlabelled():
        with agent.database() as db:
            return db.execute("select count(*) from record where utc_ms is null").fetchone()[0]

    wait_for("unlabelled readings", lambda: unlabelled() >= 3)
    assert not observer.of("tele/e2e/SENSOR"), "nothing is published with a time that is not known"
    begun = time.time()
    clock.write_text("0\n")
    history = wait_for("the relabelled backlog", lambda: len(observer.of("tele/e2e/HISTORY")) >= 3 and
                       observer.json_of("tele/e2e/HISTORY"), 40)
    for message in history[:3]:
        labelled = time.mktime(time.strptime(message["Time"], "%Y-%m-%dT%H:%M:%S"))
        assert begun - 60 < labelled <= time.time() + 1, message["Time"]
    observer.wait("tele/e2e/SENSOR", 2)
    assert unlabelled() == 0


def wall_clock(folder):
    library = folder / "wall_clock.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library, ROOT / "tests" / "support" / "wall_clock.c", "-ldl"], check=True)
    return str(library)
