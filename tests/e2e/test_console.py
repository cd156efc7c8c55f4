"""The console through its four ways in: socket, /cm, MQTT and the page; settings, Backlog, what each way may do, Reset."""
import json
import os
import pty
import select
import sqlite3
import stat
import subprocess
import time
import urllib.parse

import pytest

from harness import BINARY, PASSWORD, USER, Process, fingerprint_mode, free_port, run_binary, site, wait_for
from test_web import Face, basic, face_of, web

SECRET = "canary-secret-41c7"


def lines_of(result):
    return [json.loads(line.split(" ", 1)[1]) for line in result.stdout.splitlines() if line]


def console(state, *lines):
    """@return the replies to lines on standard input"""
    return lines_of(run_binary("console", "--state", state, stdin="\n".join(lines) + "\n"))


def start(parts, pki, more="", change=lambda text: text):
    certificate = pki.issue("broker")
    broker = parts.mosquitto(certificate)
    parts.sim()
    text = site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200', fingerprint_mode(certificate))
    agent = parts.agent(change(text) + more)
    return broker, agent, agent.folder / "state"


def without_broker(text):
    lines = ["hosts = []" if line.startswith("hosts") else line for line in text.splitlines()
             if not line.startswith(("user", "password_file", "tele_period"))]
    return "\n".join(lines) + "\n"


def test_a_device_without_a_broker_gets_one_by_command_and_loses_no_reading(parts, pki):
    broker, agent, state = start(parts, pki, change=without_broker)
    agent.wait_line(r"MQTT: no broker is named")
    console(state, "TelePeriod 10")
    wait_for("a record that waits", lambda: agent.database().execute("select count(*) from record").fetchone()[0] > 0, 30)
    wrong = console(state, f"MqttUser {SECRET}", f"MqttPassword {SECRET}", "MqttPassword DVES_PASS")
    assert wrong[0] == {"MqttUser": SECRET}
    assert wrong[1]["Reason"].startswith("the user is the password") and wrong[2]["Command"] == "Error"
    replies = console(state, f"Backlog MqttHost localhost; MqttPort {broker.port}; MqttUser {USER}", f"MqttPassword {PASSWORD}")
    assert replies == [{"MqttHost": "localhost"}, {"MqttPort": broker.port}, {"MqttUser": USER}, {"MqttPassword": "****"}]
    observer = parts.subscriber(broker.port, ca=pki.ca)
    agent.wait_line(rf"MQTT: Connected to localhost:{broker.port} \(TLS\)$", 40)
    observer.wait("tele/e2e/HISTORY", 1, 30)
    file = state / "mqtt.password"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    database = b"".join(part.read_bytes() for part in state.glob("meterseal.db*"))
    assert PASSWORD.encode() not in database and PASSWORD not in agent.text
    assert agent.stop() == 0
    agent.start()
    agent.wait_line(rf"MQTT: Connected to localhost:{broker.port} \(TLS\)$")


