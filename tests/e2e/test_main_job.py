"""The main job: a simulated meter on a serial line, read and published over verified TLS, seen by an independent client."""
import json
import re

from harness import PASSWORD, SIGKILL, USER, ca_mode, fingerprint_mode, site, wait_for

ENERGY_KEYS = ["TotalStartTime", "Total", "Yesterday", "Today", "TodaySumImport", "TodaySumExport", "ExportActive", "Period",
               "Power", "ApparentPower", "ReactivePower", "Factor", "Frequency", "Voltage", "Current"]


def start_site(parts, pki, tls=None, **kw):
    certificate = pki.issue("broker")
    broker = parts.mosquitto(certificate)
    sim = parts.sim(meters=("sdm630:1", "sdm120:2"))
    observer = parts.subscriber(broker.port, ca=pki.ca)
    config = site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200', tls or fingerprint_mode(certificate),
                  meters=(("sdm630", 1, "main"), ("sdm120", 2, "heatpump")), **kw)
    return certificate, broker, sim, observer, parts.agent(config)


def test_sealed_readings_arrive_by_certificate_fingerprint(parts, pki):
    certificate, broker, _, observer, agent = start_site(parts, pki)
    agent.wait_line(rf"MQTT: Connected to localhost:{broker.port} \(TLS\)$")
    agent.wait_line(re.escape(certificate.fingerprint))
    observer.wait("tele/e2e/SENSOR", 3)
    sensor = observer.json_of("tele/e2e/SENSOR")[-1]
    assert list(sensor)[:2] == ["Time", "ENERGY"]
    assert [k for k in sensor["ENERGY"] if k in ENERGY_KEYS] == ENERGY_KEYS
    assert len(sensor["ENERGY"]["Voltage"]) == 3
    assert all(200 < v < 260 for v in sensor["ENERGY"]["Voltage"])
    assert isinstance(sensor["heatpump"]["Voltage"], (int, float))
    assert sensor["ENERGY"]["Total"] > 0


def test_sealed_readings_arrive_by_key_fingerprint(parts, pki):
    certificate = pki.issue("broker")
    broker = parts.mosquitto(certificate)
    parts.sim()
    observer = parts.subscriber(broker.port, ca=pki.ca)
    parts.agent(site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200',
                     f'mode = "fingerprint"\nfingerprint = ["{certificate.key_pin}"]'))
    observer.wait("tele/e2e/SENSOR", 2)


def test_sealed_readings_arrive_by_private_ca(parts, pki):
    _, broker, _, observer, agent = start_site(parts, pki, tls=ca_mode(pki))
    agent.wait_line(rf"MQTT: Connected to localhost:{broker.port} \(TLS\)$")
    observer.wait("tele/e2e/SENSOR", 2)


def test_sealed_readings_arrive_over_mqtt_5(parts, pki):
    _, _, _, observer, _ = start_site(parts, pki, mqtt_extra='version = "5"')
    observer.wait("tele/e2e/SENSOR", 2)


