"""The page of the real agent: served over TLS, closed to strangers, live values, /cm, metrics, bounds, first set-up."""
import base64
import json
import re
import ssl
import urllib.error
import urllib.parse
import urllib.request

from harness import BINARY, PASSWORD, USER, fingerprint_mode, free_port, run_binary, site, wait_for

ADMIN = "three old copper pots"


class Face:
    """An HTTPS client that knows the page by the fingerprint of its certificate."""

    def __init__(self, port, fingerprint):
        self.url = f"https://127.0.0.1:{port}"
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        served = ssl.get_server_certificate(("127.0.0.1", port))
        import hashlib
        digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(served)).hexdigest().upper()
        assert ":".join(re.findall("..", digest)) == fingerprint, "the log shows the certificate that is served"
        self.open = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context)).open
        self.cookie = self.csrf = None

    def ask(self, path, form=None, headers=None):
        headers = dict(headers or {})
        if self.cookie:
            headers["Cookie"] = self.cookie
        if form is not None and self.csrf:
            headers["X-CSRF-Token"] = self.csrf
        body = urllib.parse.urlencode(form).encode() if form is not None else None
        try:
            answer = self.open(urllib.request.Request(self.url + path, body, headers), timeout=30)
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode(), e.headers
        return answer.status, answer.read().decode("utf-8", "replace"), answer.headers

    def log_in(self, user="admin", password=ADMIN):
        status, body, headers = self.ask("/api/login", {"user": user, "password": password})
        if status == 200:
            self.cookie = headers["Set-Cookie"].split(";")[0]
            self.csrf = json.loads(body)["csrf"]
        return status


def web(folder, port, more=""):
    password = folder / "site" / "web.password"
    password.parent.mkdir(exist_ok=True)
    password.write_text(ADMIN + "\n")
    password.chmod(0o600)
    return f'[web]\nlisten = ["127.0.0.1:{port}"]\npassword_file = "web.password"\n{more}'


def face_of(agent, port):
    agent.wait_line(rf"WEB: page at https://127\.0\.0\.1:{port}/$")
    face = Face(port, agent.wait_line(r"WEB: certificate of the page: SHA-256 ([0-9A-F:]{95})$")[1])
    # The password of the file is hashed beside the loop.
    wait_for("the login", lambda: face.log_in() == 200)
    return face


def start(parts, pki, more=""):
    certificate = pki.issue("broker")
    broker = parts.mosquitto(certificate)
    parts.sim()
    port = free_port()
    agent = parts.agent(site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200', fingerprint_mode(certificate))
                        + web(parts.folder, port, more))
    return broker, agent, port


def basic(password=ADMIN):
    return {"Authorization": "Basic " + base64.b64encode(f"admin:{password}".encode()).decode()}


def test_the_page_shows_live_values_and_a_sealed_connection(parts, pki):
    broker, agent, port = start(parts, pki)
    face = face_of(agent, port)
    agent.wait_line(r"MQTT: Connected to .* \(TLS\)$")

    def live():
        values = json.loads(face.ask("/api/live")[1])
        meter = values["meters"][0]
        return values if meter["whole"]["power"] is not None and meter["total"] is not None and values["seal"]["state"] == "sealed" else None
    values = wait_for("live values", live)
    assert values["seal"]["broker"] == f"localhost:{broker.port}"
    assert values["seal"]["mode"] == "fingerprint"
    assert len(values["meters"][0]["phases"]) == 3
    assert values["meters"][0]["phases"][0]["voltage"] > 200
    assert face.ask("/")[0] == 200
    facts = json.loads(face.ask("/api/facts")[1])["facts"]
    assert any(fact["name"] == "Version" for fact in facts)
    assert "Connected to" in face.ask("/api/log")[1]
    form = json.loads(face.ask("/api/form?name=mqtt")[1])
    assert {"MqttHost", "MqttPort"} <= {one["name"] for one in form["fields"]}
    report = json.loads(face.ask("/api/tls/fetch", {"host": f"localhost:{broker.port}"})[1])
    assert report["fingerprint"] == values["seal"]["served"]
    steps = json.loads(face.ask("/api/tls/check", {"host": f"localhost:{broker.port}"})[1])["steps"]
    assert any(step["state"] == "good" for step in steps)
    assert agent.stop() == 0


