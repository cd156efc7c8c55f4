"""A gateway without a clock: readings are kept with boot and monotonic time and get their time when it is known."""
import subprocess
import time

from harness import ROOT, ca_mode, fingerprint_mode, run_binary, site, wait_for


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


def test_a_clock_that_is_set_back_behind_what_was_proved_is_not_believed(parts, pki):
    made = int(time.time()) - 60
    certificate = pki.issue("broker", start=time.strftime("%Y%m%d%H%M%SZ", time.gmtime(made)))
    broker = parts.mosquitto(certificate)
    parts.sim()
    observer = parts.subscriber(broker.port, ca=pki.ca)
    clock = parts.folder / "clock"
    clock.write_text("0\n")
    config = site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200', ca_mode(pki))
    shifted = {"LD_PRELOAD": wall_clock(parts.folder), "WALL_CLOCK_OFFSET": str(clock)}
    agent = parts.agent(config, env=shifted)
    observer.wait("tele/e2e/SENSOR", 1)
    proved = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(made))
    wait_for("the proved time", lambda: proved in console(agent, "ClockFloor"))

    clock.write_text("-120\n")  # before the certificate was made, as a forged time server would say
    agent.wait_line(r"clock .*not known")
    broker.stop()
    broker.restart()
    agent.wait_line(r"trust_clock_unknown")
    checked = run_binary("tls", "check", "--config", str(agent.config), "--state", str(agent.folder / "state"), env=shifted)
    assert "proved that it is later than" in checked.stdout and "ClockFloor 0" in checked.stdout, checked.stdout

    agent.stop()
    agent.start()  # it is kept
    agent.wait_line(r"clock .*not known")
    agent.wait_line(r"trust_clock_unknown")
    clock.write_text("0\n")
    observer.wait("tele/e2e/HISTORY", 1, 60)

    assert proved not in console(agent, "ClockFloor", "0"), "forgotten until the next connection proves it"


def console(agent, *line):
    return run_binary("console", "--state", str(agent.folder / "state"), *line).stdout


def wall_clock(folder):
    library = folder / "wall_clock.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library, ROOT / "tests" / "support" / "wall_clock.c", "-ldl"], check=True)
    return str(library)
