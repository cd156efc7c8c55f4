"""The page of the real agent and the trust in its broker: renewals proposed and followed."""
import json
import urllib.error
import urllib.request

from harness import fingerprint_mode, free_port, site, wait_for
from test_web import face_of, web


def start(parts, pki, certificate, tls, more=""):
    broker = parts.mosquitto(certificate)
    parts.sim()
    port = free_port()
    agent = parts.agent(site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200', tls) + web(parts.folder, port, more))
    return broker, agent, face_of(agent, port)


def seal_of(face, state):
    def seal():
        now = json.loads(face.ask("/api/live")[1])["seal"]
        return now if now["state"] == state else None
    return wait_for(f"the seal to be {state}", seal, 30)


def command(face, line):
    status, body, _ = face.ask("/api/console", {"line": line})
    assert status == 200 and "Error" not in body, body


def test_where_chain_and_name_verify_the_page_proposes_same_ca_and_a_renewal_with_a_new_key_is_followed(parts, pki):
    certificate = pki.issue("broker")
    broker, agent, face = start(parts, pki, certificate, fingerprint_mode(certificate) + f'\nca_file = "{pki.ca}"')
    seal = seal_of(face, "sealed")
    assert seal["renewalLine"] == "TlsRenewal same-ca"
    assert "certbot makes a new key each time" in seal["renewal"] and "verify to a CA" in seal["renewal"]
    report = json.loads(face.ask("/api/tls/fetch", {"host": f"localhost:{broker.port}"})[1])
    assert report["verifies"] == "ca" and "same-ca" in report["renewal"]
    command(face, seal["renewalLine"])
    assert seal_of(face, "sealed")["renewalLine"] == ""
    renewed = pki.issue("renewed")
    broker.stop()
    seen = len(agent.lines)
    parts.add(type(broker)(broker.folder, renewed, port=broker.port))
    agent.wait_line(r"renewed under the same CA", 40, after=seen)
    assert seal_of(face, "sealed")["state"] == "sealed"


def test_where_nothing_verifies_the_page_says_what_a_new_key_will_do_and_how_to_prepare(parts, pki):
    certificate = pki.issue("broker")
    broker, _, face = start(parts, pki, certificate, fingerprint_mode(certificate))
    seal = seal_of(face, "sealed")
    assert seal["renewalLine"] == ""
    assert "MqttFingerprint2" in seal["renewalHint"] and "--reuse-key" in seal["renewalHint"]
    report = json.loads(face.ask("/api/tls/fetch", {"host": f"localhost:{broker.port}"})[1])
    assert report["verifies"] == "" and "do not verify" in report["renewal"]


def test_a_learned_fingerprint_is_shown_with_what_its_renewal_will_do(parts, pki):
    certificate = pki.issue("broker")
    _, _, face = start(parts, pki, certificate, f'mode = "fingerprint"\nlearn = "confirm"\nca_file = "{pki.ca}"')
    learned = seal_of(face, "learned")
    assert learned["renewalLine"] == "TlsRenewal same-ca"
    command(face, learned["renewalLine"])
    command(face, learned["remedyLine"])
    assert seal_of(face, "sealed")["renewalHint"] == ""


def save(face, form, **fields):
    status, body, _ = face.ask("/api/save", {"form": form, **fields})
    assert status == 200, body
    return json.loads(body)


def test_a_trust_setting_is_tried_beside_the_connection_and_kept_only_when_it_holds(parts, pki):
    certificate, other = pki.issue("broker"), pki.issue("other")
    _, agent, face = start(parts, pki, certificate, f'mode = "ca"\nca_file = "{pki.ca}"'.replace('mode = "ca"\n', ""))
    seal_of(face, "sealed")
    refused = save(face, "tls", TlsMode="fingerprint", MqttFingerprint1=other.fingerprint)
    states = {step["name"]: step["state"] for step in refused["steps"]}
    assert states["tcp"] == "good" and states["policy"] == "bad" and states["mqtt"] == "skipped", refused
    form = {one["name"]: one["value"] for one in json.loads(face.ask("/api/form?name=tls")[1])["fields"]}
    assert form["TlsMode"] == "ca" and form["MqttFingerprint1"] == "", "nothing was kept"
    assert seal_of(face, "sealed")
    kept = save(face, "tls", MqttFingerprint1=certificate.fingerprint, TlsMode="fingerprint")
    assert "replies" in kept, kept
    assert wait_for("the new mode", lambda: seal_of(face, "sealed")["mode"] == "fingerprint")
    cleared = save(face, "tls", MqttFingerprint1="")
    assert {step["name"]: step["state"] for step in cleared["steps"]}["policy"] == "bad", "what is kept would not learn"
    assert seal_of(face, "sealed")
    assert "MqttFingerprint1" in save(face, "tls", MqttFingerprint1=other.fingerprint, keep="anyway")["replies"][0]
    refused = seal_of(face, "refused")
    assert refused["code"] == "trust_pin_mismatch" and refused["served"] == certificate.fingerprint
    assert "kept without proof" in face.ask("/api/log")[1]
    command(face, refused["remedyLine"])
    assert seal_of(face, "sealed")


def upload(face, path, pem):
    body = pem.encode() if isinstance(pem, str) else pem
    headers = {"Cookie": face.cookie, "X-CSRF-Token": face.csrf, "Content-Type": "application/octet-stream"}
    try:
        answer = face.open(urllib.request.Request(face.url + path, body, headers), timeout=120)
    except urllib.error.HTTPError as e:
        return e.code, json.loads(e.read())
    return answer.status, json.loads(answer.read())


def test_an_uploaded_ca_is_shown_tried_and_then_counts_without_a_restart(parts, pki, tmp_path):
    certificate = pki.issue("broker")
    broker = parts.mosquitto(certificate)
    parts.sim()
    port = free_port()
    agent = parts.agent(site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200', "") + web(parts.folder, port))
    face = face_of(agent, port)
    assert seal_of(face, "refused")["code"] == "trust_unknown_issuer", "the system does not know this authority"
    pem = pki.ca.read_text()
    stranger = type(pki)(tmp_path / "strangers").ca.read_text()
    state = parts.folder / "site" / "state"
    assert upload(face, "/api/ca/read", "nothing")[0] == 400
    assert upload(face, "/api/ca/read", (pki.folder / "broker.key").read_text())[0] == 400
    status, shown = upload(face, "/api/ca/read", pem)
    assert status == 200 and shown["list"][0]["subject"] == "CN = Test CA" and len(shown["list"][0]["sha256"]) == 95
    assert any(step["name"] == "policy" and step["state"] == "bad" for step in upload(face, "/api/ca/keep", stranger)[1]["steps"])
    assert not (state / "authorities.pem").exists() and not (state / "authorities.pem.trial").exists()
    status, kept = upload(face, "/api/ca/keep", pem)
    assert status == 200 and kept["place"] == "uploaded", kept
    assert (state / "authorities.pem").stat().st_mode & 0o777 == 0o600
    assert seal_of(face, "sealed")["by"] == "a certificate authority"
    # The same again, with another one beside it: the healthy connection goes on.
    seen = len(agent.lines)
    assert upload(face, "/api/ca/keep", pem + stranger)[1]["place"] == "uploaded"
    assert len(json.loads(face.ask("/api/ca")[1])["list"]) == 2
    assert seal_of(face, "sealed") and not any("Connected to" in line for line in agent.lines[seen:])
    # One that the broker is not signed by ends it, when a person insists.
    assert "steps" in upload(face, "/api/ca/keep", stranger)[1]
    assert upload(face, "/api/ca/keep?keep=anyway", stranger)[1]["place"] == "uploaded"
    assert seal_of(face, "refused")["code"] == "trust_unknown_issuer"
    assert upload(face, "/api/ca/keep", pem)[1]["place"] == "uploaded"
    assert seal_of(face, "sealed")
    assert agent.stop() == 0
    agent.start()
    agent.wait_line(r"MQTT: Connected to .* \(TLS\)$")
    assert agent.stop() == 0
    # A file that others may write counts for nothing, and nobody else's authorities do instead.
    (state / "authorities.pem").write_text("damaged")
    agent.start()
    agent.wait_line(r"TLS: .*authorities\.pem")
    agent.wait_line(r"MQTT: .*(trust_no_anchor|trust_ca_unreadable)", 30)


def test_where_the_file_names_the_authorities_no_upload_counts(parts, pki):
    certificate = pki.issue("broker")
    _, _, face = start(parts, pki, certificate, f'ca_file = "{pki.ca}"')
    assert json.loads(face.ask("/api/ca")[1]) == {"place": "declared", "where": str(pki.ca), "list": []}
    assert upload(face, "/api/ca/keep?keep=anyway", pki.ca.read_text())[0] == 400
    assert not (parts.folder / "site" / "state" / "authorities.pem").exists()