def test_the_same_command_has_the_same_reply_by_all_four_ways(parts, pki):
    port = free_port()
    broker, agent, state = start(parts, pki, web(parts.folder, port), lambda text: text.replace("tele_period = 1\n", ""))
    agent.wait_line(r"MQTT: Connected to .* \(TLS\)$")
    face = face_of(agent, port)
    observer = parts.subscriber(broker.port, ca=pki.ca)

    def by_mqtt(line):
        word, _, data = line.partition(" ")
        count = len(observer.of("stat/e2e/RESULT"))
        observer.publish(f"cmnd/e2e/{word}", data)
        return json.loads(observer.wait("stat/e2e/RESULT", count + 1)[count][1])

    def by_page(line):
        return json.loads(face.ask("/api/console", {"line": line})[1])["replies"][0]

    ways = {
        "socket": lambda line: console(state, line)[0],
        "cm": lambda line: json.loads(face.ask("/cm", {"cmnd": line}, basic())[1]),
        "mqtt": by_mqtt,
        "page": by_page,
    }
    for number, (name, ask) in enumerate(ways.items()):
        assert ask(f"TelePeriod {60 + number}") == {"TelePeriod": 60 + number}, name
        assert ask("MqttPassword") == {"MqttPassword": "****"}, name
        assert ask("MqttHost")["MqttHost"] == "localhost", name
        assert ask("Foo 1") == {"Command": "Unknown", "Input": "FOO 1"}, name
        assert "MqttHost" in ask("Help")["Help"]["MQTT"], name
        fixed = ask("MqttPort 1234")
        assert fixed["Command"] == "Error", name
        assert fixed["Reason"] == ("not allowed by MQTT: that needs mqtt.remote_commands all in the configuration file; "
                                   "else use the page, or meterseal console on the device" if name == "mqtt" else
                                   "the configuration file says mqtt.hosts: change it there and reload it (Restart 1 or SIGHUP)")
        assert SECRET not in json.dumps(ask(f"MqttPassword {SECRET}")) + json.dumps(ask(f"MqttPasword {SECRET}")), name
    for name in ("cm", "mqtt", "page"):
        for line in ("Reset 1", f"WebPassword {SECRET}"):
            assert ways[name](line)["Command"] == "Error", (name, line)
    assert face.ask("/cm?cmnd=" + urllib.parse.quote(f"MqttPassword {SECRET}"), headers=basic())[0] == 400
    status = ways["socket"]("Status 5")["StatusNET"]
    assert (status["Webserver"], status["HTTP_API"], status["Metrics"]) == (2, 1, "token")
    assert ways["cm"]("Status 6")["StatusMQT"]["RemoteCommands"] == "safe"
    assert SECRET not in agent.text
    assert agent.stop() == 0


def test_whoever_has_the_brokers_password_alone_changes_nothing_that_matters(parts, pki):
    broker, agent, state = start(parts, pki, change=lambda text: text.replace("tele_period = 1\n", ""))
    agent.wait_line(r"MQTT: Connected to .* \(TLS\)$")
    thief = parts.subscriber(broker.port, ca=pki.ca)
    before = console(state, "Status 6", "Status 1", "TlsStatus", "ClockFloor")
    lines = ["MqttHost evil.example", "MqttPort 1883", "MqttUser eve", f"MqttPassword {SECRET}", "MqttClient eve", "Topic eve",
             "FullTopic eve/%prefix%/", "MqttFingerprint1 0", "MqttFingerprint1 " + ":".join(["AA"] * 32), "SetOption103 0",
             "SetOption132 0", "SetOption132 1", "TlsMode ca", "TlsRenewal same-ca", f"WebPassword {SECRET}",
             "OtaUrl https://evil.example/", "Upgrade 1", "Reset 1", "TelePeriod 0", "EnergyTotal 0", "ClockFloor 0"]
    for line in lines:
        word, _, data = line.partition(" ")
        thief.publish(f"cmnd/e2e/{word}", data)
    thief.publish("cmnd/e2e/Backlog", "; ".join(lines))
    for topic in ("cmnd/tasmotas/MqttHost", "cmnd/DVES_E2E_fb/MqttHost", "cmnd/meterseal-e2e_fb/MqttHost", "cmnd/all/MqttHost"):
        thief.publish(topic, "evil.example")
    # One at a time and all in one Backlog.
    results = wait_for("all refusals", lambda: len(thief.of("stat/e2e/RESULT")) >= 2 * len(lines) and thief.json_of("stat/e2e/RESULT"), 30)
    assert len(results) == 2 * len(lines)
    for result in results:
        assert result["Command"] == "Error" and result["Reason"].startswith("not allowed by MQTT"), result
    assert SECRET not in json.dumps(results)
    # Without a page the log tells what was tried, and a flood does not fill it.
    agent.wait_line(r"WEB: refusal: somebody from MQTT: command MqttHost$")
    for _ in range(40):
        thief.client.publish("cmnd/e2e/MqttHost", "evil.example")

    def is_asked():  # more than ten commands a second are dropped
        time.sleep(0.5)
        thief.publish("cmnd/e2e/STATUS", "10")
        return thief.of("stat/e2e/STATUS10")
    wait_for("an answer after the flood", is_asked, 30)
    refusals = [line for line in agent.lines if "refusal: somebody from MQTT" in line]
    assert len(refusals) < 40 and not any("STATUS" in line for line in refusals + [l for l in agent.lines if "WEB: change" in l])
    assert SECRET not in agent.text and "evil.example" not in agent.text

    # Uptime goes on, and the start is reckoned from it in whole seconds.
    def facts(replies):
        return [{k: v for k, v in list(reply.values())[0].items() if k not in ("Uptime", "StartupUTC")} if isinstance(list(reply.values())[0], dict) else reply
                for reply in replies]
    assert facts(console(state, "Status 6", "Status 1", "TlsStatus", "ClockFloor")) == facts(before)
    # A flood costs answers, not telemetry, and cannot keep the administrator out.
    for _ in range(300):
        thief.client.publish("cmnd/e2e/Backlog", "Delay 3600;" + "State;" * 29)
    agent.wait_line(r"MQTT: more commands than this device answers", 30)
    assert console(state, "Backlog TelePeriod 10; TelePeriod") == [{"TelePeriod": 10}, {"TelePeriod": 10}]
    count = len(thief.of("tele/e2e/SENSOR"))
    thief.wait("tele/e2e/SENSOR", count + 1, 30)
    assert agent.stop() == 0