def test_a_stranger_sees_nothing_and_secrets_never_come_out(parts, pki):
    _, agent, port = start(parts, pki, 'metrics = "token"\n')
    face = face_of(agent, port)
    stranger = Face(port, agent.wait_line(r"SHA-256 ([0-9A-F:]{95})$")[1])
    for path in ("/api/live", "/api/facts", "/api/log", "/api/form?name=mqtt", "/api/access", "/api/events", "/cm?cmnd=Status", "/metrics"):
        assert stranger.ask(path)[0] == 401, path
    assert stranger.ask("/cm?cmnd=Status&user=admin&password=" + urllib.parse.quote(ADMIN))[0] == 400
    assert stranger.ask("/", headers={"Host": "evil.example"})[0] == 421
    everything = "".join(face.ask(path)[1] for path in ("/api/live", "/api/facts", "/api/log", "/api/form?name=mqtt", "/api/access"))
    for secret in (PASSWORD, ADMIN, "argon2id"):
        assert secret not in everything
    assert ADMIN not in agent.text


def test_cm_and_metrics_by_basic_login_and_token(parts, pki):
    _, agent, port = start(parts, pki)
    face = face_of(agent, port)
    assert json.loads(face.ask("/cm?cmnd=TelePeriod", headers=basic())[1]) == {"TelePeriod": 1}
    assert "Status" in json.loads(face.ask("/cm?cmnd=Status%200", headers=basic())[1])
    made = json.loads(face.ask("/api/access/token", {"name": "prometheus", "role": "viewer", "own": ADMIN})[1])
    token = {"Authorization": "Bearer " + made["token"]}
    def read():
        text = face.ask("/metrics", headers=token)[1]
        return text if "meterseal_power_watts" in text and "meterseal_energy_watthours_total" in text else None
    metrics = wait_for("power and energy", read)
    assert re.search(r'^meterseal_power_watts\{meter="main"\} -?[0-9.]+$', metrics, re.M)
    assert "# TYPE meterseal_energy_watthours_total counter" in metrics
    assert re.search(r'^meterseal_bus_requests_total\{meter="main"\} [1-9]', metrics, re.M)
    for kind in ("timeout", "crc", "exception", "late"):
        assert re.search(rf'^meterseal_bus_errors_total\{{meter="main",kind="{kind}"\}} [0-9]+$', metrics, re.M), kind
    wait_for("acknowledged records", lambda: re.search(r"^meterseal_publish_seconds_count [1-9]", face.ask("/metrics", headers=token)[1], re.M))
    assert re.search(r"^meterseal_publish_seconds_sum [0-9]+\.[0-9]{3}$", face.ask("/metrics", headers=token)[1], re.M)
    refused = json.loads(face.ask("/cm?cmnd=Restart%201", headers=token)[1])
    assert refused["Command"] == "Error"


def test_users_and_certificate_are_the_same_after_a_restart(parts, pki):
    _, agent, port = start(parts, pki)
    face = face_of(agent, port)
    fingerprint = agent.wait_line(r"SHA-256 ([0-9A-F:]{95})$")[1]
    body = {"name": "guest", "role": "viewer", "password": "seven small iron nails", "own": ADMIN}
    assert face.ask("/api/access/user", body)[0] == 200
    assert agent.stop() == 0
    agent.start()
    agent.wait_line(r"WEB: page at")
    again = Face(port, fingerprint)
    assert face.ask("/api/live")[0] == 401, "a restart ends sessions"
    assert wait_for("the guest", lambda: again.log_in("guest", "seven small iron nails") == 200)
    state = parts.folder / "site" / "state"
    for name in ("web.access", "web.identity"):
        assert (state / name).stat().st_mode & 0o777 == 0o600


