"""A bus that is in use is looked at from the page: meters are found and read while the configured one goes on."""
import json

from harness import fingerprint_mode, free_port, site, wait_for
from test_web import face_of, web


def test_a_scan_finds_the_meters_between_the_polls_and_stops_when_told(parts, pki):
    certificate = pki.issue("broker")
    broker = parts.mosquitto(certificate)
    parts.sim(meters=("sdm630:1", "sdm120:7"))
    observer = parts.subscriber(broker.port, ca=pki.ca)
    port = free_port()
    agent = parts.agent(site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200', fingerprint_mode(certificate)) + web(parts.folder, port))
    face = face_of(agent, port)
    agent.wait_line(r"MQTT: Connected to .* \(TLS\)$")
    observer.wait("tele/e2e/SENSOR", 1)
    state = json.loads(face.ask("/api/scan")[1])
    assert [(one["name"], one["address"]) for one in state["buses"][0]["meters"]] == [("main", 1)] and not state["running"]
    assert face.ask("/api/scan/start", {"bus": 1, "first": 1, "last": 9})[0] == 400
    assert json.loads(face.ask("/api/scan/start", {"bus": 0, "first": 1, "last": 8})[1])["running"]
    assert face.ask("/api/scan/start", {"bus": 0, "first": 1, "last": 8})[0] == 400, "one at a time"
    before = len(observer.of("tele/e2e/SENSOR"))

    def over():
        now = json.loads(face.ask("/api/scan")[1])
        return None if now["running"] else now
    done = wait_for("the end of the scan", over, 60)
    assert done["asked"] == 7 and [one["address"] for one in done["found"]] == [7], done
    assert "SDM120" in done["found"][0]["fits"]
    observer.wait("tele/e2e/SENSOR", before + 1)
    live = json.loads(face.ask("/api/live")[1])
    assert len(live["meters"]) == 1
    own = [one["ENERGY"]["Power"] for one in observer.json_of("tele/e2e/SENSOR")[1:]]
    assert own and sum(1 for power in own if power is not None) >= len(own) // 2, f"the own meter was read all the time: {own}"
    tested = json.loads(face.ask("/api/meter/test", {"bus": 0, "address": 7, "profile": "SDM120"})[1])
    assert tested["answers"] and any(one["name"] == "voltage_l1" for one in tested["values"]), tested
    own = json.loads(face.ask("/api/meter/test", {"bus": 0, "address": 1})[1])
    assert own["answers"], own
    nobody = json.loads(face.ask("/api/meter/test", {"bus": 0, "address": 9, "profile": "SDM120"})[1])
    assert nobody["error"].startswith("the meter does not answer")
    assert json.loads(face.ask("/api/scan/start", {"bus": 0, "first": 1, "last": 247})[1])["running"]
    stopped = json.loads(face.ask("/api/scan/cancel", {})[1])
    assert not stopped["running"] and stopped["asked"] < 246
    before = len(observer.of("tele/e2e/SENSOR"))
    observer.wait("tele/e2e/SENSOR", before + 2)
    assert agent.stop() == 0