def test_what_waits_behind_a_delay_answers_on_its_topic(parts, pki):
    broker, agent, state = start(parts, pki, change=lambda text: text.replace("tele_period = 1\n", ""))
    agent.wait_line(r"MQTT: Connected to .* \(TLS\)$")
    observer = parts.subscriber(broker.port, ca=pki.ca)
    observer.publish("cmnd/e2e/Backlog", "TelePeriod 60; Delay 5; TelePeriod 70; Status 2")
    observer.wait("stat/e2e/STATUS2")
    assert observer.json_of("stat/e2e/RESULT") == [{"TelePeriod": 60}, {"Delay": 5}, {"TelePeriod": 70}]
    assert console(state, "Backlog Delay 2; TelePeriod 80") == [{"Delay": 2}]
    agent.wait_line(r'RSL: RESULT = \{"TelePeriod":80\}$')
    assert run_binary("console", "--state", state, "Backlog", "State;", "MqttPassword", SECRET).returncode == 2
    assert run_binary("console", "--state", state, "MqttPasword", SECRET).returncode == 2
    assert SECRET not in agent.text


@pytest.mark.skipif(os.path.exists("/etc/meterseal/meterseal.toml"), reason="this machine has a meterseal of its own")
def test_what_the_first_set_up_made_is_changed_by_command_and_forgotten_by_reset(parts, pki):
    old, new = pki.issue("old"), pki.issue("new")
    broker = parts.mosquitto(old)
    parts.sim()
    state = parts.folder / "own"
    state.mkdir(mode=0o700)
    text = site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200', fingerprint_mode(new), device_extra="")
    port = free_port()
    (state / "site.toml").write_text(text + f'[web]\nlisten = ["127.0.0.1:{port}"]\n')
    for name, content in (("site.toml", None), ("mqtt.password", PASSWORD + "\n"), ("provisioned", "yes\n")):
        if content:
            (state / name).write_text(content)
        (state / name).chmod(0o600)
    agent = parts.add(Process([BINARY, "run", "--state", state, "--setup-listen", f"127.0.0.1:{port}"]))
    agent.wait_line(r"trust_pin_mismatch")
    assert console(state, f"MqttFingerprint1 {old.fingerprint}") == [{"MqttFingerprint1": old.fingerprint}]
    agent.wait_line(r"MQTT: Connected to .* \(TLS\)$")
    assert console(state, "WebPassword short")[0]["Reason"] == "the password is shorter than 12 characters"
    assert console(state, f"WebPassword {SECRET}") == [{"WebPassword": "****"}]
    face = Face(port, agent.wait_line(r"WEB: certificate of the page: SHA-256 ([0-9A-F:]{95})$")[1])
    wait_for("the login", lambda: face.log_in(password=SECRET) == 200)
    wait_for("energy", lambda: "EnergyTotal" in console(state, "EnergyTotal")[0])
    total = console(state, "EnergyTotal 500000")[0]["EnergyTotal"]["Total"]
    assert 500 <= total < 501
    # The topic is the device's own: taken up by a restart from within.
    assert console(state, "Topic renamed") == [{"Topic": "renamed"}]
    observer = parts.subscriber(broker.port, ca=pki.ca)
    observer.wait("tele/renamed/SENSOR", 1, 40)
    assert observer.json_of("tele/renamed/SENSOR")[0]["ENERGY"]["Total"] >= 500
    assert console(state, "Reset 1") == [{"Reset": "Reset and Restarting"}]
    agent.wait_line(r"this device is not set up: open the page within 30 minutes and enter the code ", 30)
    left = {file.name for file in state.iterdir()}
    assert not left & {"site.toml", "mqtt.password", "provisioned", "web.access", "reset.begun"}
    assert "meterseal.db" in left, "readings and energy stay"
    with sqlite3.connect(f"file:{state / 'meterseal.db'}?mode=ro", uri=True) as database:
        names = [row[0] for row in database.execute("select name from value where length(value) > 0")]
    assert not [name for name in names if name.startswith(("setting/", "trust/"))]
    assert [name for name in names if name.startswith("ledger/")]
    assert SECRET not in agent.text and PASSWORD not in agent.text
    assert agent.stop() == 0


