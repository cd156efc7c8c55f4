"""What the running agent keeps, numbers and takes anew."""
import pathlib
import re
import time

import pytest

from harness import ROOT, SIGHUP, fingerprint_mode, run_binary, site, wait_for


def start(parts, pki, meters=("sdm630:1",), **kw):
    certificate = pki.issue("broker")
    broker = parts.mosquitto(certificate)
    parts.sim(meters=meters)
    observer = parts.subscriber(broker.port, ca=pki.ca)
    config = site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200', fingerprint_mode(certificate), **kw)
    return config, observer, parts.agent(config)


def test_messages_are_numbered_without_a_gap_over_a_restart(parts, pki):
    _, observer, agent = start(parts, pki)
    observer.wait("tele/e2e/SENSOR", 3)
    observer.publish("cmnd/e2e/Restart", "1")
    count = len(observer.of("tele/e2e/SENSOR"))
    observer.wait("tele/e2e/SENSOR", count + 3)
    messages = observer.json_of("tele/e2e/SENSOR") + observer.json_of("tele/e2e/HISTORY")
    numbers = sorted({m["Seq"] for m in messages})
    assert numbers == list(range(1, numbers[-1] + 1))
    assert len({(m["Outbox"], m["Boot"]) for m in messages}) == 1
    for m in messages:
        assert list(m)[-3:] == ["Outbox", "Seq", "Boot"]


def test_discovery_and_status_do_not_show_the_numbers(parts, pki):
    _, observer, _ = start(parts, pki)
    observer.wait("tele/e2e/SENSOR")
    observer.publish("cmnd/e2e/STATUS", "10")
    observer.wait("stat/e2e/STATUS10")
    shape = next(m[1] for m in observer.messages if re.match(r"tasmota/discovery/\w+/sensors", m[0]))
    for text in (shape, observer.of("stat/e2e/STATUS10")[0][1]):
        assert '"Seq"' not in text and '"Boot"' not in text and '"Outbox"' not in text


def test_a_tele_period_that_was_set_is_kept_over_a_restart(parts, pki):
    config, observer, agent = start(parts, pki)
    agent.wait_line(r"MQTT: Connected to")
    assert agent.stop() == 0
    agent.config.write_text(config.replace("tele_period = 1\n", ""))
    agent.start()
    agent.wait_line(r"MQTT: Connected to")
    observer.publish("cmnd/e2e/TelePeriod", "10")
    observer.wait("stat/e2e/RESULT")
    assert observer.json_of("stat/e2e/RESULT")[0] == {"TelePeriod": 10}
    assert agent.stop() == 0
    agent.start()
    agent.wait_line(r"MQTT: Connected to")
    observer.publish("cmnd/e2e/TelePeriod", "")
    observer.wait("stat/e2e/RESULT", 2)
    assert observer.json_of("stat/e2e/RESULT")[1] == {"TelePeriod": 10}


def test_discovery_keeps_its_address_over_restarts(parts, pki):
    _, observer, agent = start(parts, pki)
    observer.wait("tele/e2e/SENSOR")
    assert agent.stop() == 0
    agent.start()
    observer.wait("tele/e2e/INFO3", 2)
    assert observer.json_of("tele/e2e/INFO3")[1]["Info3"]["BootCount"] == 2
    wait_for("discovery twice", lambda: len([m for m in observer.messages if m[0].endswith("/config")]) >= 2)
    assert len({m[0] for m in observer.messages if m[0].startswith("tasmota/discovery/")}) == 2


def test_sighup_takes_a_changed_file_and_survives_a_broken_one(parts, pki):
    config, observer, agent = start(parts, pki)
    observer.wait("tele/e2e/SENSOR")
    agent.config.write_text(config.replace('topic = "e2e"', 'topic = "renamed"'))
    agent.signal(SIGHUP)
    observer.wait("tele/renamed/SENSOR")
    agent.config.write_text("[device\n")
    agent.signal(SIGHUP)
    agent.wait_line(r"app_config_syntax")
    count = len(observer.of("tele/renamed/SENSOR"))
    observer.wait("tele/renamed/SENSOR", count + 2)
    assert agent.stop() == 0


