"""delivery = "receiver": a reading stays in the outbox until a receiver has stored it, whatever the broker says."""
import contextlib
import json
import os
import random
import re
import sqlite3
import subprocess
import time

import pytest

from harness import BINARY, PASSWORD, ROOT, SIGKILL, USER, fingerprint_mode, run_binary, site, wait_for
from test_collect import postgres, receiver_file

LARGEST = 2**63 - 1
MINUTES = float(os.environ.get("METERSEAL_SOAK_MINUTES", "0"))
SEED = int(os.environ.get("METERSEAL_SOAK_SEED", "7"))


def start(parts, pki, extra="", broker=None):
    certificate = pki.issue("broker")
    broker = broker or parts.mosquitto(certificate, persistence="false")  # as mosquitto comes
    parts.sim()
    agent = parts.agent(site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200', fingerprint_mode(certificate),
                             mqtt_extra=f'delivery = "receiver"\n{extra}'))
    agent.wait_line("MQTT: Connected to")
    return broker, agent


def start_collector(parts, broker, pki):
    file = receiver_file(parts.folder / "receiver", broker.port, pki, '[collect]\ndatabase = "readings.db"\n')
    collector = parts.process([BINARY, "collect", "--config", file])
    collector.wait_line("collecting")
    return collector


def kept(agent):
    """The numbers that wait in the outbox."""
    with contextlib.closing(agent.database()) as db:
        return [row[0] for row in db.execute("select sequence from record order by sequence")]


def numbers(parts):
    """What the collector has stored, with every repetition that its table would hold."""
    with contextlib.closing(sqlite3.connect(f"file:{parts.folder}/receiver/readings.db?mode=ro", uri=True)) as db:
        return [row[0] for row in db.execute("select sequence from reading order by sequence")]


def assert_complete(parts, agent, seconds=120):
    """Everything up to now is at the receiver, once; and the outbox lets go of it."""
    last = agent.last_number()
    wait_for(f"numbers 1 to {last}", lambda: set(numbers(parts)) >= set(range(1, last + 1)), seconds)
    assert len(numbers(parts)) == len(set(numbers(parts)))
    wait_for("the outbox lets go", lambda: all(number > last for number in kept(agent)), seconds)
    wait_for("a report without a gap", lambda: run_binary("collect", "--config", parts.folder / "receiver" / "receiver.toml",
                                                          "--report").returncode == 0, seconds)


def test_a_broker_that_confirms_and_forgets_loses_nothing(parts, pki):
    broker, agent = start(parts, pki)
    collector = start_collector(parts, broker, pki)
    wait_for("readings at the receiver", lambda: len(numbers(parts)) >= 2)
    assert collector.stop() == 0
    forgotten = agent.last_number() + 4
    wait_for("readings that only the broker knows", lambda: agent.last_number() >= forgotten)
    broker.kill()
    broker.restart()
    collector = start_collector(parts, broker, pki)
    assert_complete(parts, agent)
    for _ in range(2):  # and with everybody there
        seen = len(collector.lines)
        broker.kill()
        broker.restart()
        collector.wait_line("collecting", 60, after=seen)
        more = agent.last_number() + 2
        wait_for("more readings", lambda: agent.last_number() >= more)
    assert_complete(parts, agent)


def test_kill_nine_of_device_and_receiver_loses_and_doubles_nothing(parts, pki):
    broker, agent = start(parts, pki)
    collector = start_collector(parts, broker, pki)
    for _ in range(3):
        more = agent.last_number() + 2
        wait_for("more readings", lambda: agent.last_number() >= more)
        agent.signal(SIGKILL)
        agent.kill()
        agent.start()
        agent.wait_line("MQTT: Connected to")
        collector.kill()
        collector = start_collector(parts, broker, pki)
    assert_complete(parts, agent)


