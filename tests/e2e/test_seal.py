"""What the network sees: nothing before trust, and nothing readable after it."""
import re
import socket
import threading
import time

import pytest

from harness import PASSWORD, USER, Certificate, ca_mode, fingerprint_mode, site, wait_for

WRONG_PIN = 'mode = "fingerprint"\nfingerprint = ["' + ":".join(["A1"] * 32) + '"]'


def broker_and_agent(parts, pki, certificate, tls, **kw):
    broker = parts.mosquitto(certificate)
    proxy = parts.proxy(broker.port)
    parts.sim()
    agent = parts.agent(site(proxy.port, f'device = "{parts.folder}/bus"\nbaud = 115200', tls, **kw))
    return broker, proxy, agent


def assert_no_connect(broker, proxy, agent):
    """The peer was reached, and neither CONNECT nor any credential was seen: not by the broker, not on the wire."""
    assert proxy.connections >= 1
    wait_for("the broker's own word", lambda: "New connection from" in broker.text)
    assert "New client connected" not in broker.text
    for secret in (USER, PASSWORD, "tele/e2e", "ENERGY"):
        assert secret.encode() not in proxy.sent, secret
    assert "Connected to" not in agent.text


REFUSALS = {
    "wrong pin": (lambda p: p.issue("broker"), lambda p: WRONG_PIN, "trust_pin_mismatch"),
    "wrong host name": (lambda p: p.issue("broker", san="DNS:other.example"), ca_mode, "trust_name_mismatch"),
    "name in the CN only": (lambda p: p.issue("broker", san=None, cn="localhost"), ca_mode, "trust_name_mismatch"),
    "expired": (lambda p: p.issue("broker", start="20200101000000Z", end="20210101000000Z"), ca_mode, "trust_expired"),
    "not yet valid": (lambda p: p.issue("broker", start="20400101000000Z"), ca_mode, "trust_not_yet_valid"),
    "self-signed": (lambda p: p.self_signed("broker"), ca_mode, "trust_self_signed"),
}


def refused(parts, pki, case):
    make, tls, code = REFUSALS[case]
    broker, proxy, agent = broker_and_agent(parts, pki, make(pki), tls(pki))
    agent.wait_line(code)
    agent.wait_line("hint: ")
    assert_no_connect(broker, proxy, agent)
    wait_for("readings kept", lambda: agent.database().execute("select count(*) from record").fetchone()[0] >= 2)
    return agent


def test_a_wrong_pin_is_refused_and_the_served_fingerprint_named(parts, pki):
    agent = refused(parts, pki, "wrong pin")
    assert Certificate(pki.folder / "broker.crt", None).fingerprint in agent.text


def test_a_wrong_host_name_is_refused(parts, pki):
    assert "other.example" in refused(parts, pki, "wrong host name").text


def test_a_name_in_the_cn_only_is_refused(parts, pki):
    refused(parts, pki, "name in the CN only")


def test_an_expired_certificate_is_refused_in_ca_mode(parts, pki):
    refused(parts, pki, "expired")


def test_a_certificate_of_the_future_is_refused_in_ca_mode(parts, pki):
    refused(parts, pki, "not yet valid")


def test_a_self_signed_certificate_is_refused_in_ca_mode(parts, pki):
    refused(parts, pki, "self-signed")


def test_an_expired_certificate_whose_fingerprint_is_pinned_is_taken_with_a_warning(parts, pki):
    certificate = pki.issue("broker", start="20200101000000Z", end="20210101000000Z")
    _, _, agent = broker_and_agent(parts, pki, certificate, fingerprint_mode(certificate))
    agent.wait_line(r"MQTT: Connected to")
    agent.wait_line(r"warning.*expired")


def test_a_whole_sealed_session_shows_nothing_on_the_wire(parts, pki):
    certificate = pki.issue("broker")
    broker, proxy, agent = broker_and_agent(parts, pki, certificate, fingerprint_mode(certificate))
    observer = parts.subscriber(broker.port, ca=pki.ca)
    observer.wait("tele/e2e/SENSOR", 3)
    observer.publish("cmnd/e2e/STATUS", "0")
    observer.wait("stat/e2e/STATUS11")
    agent.stop()
    for wire in (bytes(proxy.sent), bytes(proxy.received)):
        assert len(wire) > 500
        for secret in (USER, PASSWORD, "e2e", "ENERGY", "SENSOR", "Voltage", "STATUS", "Online"):
            assert secret.encode() not in wire, secret


def test_plaintext_needs_the_explicit_setting(parts, pki):
    agent = parts.agent(site(1883, 'device = "bus"', 'mode = "off"'))
    assert agent.child.wait(10) == 2
    assert "allow_plaintext" in agent.text


def test_allowed_plaintext_is_warned_about_and_never_called_tls(parts, pki):
    broker = parts.mosquitto(None, plain=True)
    parts.sim()
    agent = parts.agent(site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200',
                             'mode = "off"\nallow_plaintext = true'))
    agent.wait_line(r"warning: MQTT: .*WITHOUT TLS")
    agent.wait_line(rf"MQTT: Connected to localhost:{broker.port}$")
    assert "(TLS)" not in agent.text


def serve(handler):
    """A one-thread TCP server of the test's own making."""
    listener = socket.create_server(("127.0.0.1", 0))
    seen = bytearray()

    def run():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=handler, args=(connection, seen), daemon=True).start()

    threading.Thread(target=run, daemon=True).start()
    return listener.getsockname()[1], seen


def keep_reading(connection, seen):
    while True:
        data = connection.recv(4096)
        if not data:
            return
        seen += data


@pytest.mark.parametrize("greeting", [b"\x20\x02\x00\x00", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_a_peer_that_speaks_plaintext_on_the_tls_port_learns_nothing(parts, pki, greeting):
    def handler(connection, seen):
        connection.sendall(greeting)
        keep_reading(connection, seen)

    port, seen = serve(handler)
    parts.sim()
    agent = parts.agent(site(port, f'device = "{parts.folder}/bus"\nbaud = 115200', WRONG_PIN))
    agent.wait_line(r"\(trust_peer_not_tls\)")
    for secret in (USER, PASSWORD, "e2e"):
        assert secret.encode() not in seen


def test_a_silent_peer_is_given_up_after_ten_seconds(parts, pki):
    port, _ = serve(keep_reading)
    parts.sim()
    agent = parts.agent(site(port, f'device = "{parts.folder}/bus"\nbaud = 115200', WRONG_PIN))
    started = time.monotonic()
    agent.wait_line(r"mqtt_handshake_timeout", 20)
    assert time.monotonic() - started > 8


def test_the_next_broker_is_tried_when_one_is_away(parts, pki):
    certificate = pki.issue("broker")
    broker = parts.mosquitto(certificate)
    parts.sim()
    observer = parts.subscriber(broker.port, ca=pki.ca)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        config = site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200', fingerprint_mode(certificate))
        config = config.replace('hosts = [', f'hosts = ["localhost:{unused.getsockname()[1]}", ')
        agent = parts.agent(config)
        observer.wait("tele/e2e/SENSOR")
    assert re.search(r"mqtt_connection_refused", agent.text)