def test_an_address_that_is_taken_does_not_stop_the_readings(parts, pki):
    _, agent, port = start(parts, pki)
    face_of(agent, port)
    config = parts.folder / "second.toml"
    config.write_text((parts.folder / "site" / "meterseal.toml").read_text().replace('"mqtt.password"', f'"{parts.folder}/site/mqtt.password"')
                      .replace('"web.password"', f'"{parts.folder}/site/web.password"'))
    other = parts.process([BINARY, "run", "--state", parts.folder / "second", "--config", config])
    other.wait_line(r"web_listen_failed")
    other.wait_line(r"MQTT: Connected to")


def test_a_learned_fingerprint_is_confirmed_on_the_page(parts, pki):
    """No fingerprint was at hand: the seal shows the learned one with the line that confirms it, and the line seals."""
    certificate = pki.issue("broker")
    broker = parts.mosquitto(certificate)
    parts.sim()
    port = free_port()
    agent = parts.agent(site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200', 'mode = "fingerprint"\nlearn = "confirm"')
                        + web(parts.folder, port))
    face = face_of(agent, port)

    def seal():
        return json.loads(face.ask("/api/live")[1])["seal"]
    learned = wait_for("the learned fingerprint", lambda: (lambda s: s if s["state"] == "learned" else None)(seal()))
    assert learned["served"] == certificate.fingerprint
    assert learned["remedyLine"] == f"TlsConfirm {certificate.fingerprint}"
    form = {one["name"]: one for one in json.loads(face.ask("/api/form?name=tls")[1])["fields"]}
    assert form["TlsMode"]["fixed"] and not form["MqttFingerprint1"]["fixed"]
    assert "Error" not in face.ask("/api/console", {"line": learned["remedyLine"]})[1]
    wait_for("a sealed connection", lambda: seal()["state"] == "sealed", 30)


def first_boot(parts, port):
    return parts.process([BINARY, "run", "--state", parts.folder / "state", "--setup-listen", f"127.0.0.1:{port}"])


def test_the_walk_of_the_first_boot_ends_in_a_sealed_reading(parts, pki):
    certificate = pki.issue("broker")
    broker = parts.mosquitto(certificate)
    parts.sim(baud=9600)
    observer = parts.subscriber(broker.port, ca=pki.ca)
    port = free_port()
    agent = first_boot(parts, port)
    code = agent.wait_line(r"enter the code ([0-9A-Z-]{23})$")[1]
    face = Face(port, agent.wait_line(r"SHA-256 ([0-9A-F:]{95})$")[1])
    assert json.loads(face.ask("/api/session")[1])["mode"] == "code"
    assert face.ask("/api/setup/choices")[0] == 401
    status, body, headers = face.ask("/api/setup/open", {"code": code.lower()})
    assert status == 200
    face.cookie, face.csrf = headers["Set-Cookie"].split(";")[0], json.loads(body)["csrf"]
    assert any(one["name"] == "SDM630" or "630" in one["name"] for one in json.loads(face.ask("/api/setup/choices")[1])["profiles"])
    bus = {"port": f"{parts.folder}/bus", "baud": "9600", "parity": "none", "address": "1", "profile": "sdm630"}
    tried = json.loads(face.ask("/api/setup/meter", bus)[1])
    assert tried.get("answers"), tried
    silent = json.loads(face.ask("/api/setup/meter", {**bus, "address": "9"})[1])
    assert silent["error"] == "the meter does not answer"
    missing = json.loads(face.ask("/api/setup/meter", {**bus, "port": "/dev/ttyNOT_THERE"})[1])
    assert "meter_port_missing" in missing["error"] and missing["hint"], missing
    unnamed = json.loads(face.ask("/api/setup/meter", {**bus, "port": "127.0.0.1:502"})[1])
    assert "tcp:HOST:PORT" in unnamed["error"], unnamed
    fetched = json.loads(face.ask("/api/setup/fetch", {"host": f"localhost:{broker.port}"})[1])
    assert fetched["fingerprint"] == certificate.fingerprint
    answers = {**bus, "topic": "walked", "broker": f"localhost:{broker.port}", "user": USER, "password": PASSWORD,
               "mode": "fingerprint", "fingerprint": fetched["fingerprint"], "admin": "owner", "adminPassword": ADMIN}
    assert face.ask("/api/setup/finish", {**answers, "mode": "off"})[0] == 400
    assert not (parts.folder / "state" / "provisioned").exists()
    assert face.ask("/api/setup/finish", answers)[0] == 200
    agent.wait_line(r"MQTT: Connected to localhost:\d+ \(TLS\)$")
    observer.wait("tele/walked/STATE", 1, 40)
    assert wait_for("the owner's login", lambda: face.log_in("owner") == 200)
    assert face.ask("/api/setup/open", {"code": code})[0] == 404
    assert agent.stop() == 0
    # Nothing that is deleted or damaged opens it again.
    for name in ("site.toml", "web.access", "provisioned"):
        (parts.folder / "state" / name).unlink()
    again = first_boot(parts, port)
    again.wait_line(r"app_config_unreadable")
    assert "enter the code" not in again.text