def test_without_a_receiver_everything_is_kept_and_the_first_one_gets_it_all(parts, pki):
    broker, agent = start(parts, pki)
    observer = parts.subscriber(broker.port, ca=pki.ca)
    observer.wait("tele/e2e/SENSOR", 6, 40)
    assert agent.stop() == 0
    agent.start()
    observer.wait("tele/e2e/HISTORY", 1, 40)
    count = len(observer.of("tele/e2e/SENSOR")) + 3
    observer.wait("tele/e2e/SENSOR", count, 40)
    waiting = kept(agent)
    assert waiting == list(range(1, len(waiting) + 1)) and len(waiting) >= 9
    start_collector(parts, broker, pki)
    assert_complete(parts, agent)


def test_two_collectors_share_the_load_and_one_of_them_dies(parts, pki, tmp_path, request):
    server, port = postgres(request)
    parts.add(server)
    broker, agent = start(parts, pki)
    folder = tmp_path / "receiver"
    file = receiver_file(folder, broker.port, pki, '[collect]\npostgres_file = "connection"\nshare = "collectors"\n')
    (folder / "connection").write_text(f"host=127.0.0.1 port={port} user=collector dbname=postgres\n")
    (folder / "connection").chmod(0o600)
    first, second = [parts.process([BINARY, "collect", "--config", file]) for _ in range(2)]
    first.wait_line("collecting")
    second.wait_line("collecting")

    def stored():
        devices = json.loads(run_binary("collect", "--config", file, "--report", "--json").stdout or "[]")
        return devices[0]["records"] if devices and devices[0]["missing"] == 0 else 0

    wait_for("readings at the receivers", lambda: stored() >= 4, 60)
    first.kill()
    last = agent.last_number() + 3
    wait_for("more readings", lambda: agent.last_number() >= last)
    wait_for("all of them at the other one", lambda: stored() >= last, 120)
    wait_for("the outbox lets go", lambda: all(number > last for number in kept(agent)), 120)
    assert second.stop() == 0


def test_a_forged_confirmation_deletes_nothing_that_was_not_sent(parts, pki):
    broker, agent = start(parts, pki, 'remote_commands = "none"')
    observer = parts.subscriber(broker.port, ca=pki.ca)
    observer.wait("tele/e2e/SENSOR", 2)
    outbox = observer.json_of("tele/e2e/SENSOR")[0]["Outbox"]

    def confirm(first, last, name=outbox, retain=False, more=""):
        observer.publish("cmnd/e2e/CONFIRM", f'{{"Outbox":"{name}","Confirm":[[{first},{last}]]{more}}}', retain)

    confirm(1, LARGEST, "ffffffff")
    confirm(1, LARGEST, outbox[::-1])
    confirm(agent.last_number() + 15, LARGEST)  # never sent
    confirm(0, LARGEST)
    confirm(1, 2**64)
    confirm(1, LARGEST, more=',"Force":true')
    observer.publish("cmnd/e2e/CONFIRM", "[" * 100_000)
    agent.wait_line("outbox_confirm_malformed")
    last = agent.last_number() + 16  # beyond what was confirmed before it existed
    wait_for("later readings", lambda: agent.last_number() >= last, 60)
    assert kept(agent)[:last] == list(range(1, last + 1))

    assert agent.stop() == 0
    confirm(1, LARGEST, retain=True)
    agent.start()
    agent.wait_line("MQTT: Connected to")
    last = agent.last_number() + 3
    wait_for("later readings", lambda: agent.last_number() >= last)
    assert kept(agent)[:last] == list(range(1, last + 1)), "what is retained is the word of a former day"

    observer.publish("cmnd/e2e/CONFIRM", "", True)
    confirm(last, last)
    wait_for("the true word, whatever remote_commands says", lambda: last not in kept(agent))
    assert kept(agent)[:last - 1] == list(range(1, last))
    assert not observer.of("stat/e2e/RESULT"), "it is no command"