def test_a_reset_that_a_power_cut_has_interrupted_ends_whole(parts, pki):
    certificate = pki.issue("broker")
    broker = parts.mosquitto(certificate)
    parts.sim()
    config = site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200', 'mode = "fingerprint"\nlearn = "confirm"')
    agent = parts.agent(config)
    state = agent.folder / "state"
    agent.wait_line(r"trust_unconfirmed")
    console(state, f"MqttFingerprint1 {certificate.fingerprint}")
    agent.wait_line(r"MQTT: Connected to .* \(TLS\)$")

    def kept():
        with agent.database() as db:
            return [name for name, in db.execute("select name from value where length(value) > 0")
                    if name.startswith(("setting/", "trust/"))]

    wait_for("the owner's trust on the disk", lambda: len(kept()) >= 2)
    agent.kill()
    (state / "reset.begun").write_text("Reset was given on the device itself.\n")
    (state / "reset.begun").chmod(0o600)
    agent.start()
    agent.wait_line(r"trust_unconfirmed")
    assert (state / "reset.done").exists() and not (state / "reset.begun").exists()
    assert not [name for name in kept() if name.startswith("setting/")]


def test_a_restart_names_who_asked_for_it_and_logs_nobody_out(parts, pki):
    port = free_port()
    broker, agent, state = start(parts, pki, web(parts.folder, port), lambda text: text.replace("tele_period = 1\n", ""))
    agent.wait_line(r"MQTT: Connected to .* \(TLS\)$")
    agent.wait_line(r"WEB: change: the configuration from web\.password_file: password of admin set$")
    face = face_of(agent, port)
    thief = parts.subscriber(broker.port, ca=pki.ca)
    thief.publish("cmnd/e2e/Restart", "1")
    agent.wait_line(r"SYS: restarting: Restart 1 by MQTT$", 40)
    # The line of the second life; the first one's stands before.
    wait_for("the connection of the next life", lambda: agent.text.count("MQTT: Connected to") == 2, 40)
    assert face.ask("/api/access")[0] == 200, "the session of before"
    assert face.ask("/api/console", {"line": "Status"})[0] == 200, "and its token"
    assert agent.stop() == 0
    assert agent.wait_line(r"SYS: stopping: SIGTERM$")
    agent.start()
    agent.wait_line(rf"WEB: page at https://127\.0\.0\.1:{port}/$")
    assert face.ask("/api/access")[0] == 401, "a new process knows nobody"
    assert agent.stop() == 0


def test_what_was_set_by_command_is_not_blamed_on_the_file(parts, pki):
    broker, agent, state = start(parts, pki)
    wait_for("the socket", (state / "console.sock").exists)
    assert console(state, "FullTopic site/%topic%/") == [
        {"FullTopic": "site/%topic%/", "Note": "without %prefix% Home Assistant does not take this device"}]
    agent.wait_line(r"SYS: restarting: settings have changed$", 40)
    agent.wait_line(r"warning: CFG: set by command: device\.full_topic: without %prefix%", 40)
    # A signal between two lives would end the process the hard way.
    wait_for("the connection of the next life", lambda: agent.text.count("MQTT: Connected to") == 2, 40)
    assert agent.stop() == 0