def test_ten_wrong_codes_or_a_named_file_give_no_set_up(parts):
    port = free_port()
    named = parts.process([BINARY, "run", "--state", parts.folder / "state", "--config", parts.folder / "missing.toml"])
    named.wait_line(r"app_config_unreadable")
    assert "enter the code" not in named.text
    agent = first_boot(parts, port)
    agent.wait_line(r"enter the code")
    face = Face(port, agent.wait_line(r"SHA-256 ([0-9A-F:]{95})$")[1])
    assert face.ask("/api/setup/open", {"code": "AAAAA-AAAAA-AAAAA-AAAAA"})[0] == 401
    assert face.ask("/api/setup/open", {"code": "AAAAA-AAAAA-AAAAA-AAAAA"})[0] == 429
    assert agent.stop() == 0


def test_logins_refusals_and_changes_survive_a_restart(parts, pki):
    broker, agent, port = start(parts, pki)
    face = face_of(agent, port)
    assert Face(port, agent.wait_line(r"SHA-256 ([0-9A-F:]{95})$")[1]).log_in("admin", "wrong") == 401
    assert "same-ca" in face.ask("/api/console", {"line": "TlsRenewal same-ca"})[1]
    assert "Error" in face.ask("/api/console", {"line": "TelePeriod 20"})[1], "the file declares it"
    assert "manual" in run_binary("console", "--state", parts.folder / "site" / "state", "TlsRenewal manual").stdout
    assert agent.stop() == 0
    assert (parts.folder / "site" / "state" / "web.events").stat().st_mode & 0o777 == 0o600
    agent.start()
    agent.wait_line(r"WEB: page at")
    again = Face(port, agent.wait_line(r"SHA-256 ([0-9A-F:]{95})$")[1])
    wait_for("the login", lambda: again.log_in() == 200)
    events = json.loads(again.ask("/api/log")[1])["events"]
    seen = [(one["kind"], one["who"], one["what"]) for one in events]
    assert ("refusal", "admin", "wrong user or password") in seen
    assert ("change", "admin", "console TlsRenewal") in seen
    assert ("refusal", "admin", "console TelePeriod") in seen
    assert any(one["from"] == "the local socket" and one["what"] == "command TlsRenewal" for one in events)
    assert all(one["at"] for one in events) and ADMIN not in json.dumps(events)


def test_a_port_that_is_not_there_is_said_to_be_so_everywhere(parts, pki):
    broker = parts.mosquitto(certificate := pki.issue("broker"))
    port = free_port()
    agent = parts.agent(site(broker.port, 'device = "/dev/no-such-port"', fingerprint_mode(certificate)) + web(parts.folder, port))
    agent.wait_line("meter_port_missing")
    face = face_of(agent, port)
    said = "the port /dev/no-such-port is not there"
    assert json.loads(face.ask("/api/live")[1])["meters"][0]["trouble"] == f"{said}; plug the adapter in and check the path with ls -l /dev/serial/by-id"
    assert json.loads(face.ask("/api/meter/test", {"bus": "0", "address": "1"})[1])["error"] == said
    state = parts.folder / "site" / "state"
    shown = json.loads(run_binary("console", "--state", state, "ModbusStatus").stdout.split(" ", 1)[1])["ModbusStatus"][0]
    assert (shown["State"], shown["Reason"]) == ("no port", said)


