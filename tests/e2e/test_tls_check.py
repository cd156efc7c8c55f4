"""`meterseal tls check`, the doctor: each fault by a real server that has it, and what the server gets to see."""
import json
import socket
import ssl
import threading

import pytest

from harness import PASSWORD, USER, Process, ca_mode, fingerprint_mode, free_port, openssl, run_binary, site, wait_for, write_password

BUS = 'device = "bus"'


class TlsBroker:
    """Completes handshakes and keeps what is sent inside them; answers the first packet with `answer`."""

    def __init__(self, certificate, answer=b"", client_ca=None, newest=ssl.TLSVersion.TLSv1_3):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.maximum_version = newest
        self.context.load_cert_chain(certificate.crt, certificate.key)
        if client_ca:
            self.context.verify_mode = ssl.CERT_REQUIRED
            self.context.load_verify_locations(client_ca)
        self.seen, self.sessions, self.answer = bytearray(), 0, answer
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.acceptor = threading.Thread(target=self._accept, daemon=True)
        self.acceptor.start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            client.settimeout(10)
            with self.context.wrap_socket(client, server_side=True) as tls:
                self.sessions += 1
                while data := tls.recv(4096):
                    self.seen += data
                    if self.answer:
                        tls.sendall(self.answer)
        except OSError:
            pass

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.acceptor.join(5)
        self.listener.close()


class Device:
    """A device's configuration without its agent."""

    def __init__(self, folder, port, tls, **kw):
        self.folder = folder / "device"
        self.folder.mkdir()
        (self.folder / "meterseal.toml").write_text(site(port, BUS, tls, **kw))
        write_password(self.folder)
        self.options = ["--config", self.folder / "meterseal.toml", "--state", self.folder / "state"]


def check(*args, exit_code):
    shown = run_binary("tls", "check", "--json", *args, seconds=90)
    assert shown.returncode == exit_code, shown.stdout + shown.stderr
    report = json.loads(shown.stdout)
    found = {c["id"]: c for c in report["checks"]}
    assert len(found) == len(report["checks"])
    for one in report["checks"]:
        assert one["evidence"]
        assert (one["remedy"] is None) == (one["verdict"] in ("ok", "skipped")), one
    return found


def verdicts(found, *ids):
    return [found[i]["verdict"] for i in ids]


ALL = ["dns", "tcp", "tls", "tls_version", "key", "strength", "chain", "name", "dates", "ocsp", "policy", "renewal", "mqtt",
       "clock", "memory"]


# What stands in the way


@pytest.mark.parametrize("address, code", [("no-such-host.invalid", "app_server_unknown"),
                                           ("127.0.0.1:{free}", "app_server_refuses")])
def test_every_check_has_its_id_also_where_there_is_no_server(address, code):
    found = check(address.format(free=free_port()), exit_code=1)
    assert list(found) == ALL
    bad = [c for c in found.values() if c["verdict"] == "bad"]
    assert len(bad) == 1 and code in bad[0]["evidence"]
    assert verdicts(found, "tls", "chain", "name", "mqtt") == ["skipped"] * 4


