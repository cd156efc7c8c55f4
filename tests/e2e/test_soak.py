"""kill -9, outages of the broker, orderly restarts and SIGHUP, at random moments: every number arrives, and says the same
whenever it is sent again. A few rounds here; ./dev soak MINUTES goes on for so long."""
import os
import random
import time

import pytest

from harness import SIGHUP, SIGKILL, fingerprint_mode, site, wait_for

MINUTES = float(os.environ.get("METERSEAL_SOAK_MINUTES", "0"))
SEED = int(os.environ.get("METERSEAL_SOAK_SEED", "7"))


def by_number(observer):
    """Number of the record -> the texts with which it came."""
    texts = {}
    for topic in ("tele/e2e/SENSOR", "tele/e2e/HISTORY"):
        for message, parsed in zip(observer.of(topic), observer.json_of(topic)):
            texts.setdefault(parsed["Seq"], set()).add(message[1])
    return texts


@pytest.mark.soak
def test_random_kills_and_outages_lose_nothing_and_change_nothing(parts, pki):
    dice = random.Random(SEED)
    certificate = pki.issue("broker")
    broker = parts.mosquitto(certificate)
    parts.sim()
    observer = parts.subscriber(broker.port, ca=pki.ca)
    agent = parts.agent(site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200', fingerprint_mode(certificate)))
    observer.wait("tele/e2e/SENSOR", 2)
    until = time.monotonic() + 60 * MINUTES
    rounds = 0
    broker_is_up = True
    while rounds < 10 or time.monotonic() < until:
        rounds += 1
        time.sleep(dice.uniform(0.05, 1.5))  # the moment is the point of the test
        what = dice.choice(["kill", "kill", "broker", "stop", "reload"])
        if what == "kill":
            agent.signal(SIGKILL)
            agent.kill()
            agent.start()
        elif what == "stop":
            agent.wait_line("CLK: ")
            assert agent.stop() == 0
            agent.start()
        elif what == "reload":
            agent.wait_line("CLK: ")
            agent.signal(SIGHUP)
        elif broker_is_up:
            broker.stop()
            broker_is_up = False
        else:
            broker.restart()
            broker_is_up = True
    if not broker_is_up:
        broker.restart()
    wait_for("the agent", lambda: agent.child.poll() is None and any("Connected to" in x for x in agent.lines), 60)
    want = agent.last_number()
    wait_for(f"{want} numbers", lambda: len(by_number(observer)) >= want, 60 + 2 * MINUTES)
    texts = by_number(observer)
    assert sorted(texts)[:want] == list(range(1, want + 1)), "no gap"
    assert all(len(said) == 1 for said in texts.values()), "a record says the same each time"
