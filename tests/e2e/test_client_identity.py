"""Who the device is to a broker that asks for a client certificate: from files, from a token, refused, missing."""
import os
import pathlib
import subprocess

import pytest

from harness import PASSWORD, ca_mode, openssl, site

MODULES = [pathlib.Path(f"/usr/lib/{folder}/libsofthsm2.so") for folder in
           ("softhsm", "x86_64-linux-gnu/softhsm", "aarch64-linux-gnu/softhsm")]


def broker_that_asks(parts, pki, ca=None):
    broker = parts.mosquitto(pki.issue("broker"))
    broker.stop()
    file = broker.folder / "mosquitto.conf"
    file.write_text(file.read_text().replace("certfile ", f"require_certificate true\ncafile {ca or pki.ca}\ncertfile ", 1))
    broker.restart()
    return broker


def device(pki, name="meter-7"):
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key", cwd=pki.folder)
    openssl("req", "-new", "-key", f"{name}.key", "-subj", f"/CN={name}", "-out", f"{name}.csr", cwd=pki.folder)
    openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "20", "-out",
            f"{name}.crt", cwd=pki.folder)
    (pki.folder / f"{name}.key").chmod(0o600)
    return pki.folder / f"{name}.crt", pki.folder / f"{name}.key"


def start(parts, pki, broker, identity, env=None):
    parts.sim()
    return parts.agent(site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200', ca_mode(pki) + "\n" + identity), env=env)


def test_a_client_certificate_from_files_is_accepted(parts, pki):
    certificate, key = device(pki)
    agent = start(parts, pki, broker_that_asks(parts, pki), f'client_cert = "{certificate}"\nclient_key = "{key}"')
    agent.wait_line(r"MQTT: Connected to .* \(TLS\)$")


def test_a_missing_client_certificate_is_named(parts, pki):
    agent = start(parts, pki, broker_that_asks(parts, pki), "")
    agent.wait_line(r"trust_client_certificate_refused")
    agent.wait_line("hint: .*client")


def test_a_client_certificate_that_the_broker_does_not_know_is_named(parts, pki):
    stranger = pki.self_signed("stranger")
    stranger.key.chmod(0o600)
    agent = start(parts, pki, broker_that_asks(parts, pki), f'client_cert = "{stranger.crt}"\nclient_key = "{stranger.key}"')
    agent.wait_line(r"trust_client_certificate_refused")


def test_a_key_that_others_can_read_is_refused_at_the_start(parts, pki):
    certificate, key = device(pki)
    key.chmod(0o644)
    agent = start(parts, pki, broker_that_asks(parts, pki), f'client_cert = "{certificate}"\nclient_key = "{key}"')
    assert agent.child.wait(20) == 2
    assert "client_key" in agent.text and "chmod 600" in agent.text


def test_a_key_in_a_token_seals_and_never_leaves_it(parts, pki, tmp_path):
    module = next((m for m in MODULES if m.exists()), None)
    if module is None:
        pytest.skip("no SoftHSM2 on this machine")
    certificate, key = device(pki)
    (tmp_path / "tokens").mkdir()
    (tmp_path / "softhsm2.conf").write_text(f"directories.tokendir = {tmp_path}/tokens\n")
    env = {"SOFTHSM2_CONF": str(tmp_path / "softhsm2.conf")}

    def softhsm(*args):
        subprocess.run(["softhsm2-util", *args], check=True, capture_output=True, env={**os.environ, **env})

    softhsm("--init-token", "--free", "--label", "agent", "--pin", "4711", "--so-pin", "0815")
    openssl("pkcs8", "-topk8", "-nocrypt", "-in", key, "-out", "meter-7.p8", cwd=pki.folder)
    softhsm("--import", str(pki.folder / "meter-7.p8"), "--token", "agent", "--label", "mqtt", "--id", "01", "--pin", "4711")
    pin = tmp_path / "pin"
    pin.write_text("4711\n")
    pin.chmod(0o600)
    identity = (f'client_cert = "{certificate}"\npkcs11 = "pkcs11:token=agent;object=mqtt"\npkcs11_module = "{module}"\n'
                f'pkcs11_pin_file = "{pin}"')
    broker = broker_that_asks(parts, pki)
    agent = start(parts, pki, broker, identity, env=env)
    agent.wait_line(r"MQTT: Connected to .* \(TLS\)$")
    assert "4711" not in agent.text and PASSWORD not in agent.text
    # A token whose PIN is wrong is named, and nothing is sent.
    assert agent.stop() == 0
    pin.write_text("0000\n")
    agent.start()
    assert agent.child.wait(20) == 2
    assert "trust_token_unusable" in agent.text and "0000" not in agent.text