def test_the_second_slot_is_as_good_as_the_first(parts, pki):
    certificate = pki.issue("broker")
    tls = f'mode = "fingerprint"\nfingerprint = ["{":".join(["AB"] * 32)}", "{certificate.fingerprint}"]'
    broker = parts.mosquitto(certificate)
    parts.sim()
    observer = parts.subscriber(broker.port, ca=pki.ca)
    parts.agent(site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200', tls))
    observer.wait("tele/e2e/SENSOR", 1)


def test_birth_and_will_are_retained(parts, pki):
    _, broker, _, observer, agent = start_site(parts, pki)
    observer.wait("tele/e2e/LWT")
    assert observer.of("tele/e2e/LWT")[0][1] == "Online"
    agent.signal(SIGKILL)
    wait_for("the will", lambda: observer.of("tele/e2e/LWT")[-1][1] == "Offline")
    late = parts.subscriber(broker.port, ca=pki.ca, topics=("tele/e2e/LWT",))
    assert late.wait("tele/e2e/LWT")[0][2], "retained"


def test_an_orderly_end_says_offline_too(parts, pki):
    _, _, _, observer, agent = start_site(parts, pki)
    observer.wait("tele/e2e/SENSOR")
    assert agent.stop() == 0
    wait_for("Offline", lambda: observer.of("tele/e2e/LWT")[-1][1] == "Offline", 5)


def test_state_and_info_are_published_once_connected(parts, pki):
    _, _, _, observer, _ = start_site(parts, pki)
    for number in (1, 2, 3):
        observer.wait(f"tele/e2e/INFO{number}")
    observer.wait("tele/e2e/STATE")
    state = observer.json_of("tele/e2e/STATE")[0]
    for key in ("Time", "Uptime", "UptimeSec", "Heap", "LoadAvg", "MqttCount"):
        assert key in state
    assert observer.json_of("tele/e2e/INFO1")[0]["Info1"]["Version"]
    assert observer.json_of("tele/e2e/INFO3")[0]["Info3"]["RestartReason"]


def test_commands_are_answered_as_home_assistant_polls_them(parts, pki):
    _, _, _, observer, _ = start_site(parts, pki)
    observer.wait("tele/e2e/SENSOR")
    for number in ("10", "11", "1", "2"):
        observer.publish("cmnd/e2e/STATUS", number)
    for number, key in (("10", "StatusSNS"), ("11", "StatusSTS"), ("1", "StatusPRM"), ("2", "StatusFWR")):
        observer.wait(f"stat/e2e/STATUS{number}")
        assert key in observer.json_of(f"stat/e2e/STATUS{number}")[0]
    assert "Period" not in observer.json_of("stat/e2e/STATUS10")[0]["StatusSNS"]["ENERGY"]
    assert "RestartReason" in observer.json_of("stat/e2e/STATUS1")[0]["StatusPRM"]


def test_unknown_commands_and_fixed_keys_answer_so(parts, pki):
    _, _, _, observer, _ = start_site(parts, pki)
    observer.wait("tele/e2e/LWT")
    observer.publish("cmnd/e2e/FrobNicate", "12")
    observer.wait("stat/e2e/RESULT")
    assert observer.json_of("stat/e2e/RESULT")[0]["Command"] == "Unknown"
    observer.publish("cmnd/e2e/TelePeriod", "60")
    observer.wait("stat/e2e/RESULT", 2)
    assert "file" in json.dumps(observer.json_of("stat/e2e/RESULT")[1])


def test_restart_reconnects_in_process(parts, pki):
    _, _, _, observer, agent = start_site(parts, pki)
    observer.wait("tele/e2e/SENSOR", 2)
    observer.publish("cmnd/e2e/Restart", "1")
    observer.wait("stat/e2e/RESULT")
    assert observer.json_of("stat/e2e/RESULT")[0] == {"Restart": "Restarting"}
    wait_for("two connections", lambda: len([x for x in agent.lines if re.search(r"MQTT: Connected to .* \(TLS\)$", x)]) == 2)
    before = len(observer.of("tele/e2e/SENSOR"))
    observer.wait("tele/e2e/SENSOR", before + 1)
    assert agent.child.poll() is None


def test_a_retained_command_is_ignored(parts, pki):
    certificate = pki.issue("broker")
    broker = parts.mosquitto(certificate)
    observer = parts.subscriber(broker.port, ca=pki.ca)
    observer.publish("cmnd/e2e/Restart", "1", retain=True)
    parts.sim()
    agent = parts.agent(site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200', fingerprint_mode(certificate)))
    observer.wait("tele/e2e/SENSOR", 3)
    assert not observer.of("stat/e2e/RESULT")
    assert len([x for x in agent.lines if "MQTT: Connected to" in x]) == 1


def test_discovery_is_what_home_assistant_expects(parts, pki):
    _, _, _, observer, _ = start_site(parts, pki)
    config_topic = wait_for("discovery", lambda: [m[0] for m in observer.messages if re.match(r"tasmota/discovery/\w+/config", m[0])])[0]
    mac = config_topic.split("/")[2]
    assert re.fullmatch(r"[0-9A-F]{12}", mac) and int(mac[:2], 16) & 2, "locally administered, 12 hex digits"
    config = observer.json_of(config_topic)[0]
    for key in "ip dn fn hn mac md ty ofln onln state sw t ft tp rl swc btn so lk lt_st ver".split():
        assert key in config, key
    for number in ("11", "13", "17", "20", "30", "68", "73", "82"):
        assert number in config["so"]
    assert config["ver"] == 1 and config["mac"] == mac and config["ft"].endswith("/") and config["t"] == "e2e"
    sensors = f"tasmota/discovery/{mac}/sensors"
    observer.wait(sensors)
    shape = observer.json_of(sensors)[0]["sn"]
    assert "Period" not in shape["ENERGY"]
    observer.wait("tele/e2e/SENSOR")
    live = observer.json_of("tele/e2e/SENSOR")[0]["ENERGY"]
    live.pop("Period")
    assert {k: isinstance(v, list) for k, v in live.items()} == {k: isinstance(v, list) for k, v in shape["ENERGY"].items()}


def test_no_secret_stands_in_log_arguments_or_readable_files(parts, pki):
    _, _, _, observer, agent = start_site(parts, pki, device_extra="")
    observer.wait("tele/e2e/SENSOR", 2)
    assert PASSWORD not in agent.text
    with open(f"/proc/{agent.child.pid}/cmdline", "rb") as f:
        assert PASSWORD.encode() not in f.read()
    with open(f"/proc/{agent.child.pid}/environ", "rb") as f:
        assert PASSWORD.encode() not in f.read()
    state = agent.folder / "state"
    assert state.stat().st_mode & 0o077 == 0
    for file in state.iterdir():
        if file.is_socket():
            continue  # of the console: the kernel names who is at the other end
        assert file.stat().st_mode & 0o077 == 0, file
        assert PASSWORD.encode() not in file.read_bytes(), file
    assert USER not in "".join(m[1] for m in observer.messages)