def test_a_port_whose_packets_are_dropped_is_called_filtered():
    """A full backlog drops SYNs as a firewall does."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    fillers = []
    for _ in range(4):
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex(listener.getsockname())
        fillers.append(s)
    found = check(f"127.0.0.1:{listener.getsockname()[1]}", exit_code=1)
    for s in fillers:
        s.close()
    listener.close()
    assert "app_server_filtered" in found["tcp"]["evidence"]
    assert "firewall" in found["tcp"]["remedy"]


def test_plaintext_mqtt_on_a_tls_port_is_named(parts):
    broker = parts.mosquitto(None, plain=True)
    found = check(f"localhost:{broker.port}", exit_code=1)
    assert found["tls"]["verdict"] == "bad"
    assert "speaks MQTT in clear" in found["tls"]["evidence"]
    assert "8883" in found["tls"]["remedy"]
    assert USER not in broker.text


def test_a_web_server_is_named():
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            client.recv(4096)
            client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            client.close()

    threading.Thread(target=serve, daemon=True).start()
    found = check(f"127.0.0.1:{listener.getsockname()[1]}", exit_code=1)
    listener.shutdown(socket.SHUT_RDWR)
    assert "answered with HTTP" in found["tls"]["evidence"]


def test_a_server_that_only_speaks_old_tls_is_named(parts, pki):
    certificate = pki.issue("broker")
    port = free_port()
    parts.process(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", certificate.crt, "-key", certificate.key,
                   "-quiet", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"])
    wait_for("s_server", lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0)
    found = check(f"127.0.0.1:{port}", exit_code=1)
    assert found["tls"]["verdict"] == "ok"
    assert "nothing newer than TLSv1.1" in found["tls_version"]["evidence"]


# The certificate


def test_a_host_that_is_not_configured_is_judged_with_the_given_anchors_and_gets_no_byte_of_mqtt(pki, parts):
    broker = parts.add(TlsBroker(pki.issue("broker")))
    found = check(f"localhost:{broker.port}", "--ca", pki.ca, exit_code=0)
    assert verdicts(found, "chain", "name", "dates", "ocsp") == ["ok"] * 4
    assert verdicts(found, "policy", "mqtt") == ["skipped", "skipped"]
    wait_for("the sessions of the doctor", lambda: broker.sessions >= 1)
    assert broker.seen == b""
    found = check(f"localhost:{broker.port}", exit_code=1)
    assert "trust_missing_intermediate" in found["chain"]["evidence"] or "trust_unknown_issuer" in found["chain"]["evidence"]


FAULTS = {
    "other name": (lambda p: p.issue("b", san="DNS:other.example"), "name", "trust_name_mismatch"),
    "expired": (lambda p: p.issue("b", start="20200101000000Z", end="20210101000000Z"), "dates", "trust_expired"),
    "of the future": (lambda p: p.issue("b", start="20400101000000Z"), "dates", "trust_not_yet_valid"),
    "self-signed": (lambda p: p.self_signed("b"), "chain", "trust_self_signed"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_of_the_certificate_is_found_by_its_own_check(parts, pki, case):
    make, check_id, code = FAULTS[case]
    broker = parts.add(TlsBroker(make(pki)))
    found = check(f"localhost:{broker.port}", "--ca", pki.ca, exit_code=1)
    bad = {i for i in found if found[i]["verdict"] == "bad"}
    assert bad == {check_id}
    assert code in found[check_id]["evidence"]


# This device's own side


def test_a_configured_broker_is_checked_up_to_connack_under_a_client_id_of_its_own(parts, pki, tmp_path):
    certificate = pki.issue("broker")
    broker = parts.mosquitto(certificate)
    device = Device(tmp_path, broker.port, fingerprint_mode(certificate))
    found = check(*device.options, exit_code=0)
    assert list(found) == ALL
    assert "its certificate is pinned in slot 1" in found["policy"]["evidence"]
    assert found["mqtt"]["verdict"] == "ok"
    broker.wait_line(r"New client connected .* as \S+-probe ")
    assert "memory" in found and "by fingerprint" in found["memory"]["evidence"]


def test_a_bad_password_is_told_from_a_missing_permission(parts, pki, tmp_path):
    certificate = pki.issue("broker")
    for code, name in ((4, "mqtt_bad_credentials"), (5, "mqtt_not_authorized")):
        broker = parts.add(TlsBroker(certificate, answer=bytes([0x20, 2, 0, code])))
        folder = tmp_path / name
        folder.mkdir()
        device = Device(folder, broker.port, fingerprint_mode(certificate))
        found = check(f"localhost:{broker.port}", *device.options, exit_code=1)
        assert {i for i in found if found[i]["verdict"] == "bad"} == {"mqtt"}
        assert name in found["mqtt"]["evidence"]
        assert PASSWORD.encode() in broker.seen and b"-probe" in broker.seen


def test_credentials_do_not_go_to_a_broker_that_the_policy_refuses(parts, pki, tmp_path):
    broker = parts.add(TlsBroker(pki.issue("broker"), answer=b"\x20\x02\x00\x00"))
    device = Device(tmp_path, broker.port, fingerprint_mode(pki.issue("expected")))
    found = check(*device.options, exit_code=1)
    assert "trust_pin_mismatch" in found["policy"]["evidence"]
    assert "shows it, in the file: " in found["policy"]["remedy"]  # which declares the pin
    assert found["mqtt"]["verdict"] == "skipped"
    assert broker.seen == b""


def test_credentials_do_not_go_to_another_port_of_the_configured_host(parts, pki, tmp_path):
    certificate = pki.issue("broker")
    broker = parts.add(TlsBroker(certificate, answer=b"\x20\x02\x00\x00"))
    device = Device(tmp_path, free_port(), fingerprint_mode(certificate))
    found = check(f"localhost:{broker.port}", "--ca", pki.ca, *device.options, exit_code=0)
    assert verdicts(found, "policy", "mqtt") == ["skipped", "skipped"]
    assert broker.seen == b""


def test_a_client_certificate_is_shown_only_after_the_broker_is_trusted(parts, pki, tmp_path):
    certificate = pki.issue("broker")
    client = pki.issue("client", san=None, cn="meter-7")
    identity = f'\nclient_cert = "{client.crt}"\nclient_key = "{client.key}"'
    for newest in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        folder = tmp_path / newest.name
        folder.mkdir()
        # The issued test certificates are for servers only; Python's verification asks for the purpose.
        broker = parts.add(TlsBroker(certificate, answer=b"\x20\x02\x00\x00", client_ca=pki.ca, newest=newest))
        device = Device(folder, broker.port, fingerprint_mode(pki.issue("expected" + newest.name)) + identity)
        found = check(*device.options, exit_code=1)
        assert found["policy"]["verdict"] == "bad" and found["mqtt"]["verdict"] == "skipped"
        assert broker.sessions == 0 and broker.seen == b""


def test_a_pinned_broker_whose_chain_verifies_is_proposed_same_ca(parts, pki, tmp_path):
    certificate = pki.issue("broker")
    broker = parts.mosquitto(certificate)
    device = Device(tmp_path, broker.port, fingerprint_mode(certificate))
    found = check(f"localhost:{broker.port}", "--ca", pki.ca, *device.options, exit_code=0)
    assert found["renewal"]["verdict"] == "warning"
    assert 'renewal = "same-ca"' in found["renewal"]["remedy"]
    assert "certbot makes a new key" in found["renewal"]["evidence"]


def test_a_pinned_self_signed_broker_is_told_what_a_new_key_will_do(parts, pki, tmp_path):
    certificate = pki.self_signed("broker")
    broker = parts.mosquitto(certificate)
    device = Device(tmp_path, broker.port, fingerprint_mode(certificate))
    found = check(*device.options, exit_code=0)
    assert verdicts(found, "chain", "policy", "mqtt") == ["warning", "ok", "ok"]
    assert found["renewal"]["verdict"] == "warning"
    assert "--reuse-key" in found["renewal"]["remedy"] and "MqttFingerprint2" in found["renewal"]["remedy"]


def test_ca_mode_is_judged_with_the_configured_anchors(parts, pki, tmp_path):
    broker = parts.mosquitto(pki.issue("broker"))
    device = Device(tmp_path, broker.port, ca_mode(pki))
    found = check(*device.options, exit_code=0)
    assert verdicts(found, "chain", "name", "policy", "renewal", "mqtt") == ["ok"] * 5


def test_authorities_that_came_by_the_page_count_as_they_do_for_the_agent(parts, pki, tmp_path):
    broker = parts.mosquitto(pki.issue("broker"))
    (state := tmp_path / "state").mkdir(mode=0o700)
    (state / "authorities.pem").write_bytes(pki.ca.read_bytes())
    for name, tls, verdict in [("open", 'mode = "ca"', "ok"), ("declared", 'mode = "ca"\nca_path = "/etc/ssl/certs"', "bad")]:
        (folder := tmp_path / name).mkdir()
        config = Device(folder, broker.port, tls).options[:2]
        found = check(*config, "--state", state, exit_code=0 if verdict == "ok" else 1)
        assert verdicts(found, "chain", "policy") == [verdict] * 2
        assert (str(state / "authorities.pem") in found["chain"]["evidence"]) == (verdict == "ok")


def test_plaintext_is_bad_and_gets_no_credentials_from_the_doctor(parts, tmp_path):
    broker = parts.mosquitto(None, plain=True)
    device = Device(tmp_path, broker.port, 'mode = "off"\nallow_plaintext = true')
    found = check(*device.options, exit_code=1)
    assert verdicts(found, "tls", "policy", "mqtt") == ["bad", "bad", "skipped"]
    assert USER not in broker.text


@pytest.mark.parametrize("arguments", [["host:0"], ["host", "--config", "/nonexistent.toml"], ["a", "b"]])
def test_a_wrong_use_is_exit_2(arguments):
    assert run_binary("tls", "check", *arguments).returncode == 2


def test_the_text_names_each_check_and_its_remedy(parts, pki):
    broker = parts.add(TlsBroker(pki.self_signed("broker")))
    shown = run_binary("tls", "check", f"localhost:{broker.port}")
    lines = shown.stdout.splitlines()
    assert lines[0] == f"localhost:{broker.port}"
    at = next(n for n, line in enumerate(lines) if line.startswith("bad      chain"))
    assert lines[at + 1].strip().startswith("-> compare the served fingerprint")


def test_a_pin_that_was_set_by_command_counts_as_it_does_for_the_agent(parts, pki):
    certificate = pki.issue("broker")
    broker = parts.mosquitto(certificate)
    parts.sim()
    agent = parts.agent(site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200',
                             'mode = "fingerprint"\nlearn = "confirm"'))
    agent.wait_line("TLS: learned")
    state = agent.folder / "state"
    found = check("--config", agent.config, "--state", state, exit_code=1)
    assert "trust_unconfirmed" in found["policy"]["evidence"] and found["mqtt"]["verdict"] == "skipped"
    said = run_binary("console", "--state", state, "MqttFingerprint1", certificate.fingerprint)
    assert said.returncode == 0, said.stdout + said.stderr
    agent.wait_line(r"MQTT: Connected to .* \(TLS\)")
    found = check("--config", agent.config, "--state", state, exit_code=0)
    assert "its certificate is pinned in slot 1" in found["policy"]["evidence"]
    assert found["mqtt"]["verdict"] == "ok"