def test_meters_of_a_device_that_was_set_up_on_its_page_are_added_replaced_and_removed(parts, pki):
    certificate = pki.issue("broker")
    broker = parts.mosquitto(certificate)
    parts.sim(meters=("sdm630:1", "sdm120:7"), baud=9600)
    port = free_port()
    agent = first_boot(parts, port)
    code = agent.wait_line(r"enter the code ([0-9A-Z-]{23})$")[1]
    face = Face(port, agent.wait_line(r"SHA-256 ([0-9A-F:]{95})$")[1])
    _, body, headers = face.ask("/api/setup/open", {"code": code})
    face.cookie, face.csrf = headers["Set-Cookie"].split(";")[0], json.loads(body)["csrf"]
    answers = {"port": f"{parts.folder}/bus", "baud": "9600", "parity": "none", "address": "1", "profile": "sdm630", "topic": "walked",
               "broker": f"localhost:{broker.port}", "user": USER, "password": PASSWORD, "mode": "fingerprint",
               "fingerprint": certificate.fingerprint, "admin": "owner", "adminPassword": ADMIN}
    for wrong, step in [({"password": "another one"}, "mqtt"), ({"fingerprint": "AA:" * 31 + "AA"}, "policy")]:
        steps = {one["name"]: one for one in json.loads(face.ask("/api/setup/login", {**answers, **wrong})[1])["steps"]}
        assert steps[step]["state"] == "bad", steps
    assert "answers" not in face.ask("/api/setup/login", {**answers, "mode": "off"})[1], "nothing goes to a broker in clear"
    assert face.ask("/api/setup/login", answers)[1] == '{"answers":true}'
    seen = len(agent.lines)
    assert face.ask("/api/setup/finish", answers)[0] == 200

    def change(fields):
        status, body, _ = face.ask("/api/meter/change", fields)
        return status, json.loads(body)

    def enter(after):
        agent.wait_line(r"WEB: page at", 40, after=after)
        wait_for("the login", lambda: face.log_in("owner") == 200, 30)

    def meters():
        return [one["name"] for one in json.loads(face.ask("/api/live")[1])["meters"] if not one["trouble"]]

    enter(seen)
    before = (parts.folder / "state" / "site.toml").read_bytes()
    status, answer = change({"what": "line", "bus": "0", "port": "/dev/no-such-port", "baud": "9600", "parity": "none"})
    assert (status, answer["code"], answer["error"]) == (400, "meter_port_missing", "the port /dev/no-such-port is not there")
    form = {one["name"]: one for one in json.loads(face.ask("/api/form?name=device")[1])["fields"]}
    assert form["Timezone"]["value"] == "that of this machine" and "timedatectl" in form["Timezone"]["by"]
    for wrong in ({"address": "1"}, {"address": "300"}, {"profile": "sdm999"}, {"name": "ENERGY"}, {"bus": "1", "port": "ttyUSB0"}):
        status, answer = change({"what": "put", "bus": "0", "name": "garage", "address": "7", "profile": "sdm120", **wrong})
        assert status == 400 and answer["hint"], (wrong, answer)
    assert change({"what": "remove", "bus": "0", "name": "main"})[0] == 400
    assert (parts.folder / "state" / "site.toml").read_bytes() == before, "what is refused changes nothing"
    seen = len(agent.lines)
    assert change({"what": "put", "bus": "0", "name": "garage", "address": "7", "profile": "sdm120"})[0] == 200
    enter(seen)
    wait_for("both meters", lambda: meters() == ["main", "garage"], 30)
    seen = len(agent.lines)
    assert change({"what": "remove", "bus": "0", "name": "garage"})[0] == 200
    enter(seen)
    wait_for("the one meter", lambda: meters() == ["main"], 30)
    what = [event["what"] for event in json.loads(face.ask("/api/log")[1])["events"]]
    assert "meters: put garage" in what and "meters: remove garage" in what
    assert agent.stop() == 0
