"""No reading is lost: not while the broker is away, not at kill -9, not at an orderly restart."""

from harness import SIGKILL, fingerprint_mode, site, wait_for


def start(parts, pki):
    certificate = pki.issue("broker")
    broker = parts.mosquitto(certificate)
    parts.sim()
    observer = parts.subscriber(broker.port, ca=pki.ca)
    agent = parts.agent(site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200', fingerprint_mode(certificate)))
    observer.wait("tele/e2e/SENSOR", 2)
    return broker, observer, agent


def readings(observer):
    """Distinct telemetry messages by what they say: a repeated one counts once."""
    return {m[1] for topic in ("tele/e2e/SENSOR", "tele/e2e/HISTORY") for m in observer.of(topic)}


def pending(agent):
    with agent.database() as db:
        return db.execute("select count(*) from record").fetchone()[0]


def assert_everything_arrived(observer, agent, seconds=30):
    want = agent.last_number()
    wait_for(f"{want} distinct readings", lambda: len(readings(observer)) >= want, seconds)


def test_a_broker_outage_loses_nothing_and_is_replayed_on_history(parts, pki):
    broker, observer, agent = start(parts, pki)
    live_before = len(observer.of("tele/e2e/SENSOR"))
    broker.stop()
    wait_for("five readings in the outbox", lambda: pending(agent) >= 5)
    broker.restart()
    wait_for("the backlog", lambda: len(observer.of("tele/e2e/HISTORY")) >= 5, 40)
    observer.wait("tele/e2e/SENSOR", live_before + 2)
    assert_everything_arrived(observer, agent)
    times = [m["Time"] for m in observer.json_of("tele/e2e/HISTORY")]
    assert times == sorted(times), "oldest first"
    live = [m["Time"] for m in observer.json_of("tele/e2e/SENSOR")]
    assert live == sorted(live), "SENSOR never goes back in time"
    assert set(observer.json_of("tele/e2e/HISTORY")[0]) == set(observer.json_of("tele/e2e/SENSOR")[0])


def test_kill_nine_while_publishing_loses_nothing(parts, pki):
    broker, observer, agent = start(parts, pki)
    for round_ in range(5):
        agent.signal(SIGKILL)
        agent.kill()
        agent.start()
        seen = len(readings(observer))
        wait_for("new readings", lambda: len(readings(observer)) > seen + round_ % 2)
    assert_everything_arrived(observer, agent)


def test_kill_nine_during_an_outage_loses_nothing(parts, pki):
    broker, observer, agent = start(parts, pki)
    broker.stop()
    wait_for("readings in the outbox", lambda: pending(agent) >= 3)
    agent.signal(SIGKILL)
    agent.kill()
    committed = agent.last_number()
    agent.start()
    wait_for("more readings in the outbox", lambda: agent.last_number() >= committed + 2)
    broker.restart()
    assert_everything_arrived(observer, agent, 60)


def test_an_orderly_stop_keeps_what_was_not_confirmed(parts, pki):
    broker, observer, agent = start(parts, pki)
    broker.stop()
    wait_for("readings in the outbox", lambda: pending(agent) >= 2)
    assert agent.stop() == 0
    broker.restart()
    agent.start()
    assert_everything_arrived(observer, agent, 60)


def test_the_outbox_is_empty_again_after_confirmation(parts, pki):
    _, _, agent = start(parts, pki)
    # Deletions ride with the next commit, so two records at most are on their way at any time.
    wait_for("deletions", lambda: agent.last_number() >= 5 and pending(agent) <= 2)


def test_totals_continue_over_a_restart(parts, pki):
    _, observer, agent = start(parts, pki)
    before = observer.json_of("tele/e2e/SENSOR")[-1]["ENERGY"]
    assert agent.stop() == 0
    count = len(observer.of("tele/e2e/SENSOR"))
    agent.start()
    observer.wait("tele/e2e/SENSOR", count + 2)
    after = observer.json_of("tele/e2e/SENSOR")[-1]["ENERGY"]
    assert after["TotalStartTime"] == before["TotalStartTime"]
    assert before["Total"] <= after["Total"] < before["Total"] + 1
    assert before["Today"] <= after["Today"] < before["Today"] + 1