def at_the_prompt(state, typed, expected):
    """What the prompt shows after `typed`, until `expected` stands in it."""
    ours, theirs = pty.openpty()
    prompt = subprocess.Popen([BINARY, "console", "--state", state], stdin=theirs, stdout=theirs, stderr=theirs,
                              env={**os.environ, "TERM": "dumb"})
    os.close(theirs)
    shown = b""
    try:
        def shows(text):
            nonlocal shown
            if select.select([ours], [], [], 0.05)[0]:
                shown += os.read(ours, 4096)
            return text in shown
        wait_for("the prompt", lambda: shows(b"meterseal> "), 30)
        os.write(ours, typed)
        wait_for(f"{expected} at the prompt", lambda: shows(expected), 30)
        os.write(ours, b"exit\n")
        assert prompt.wait(30) == 0
    finally:
        prompt.kill()
        prompt.wait()
        os.close(ours)
    return shown.decode("utf-8", "replace")


def test_the_prompt_says_how_it_ends_and_completes_commands_behind_help(parts, pki):
    broker, agent, state = start(parts, pki)
    wait_for("the socket", (state / "console.sock").exists)
    shown = at_the_prompt(state, b"help tele\t\n", b'"Help":{"Command":"TelePeriod"')
    assert "exit, quit or Ctrl-D ends this prompt" in shown
    at_the_prompt(state, b"Backlog WebL\t\n", b'"WebLog":2')
    assert agent.stop() == 0


def test_without_an_agent_the_console_says_what_the_first_set_up_is(tmp_path):
    shown = run_binary("console", "--state", tmp_path / "state", "Status")
    assert shown.returncode == 2
    assert "no agent answers, and this state directory was never set up" in shown.stderr
    assert "hint: in its first set-up a device has no console: open its page" in shown.stderr


def test_a_state_directory_that_everybody_may_look_into_is_closed_and_one_they_may_write_into_is_refused(parts, pki):
    broker, agent, state = start(parts, pki)
    wait_for("the socket", (state / "console.sock").exists)
    assert agent.stop() == 0
    state.chmod(0o755)
    agent.start()
    agent.wait_line(r"warning: SYS: every user of this machine could look into the state directory .*: it has mode 0700 now$")
    wait_for("the socket", (state / "console.sock").exists)
    assert agent.stop() == 0 and stat.S_IMODE(state.stat().st_mode) == 0o700
    state.chmod(0o777)
    agent.start()
    assert agent.child.wait(30) == 2
    assert "other users may write into this directory (outbox_state_unusable)" in agent.text
    assert stat.S_IMODE(state.stat().st_mode) == 0o777


def test_a_bus_is_searched_for_meters_without_a_page(parts, pki):
    certificate = pki.issue("broker")
    broker = parts.mosquitto(certificate)
    parts.sim(meters=("sdm630:1", "sdm120:7"))
    agent = parts.agent(site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200', fingerprint_mode(certificate)))
    state = agent.folder / "state"
    agent.wait_line(r"MQTT: Connected to .* \(TLS\)$")
    assert console(state, "ModbusScan")[0]["ModbusScan"]["State"] == "idle"
    assert "WebServer 2 switches it on" in console(state, "WebPassword three old copper pots")[0]["Reason"]
    begun, again, none = console(state, "ModbusScan 1 1-8", "ModbusScan 1 1-8", "ModbusScan 2")
    assert begun["ModbusScan"]["State"] == "running" and begun["ModbusScan"]["Of"] == 7
    assert again["Reason"] == none["Reason"] == "a bus is being looked at already"

    def over():
        now = console(state, "ModbusScan")[0]["ModbusScan"]
        return now if now["State"] == "idle" else None
    found = wait_for("the end of the search", over, 60)
    assert found["Asked"] == 7 and [one["Address"] for one in found["Found"]] == [7] and "SDM120" in found["Found"][0]["Models"], found
    assert console(state, "ModbusScan 2")[0]["Reason"] == "there is no such bus: this device has 1"
    assert console(state, "ModbusScan 1", "ModbusScan 0")[1]["ModbusScan"]["State"] == "idle"
    assert agent.stop() == 0
