"""Trust at run time, by the console on the device: learned, confirmed, mended and kept, without a restart."""
import json
import re

from harness import SIGKILL, USER, fingerprint_mode, run_binary, site, wait_for

PAGE_PIN = "AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99"


def console(agent, line, code=0):
    result = run_binary("console", "--state", agent.folder / "state", *line.split(" "))
    assert result.returncode == code, result.stdout + result.stderr
    return [json.loads(reply.split(" ", 1)[1]) for reply in result.stdout.splitlines()]


def start(parts, pki, tls, certificate=None):
    certificate = certificate or pki.issue("broker")
    broker = parts.mosquitto(certificate)
    parts.sim()
    agent = parts.agent(site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200', tls))
    wait_for("the console", lambda: (agent.folder / "state" / "console.sock").exists())
    return certificate, broker, agent


def test_a_learned_fingerprint_waits_for_its_confirmation_and_then_seals(parts, pki):
    certificate, broker, agent = start(parts, pki, 'mode = "fingerprint"\nlearn = "confirm"')
    learned = wait_for("a learned fingerprint", lambda: console(agent, "TlsConfirm")[0]["TlsConfirm"])
    assert learned == certificate.fingerprint
    assert "New client connected" not in broker.text, "not one byte of MQTT before the confirmation"
    assert "unconfirmed" in console(agent, "TlsConfirm")[0]["State"]
    console(agent, f"TlsConfirm {PAGE_PIN}", code=1)
    assert console(agent, f"TlsConfirm {learned}")[0]["State"] == "confirmed"
    agent.wait_line(r"MQTT: Connected to .* \(TLS\)$")
    assert agent.stop() == 0
    agent.start()
    agent.wait_line(r"MQTT: Connected to .* \(TLS\)$")


def test_the_three_steps_of_the_page_mend_a_renewal_with_a_new_key(parts, pki):
    _, broker, agent = start(parts, pki, 'mode = "fingerprint"\nlearn = "auto"')
    agent.wait_line(r"MQTT: Connected to .* \(TLS\)$")
    broker.stop()
    renewed = pki.self_signed("renewed")
    broker.folder.joinpath("mosquitto.conf").write_text(
        re.sub(r"(certfile|keyfile) .*", lambda m: f"{m[1]} {renewed.crt if m[1] == 'certfile' else renewed.key}",
               broker.folder.joinpath("mosquitto.conf").read_text()))
    broker.restart()
    refusal = agent.wait_line(r"trust_pin_mismatch", 60)
    assert refusal and renewed.fingerprint in agent.text, "the served one is named"
    status = console(agent, "TlsStatus")[0]["TlsStatus"]
    assert status["Served"] == renewed.fingerprint and status["Refusal"] == "trust_pin_mismatch"
    before = len([line for line in agent.lines if "MQTT: Connected to" in line])
    assert console(agent, f"MqttFingerprint1 {renewed.fingerprint}")[0]["MqttFingerprint1"] == renewed.fingerprint
    assert console(agent, "Restart 1") == [{"Restart": "Restarting"}]
    wait_for("sealed again", lambda: len([x for x in agent.lines if "MQTT: Connected to" in x]) > before, 20)


def test_what_was_set_survives_a_kill_and_a_healthy_session_is_not_dropped(parts, pki):
    certificate, broker, agent = start(parts, pki, f'ca_file = "{pki.ca}"')
    agent.wait_line(r"MQTT: Connected to .* \(TLS\)$")
    console(agent, f"MqttFingerprint2 {certificate.fingerprint}")
    console(agent, "SetOption132 1")
    assert console(agent, "TlsMode")[0]["TlsMode"] == "fingerprint"
    assert broker.text.count("New client connected") == 1, "the session stands under the new policy, too"
    agent.signal(SIGKILL)
    agent.kill()
    agent.start()
    agent.wait_line(r"trusted by certificate fingerprint \(slot 2\)")
    # A policy that refuses the peer ends the session at once.
    console(agent, f"MqttFingerprint2 {PAGE_PIN}")
    agent.wait_line("trust_pin_mismatch")


def test_what_the_file_declares_is_fixed_and_mqtt_changes_no_trust(parts, pki):
    certificate = pki.issue("broker")
    _, broker, agent = start(parts, pki, fingerprint_mode(certificate), certificate)
    agent.wait_line(r"MQTT: Connected to .* \(TLS\)$")
    assert "the configuration file says" in console(agent, f"MqttFingerprint1 {PAGE_PIN}", code=1)[0]["Reason"]
    assert "allow_plaintext" in console(agent, "SetOption103 0", code=1)[0]["Reason"]
    observer = parts.subscriber(broker.port, ca=pki.ca)
    for command, data in (("MqttFingerprint1", "0"), ("TlsConfirm", certificate.fingerprint), ("SetOption132", "0"),
                          ("TlsMode", "ca"), ("MqttFingerprint1", PAGE_PIN)):
        observer.publish(f"cmnd/e2e/{command}", data)
    answers = wait_for("five refusals", lambda: len(observer.of("stat/e2e/RESULT")) >= 5 and observer.json_of("stat/e2e/RESULT"))
    assert all(a["Command"] == "Error" for a in answers), answers


def test_the_console_says_when_no_agent_answers_and_takes_no_password_from_the_command_line(tmp_path):
    result = run_binary("console", "--state", tmp_path, "Status")
    assert result.returncode == 2 and "console_socket_unusable" in result.stderr and "hint" in result.stderr
    result = run_binary("console", "--state", tmp_path, "MqttPassword", "secret-word")
    assert result.returncode == 2 and "secret-word" not in result.stderr + result.stdout and "hint" in result.stderr
    assert USER not in result.stderr


def test_a_stolen_broker_password_blinds_no_device(parts, pki):
    certificate = pki.issue("broker")
    _, broker, agent = start(parts, pki, fingerprint_mode(certificate), certificate)
    observer = parts.subscriber(broker.port, ca=pki.ca)
    observer.publish("cmnd/e2e/X", "A" * 300_000, retain=True)
    agent.signal(SIGKILL)
    agent.kill()
    agent.start()
    agent.wait_line(r"MQTT: Connected to .* \(TLS\)$")
    count = len(observer.of("tele/e2e/SENSOR"))
    observer.wait("tele/e2e/SENSOR", count + 3)
    assert len([line for line in agent.lines if "MQTT: Connected to" in line]) == 1, "it stands in spite of the giant"
    observer.publish("cmnd/e2e/TelePeriod", "0")
    observer.wait("stat/e2e/RESULT")
    assert observer.json_of("stat/e2e/RESULT")[0]["Reason"].startswith("not allowed by MQTT")