def test_where_puback_counts_a_confirmation_is_no_command_and_deletes_nothing(parts, pki):
    certificate = pki.issue("broker")
    broker = parts.mosquitto(certificate)
    parts.sim()
    observer = parts.subscriber(broker.port, ca=pki.ca)
    agent = parts.agent(site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200', fingerprint_mode(certificate)))
    observer.wait("tele/e2e/SENSOR", 2)
    outbox = observer.json_of("tele/e2e/SENSOR")[0]["Outbox"]
    observer.publish("cmnd/e2e/CONFIRM", f'{{"Outbox":"{outbox}","Confirm":[[1,{LARGEST}]]}}')
    observer.publish("cmnd/e2e/TelePeriod", "")
    observer.wait("stat/e2e/RESULT")
    assert all("CONFIRM" not in m[1] for m in observer.of("stat/e2e/RESULT"))
    assert "outbox_confirm_malformed" not in agent.text


def test_with_the_access_list_of_the_page_only_the_receiver_confirms(parts, pki):
    certificate = pki.issue("broker")
    broker = parts.mosquitto(certificate, user="operator")
    page = (ROOT / "docs" / "brokers.md").read_text()
    (broker.folder / "acl").write_text(re.search(r"```\n(# devices: their own.*?)```", page, re.S)[1] + "\nuser observer\ntopic read #\n")
    config = broker.folder / "mosquitto.conf"
    config.write_text(config.read_text() + f"acl_file {broker.folder}/acl\n")
    for name in ("collector", USER):
        subprocess.run(["mosquitto_passwd", "-b", broker.folder / "users", name, PASSWORD], check=True, capture_output=True)
    broker.stop()
    broker.restart()
    parts.sim()
    observer = parts.subscriber(broker.port, ca=pki.ca)
    tls = fingerprint_mode(certificate)
    agent = parts.agent(site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200', tls, topic=USER,
                             mqtt_extra='delivery = "receiver"'))
    observer.wait(f"tele/{USER}/SENSOR", 2)
    outbox = observer.json_of(f"tele/{USER}/SENSOR")[0]["Outbox"]
    word = f'{{"Outbox":"{outbox}","Confirm":[[1,{LARGEST}]]}}'
    for user in ("operator", USER):
        stranger = parts.subscriber(broker.port, ca=pki.ca, topics=("stat/#",), user=user, password=PASSWORD, client_id=user)
        stranger.client.publish(f"cmnd/{USER}/CONFIRM", word, qos=1)
        broker.wait_line(f"Denied PUBLISH from {user} .*CONFIRM")
        stranger.stop()
    operator = parts.subscriber(broker.port, ca=pki.ca, topics=("stat/#",), user="operator", password=PASSWORD, client_id="other")
    operator.publish(f"cmnd/{USER}/TelePeriod", "")
    operator.wait(f"stat/{USER}/RESULT")
    last = agent.last_number() + 2
    wait_for("later readings", lambda: agent.last_number() >= last)
    assert kept(agent)[:last] == list(range(1, last + 1))
    file = receiver_file(parts.folder / "receiver", broker.port, pki, '[collect]\ndatabase = "readings.db"\n')
    file.write_text(file.read_text().replace(f'user = "{USER}"', 'user = "collector"'))
    parts.process([BINARY, "collect", "--config", file]).wait_line("collecting")
    assert_complete(parts, agent)


@pytest.mark.soak
def test_random_deaths_of_device_broker_and_receiver_lose_and_double_nothing(parts, pki):
    dice = random.Random(SEED)
    broker, agent = start(parts, pki)
    collector = start_collector(parts, broker, pki)
    until = time.monotonic() + 60 * MINUTES
    rounds = 0
    while rounds < 10 or time.monotonic() < until:
        rounds += 1
        more = agent.last_number() + dice.randint(1, 2)
        wait_for("more readings", lambda: agent.last_number() >= more)
        time.sleep(dice.random() * 0.3)  # any moment, not just behind a commit
        for victim in dice.sample(("device", "broker", "receiver"), dice.randint(1, 2)):
            if victim == "device":
                agent.signal(SIGKILL)
                agent.kill()
                agent.start()
                agent.wait_line("is open", 40)
            elif victim == "broker":
                broker.kill()
                broker.restart()
            else:
                collector.kill()
                collector = start_collector(parts, broker, pki)
    assert_complete(parts, agent)
