"""Learning and its confirmation by a person, and what the alarm command is told, with the real agent and broker."""
import datetime
import json

import pytest

from harness import Certificate, SIGHUP, fingerprint_mode, run_binary, site, wait_for

LEARN = 'mode = "fingerprint"\nlearn = "confirm"'


def alarming(parts):
    """An alarm command that keeps what it is told."""
    notify = parts.folder / "notify"
    notify.write_text(f'#!/bin/sh\ncat >>"{parts.folder}/alarms"\n')
    notify.chmod(0o700)
    return f'[alarm]\ncommand = ["{notify}"]\n'


def alarms(parts, kind):
    file = parts.folder / "alarms"
    told = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    return [a for a in told if a["alarm"] == kind]


def learning(parts, pki, certificate=None):
    broker = parts.mosquitto(certificate or pki.issue("broker"))
    parts.sim()
    config = site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200', f'{LEARN}\nca_file = "{pki.ca}"')
    agent = parts.agent(alarming(parts) + config)
    agent.wait_line(r"TLS: learned ")
    return broker, agent


def confirm(agent, *args, exit_code):
    shown = run_binary("tls", "confirm", "--config", agent.config, "--state", agent.folder / "state", *args)
    assert shown.returncode == exit_code, shown.stdout + shown.stderr
    return shown


def recorded(agent):
    shown = confirm(agent, "--json", exit_code=0)
    return json.loads(shown.stdout)


def wait_recorded(agent, what, condition):
    return wait_for(what, lambda: condition(recorded(agent)))


def test_nothing_is_sent_before_the_learned_value_is_confirmed_and_all_of_it_after(parts, pki):
    certificate = pki.issue("broker")
    broker, agent = learning(parts, pki, certificate)
    wait_recorded(agent, "the record", lambda r: r["learned"] == certificate.fingerprint and not r["confirmed"])
    shown = confirm(agent, exit_code=1)
    assert certificate.fingerprint in shown.stdout and "not confirmed" in shown.stdout
    assert 'renewal = "same-ca"' in shown.stdout
    assert "New client connected" not in broker.text
    told = wait_for("the alarm", lambda: alarms(parts, "trust_learned"))
    assert certificate.fingerprint in told[0]["facts"]["text"]

    shown = confirm(agent, "--yes", f"sha256 Fingerprint={certificate.fingerprint}\n", exit_code=0)
    assert "the agent trusts this certificate now" in shown.stdout
    agent.wait_line(rf"MQTT: Connected to localhost:{broker.port} \(TLS\)")
    assert recorded(agent)["confirmed"] is True


def test_another_value_than_the_learned_one_confirms_nothing(parts, pki):
    broker, agent = learning(parts, pki)
    wait_recorded(agent, "the record", lambda r: r["learned"])
    other = pki.issue("other").fingerprint
    assert "trust_confirm_mismatch" in confirm(agent, "--yes", other, exit_code=1).stderr
    assert "trust_pin_malformed" in confirm(agent, "--yes", "AA:BB", exit_code=2).stderr
    assert recorded(agent)["confirmed"] is False
    assert "New client connected" not in broker.text


def test_a_note_that_was_left_for_another_value_is_not_taken_by_the_agent(parts, pki):
    _, agent = learning(parts, pki)
    wait_recorded(agent, "the record", lambda r: r["learned"])
    note = agent.folder / "state" / "confirm"
    note.write_text("localhost:1 " + pki.issue("other").fingerprint + "\n")
    note.chmod(0o600)
    wait_for("the note to be taken", lambda: not note.exists())
    assert recorded(agent)["confirmed"] is False


def test_a_second_fingerprint_before_the_confirmation_is_a_conflict_that_only_a_pin_solves(parts, pki):
    first = pki.issue("broker")
    broker, agent = learning(parts, pki, first)
    wait_recorded(agent, "the record", lambda r: r["learned"])
    second = pki.issue("second")
    first.crt.write_text(second.crt.read_text())
    first.key.write_text(second.key.read_text())
    broker.stop()
    broker.restart()
    agent.signal(SIGHUP)
    agent.wait_line(r"TLS: another one than learned", 60)
    told = wait_for("the alarm", lambda: alarms(parts, "trust_conflict"))
    assert Certificate(second.crt, None).fingerprint in told[0]["facts"]["text"]
    wait_recorded(agent, "the conflict", lambda r: r["conflict"] == second.fingerprint)
    shown = confirm(agent, "--yes", second.fingerprint, exit_code=1)
    assert "trust_learn_conflict_open" in shown.stderr
    assert "New client connected" not in broker.text


def test_an_agent_that_is_not_running_takes_the_note_at_its_start(parts, pki):
    certificate = pki.issue("broker")
    broker, agent = learning(parts, pki, certificate)
    wait_recorded(agent, "the record", lambda r: r["learned"])
    agent.stop()
    shown = confirm(agent, "--yes", certificate.fingerprint, exit_code=0)
    assert "takes it as soon as it runs" in shown.stdout
    agent.start()
    agent.wait_line(rf"MQTT: Connected to localhost:{broker.port} \(TLS\)")


def test_automatic_learning_trusts_the_first_one_at_once(parts, pki):
    broker = parts.mosquitto(pki.issue("broker"))
    parts.sim()
    agent = parts.agent(site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200',
                             'mode = "fingerprint"\nlearn = "auto"'))
    agent.wait_line(r"TLS: learned ")
    agent.wait_line(rf"MQTT: Connected to localhost:{broker.port} \(TLS\)")


def test_where_nothing_was_learned_nothing_is_confirmed(parts, pki, tmp_path):
    certificate = pki.issue("broker")
    config = tmp_path / "meterseal.toml"
    config.write_text(site(8883, 'device = "bus"', fingerprint_mode(certificate)))
    (tmp_path / "mqtt.password").write_text("x\n")
    (tmp_path / "mqtt.password").chmod(0o600)
    shown = run_binary("tls", "confirm", "--config", config, "--state", tmp_path / "state", "--yes", certificate.fingerprint)
    assert shown.returncode == 1
    assert "trust_nothing_learned" in shown.stderr


def test_the_alarm_command_is_told_why_a_broker_is_refused(parts, pki):
    broker = parts.mosquitto(pki.issue("broker"))
    parts.sim()
    parts.agent(alarming(parts) + site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200',
                                       fingerprint_mode(pki.issue("expected"))))
    told = wait_for("the alarm", lambda: alarms(parts, "security_refusal"))[0]
    assert told["device"] == "e2e" and told["facts"]["reason"] == "trust_pin_mismatch"
    assert told["facts"]["port"] == broker.port
    assert Certificate(pki.folder / "broker.crt", None).fingerprint in told["facts"]["remedy"]


@pytest.mark.parametrize("days", [5])
def test_the_alarm_command_is_told_of_a_certificate_that_ends_soon(parts, pki, days):
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    certificate = pki.issue("broker", end=end.strftime("%Y%m%d%H%M%SZ"))
    broker = parts.mosquitto(certificate)
    parts.sim()
    agent = parts.agent(alarming(parts) + site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200',
                                               fingerprint_mode(certificate)))
    agent.wait_line(r"warning: TLS: localhost:\d+: broker's certificate ends .*, in 4 days")
    told = wait_for("the alarm", lambda: alarms(parts, "certificate_expiry"))
    assert told[0]["facts"]["broker"] == "localhost"