def own_profile(folder, model):
    """A copy of the SDM120 under a name of its own, as a site would make it."""
    profiles = pathlib.Path(folder) / "profiles"
    profiles.mkdir(parents=True, exist_ok=True)
    models = (ROOT / "profiles" / "models.csv").read_text().splitlines()
    row = next(line for line in models if line.startswith("SDM120,"))
    (profiles / "models.csv").write_text("\n".join([models[0], model + ",," + row.split(",", 2)[2]]) + "\n")
    registers = (ROOT / "profiles" / "eastron.csv").read_text().splitlines()
    rows = [line.replace("SDM120,", model + ",", 1) for line in registers if line.startswith("SDM120,")]
    (profiles / "registers.csv").write_text("\n".join([registers[0], *rows]) + "\n")


def test_a_meter_of_the_site_is_read_by_its_own_profile(parts, pki):
    own_profile(parts.folder / "site", "OURS-1")
    _, observer, agent = start(parts, pki, meters=("sdm120:1",))
    agent.wait_line(r"MQTT: Connected to")
    assert agent.stop() == 0
    agent.config.write_text(agent.config.read_text().replace('"sdm630"', '"ours-1"'))
    agent.start()
    observer.wait("tele/e2e/SENSOR")
    assert isinstance(observer.json_of("tele/e2e/SENSOR")[0]["ENERGY"]["Voltage"], (int, float))


def test_a_wrong_profile_is_named_with_file_and_line(tmp_path):
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "mine.csv").write_text("model,table,address_hex,words,type,scale,name,unit,access,notes\nX,input,1,2,f32be,1,a,V,r,\n")
    result = run_binary("run", "--config", tmp_path / "meterseal.toml", "--state", tmp_path / "state")
    assert result.returncode == 2
    assert re.search(r"meterseal: error: .*profiles/mine\.csv:2", result.stderr), result.stderr
    assert not (tmp_path / "state").exists()


def test_two_agents_cannot_share_a_state_directory(parts, pki):
    _, observer, agent = start(parts, pki)
    observer.wait("tele/e2e/SENSOR")
    second = run_binary("run", "--config", agent.config, "--state", agent.folder / "state")
    assert second.returncode == 2
    assert "outbox_store_locked" in second.stderr


def test_signals_between_two_lives_neither_end_the_agent_nor_are_lost(parts, pki):
    _, observer, agent = start(parts, pki)
    observer.wait("tele/e2e/SENSOR")
    for _ in range(60):  # far more often than a life begins
        agent.signal(SIGHUP)
        time.sleep(0.02)
        assert agent.child.poll() is None, agent.text
    count = len(observer.of("tele/e2e/SENSOR"))
    observer.wait("tele/e2e/SENSOR", count + 1, 30)
    assert agent.stop() == 0
    for _ in range(5):  # a stop that comes while a life ends
        agent.start()
        agent.wait_line(r"MQTT: Connected to")
        agent.signal(SIGHUP)
        agent.wait_line(r"SYS: restarting: SIGHUP")
        assert agent.stop() == 0


@pytest.mark.parametrize("words, said, verb", [
    (["ruun"], 'meterseal has no verb "ruun"; did you mean "run"?', "meterseal"),
    (["tls", "chekc", "localhost"], 'meterseal tls has no verb "chekc"; did you mean "check"?', "meterseal tls"),
    (["tls", "\x1b[2J"], 'meterseal tls has no verb "?[2J"', "meterseal tls"),
    ([], "A subcommand is required", "meterseal"),
    (["collect"], "--config is required", "meterseal collect"),
    (["tls", "check", "localhost", "--jsn"], 'meterseal tls check has no option "--jsn"; did you mean "--json"?', "meterseal tls check"),
    (["run", "--confg", "x.toml"], 'meterseal run has no option "--confg"; did you mean "--config"?', "meterseal run"),
    (["sim", "--meter", "sdm603:1"], "--meter sdm603:1: sdm603 is no known meter; did you mean SDM630? (meter_profile_not_found)", None),
])
def test_a_usage_error_names_what_is_wrong_and_whose_help_to_read(words, said, verb):
    ended = run_binary(*words)
    assert ended.returncode == 2 and f"meterseal: error: {said}\n" in ended.stderr, ended.stderr
    if verb:
        assert f"hint: see {verb} --help\n" in ended.stderr
