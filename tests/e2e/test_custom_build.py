"""-DUSE_MQTT_TLS_CA_CERT: what the build refuses. The binary itself is built by ./dev build --ca (./dev soak runs that)."""
import os
import shutil
import subprocess

import pytest

from harness import ROOT, Agent, site


def configure(folder, *options):
    return subprocess.run(["cmake", "-S", ROOT, "-B", folder, "-G", "Ninja", *options], capture_output=True, text=True)


@pytest.mark.parametrize("option", ["-DUSE_MQTT_TLS_CA_CERT=", "-DUSE_MQTT_TLS_CA_CERT=ON", "-DUSE_MQTT_TLS_CA_CERT=nosuchfile.pem",
                                    "-DCMAKE_CXX_FLAGS=-DUSE_MQTT_TLS_CA_CERT", "-DUSE_MQTT_TLS_CA_CERT=KEY",
                                    "-DUSE_MQTT_TLS_CA_CERT=NOCERT"])
def test_an_option_without_a_chain_is_a_configure_error_that_names_the_form(tmp_path, pki, option):
    (tmp_path / "no.pem").write_text("nothing\n")
    (tmp_path / "both.pem").write_text(pki.ca.read_text() + (pki.folder / "ca.key").read_text())
    option = option.replace("NOCERT", str(tmp_path / "no.pem")).replace("KEY", str(tmp_path / "both.pem"))
    result = configure(tmp_path / "build", option)
    assert result.returncode != 0
    text = " ".join(result.stderr.split())
    assert "-DUSE_MQTT_TLS_CA_CERT=chain.pem" in text or "private key" in text, result.stderr


@pytest.mark.soak
def test_a_build_with_a_private_ca_seals_without_a_ca_file(parts, pki, tmp_path):
    if "METERSEAL_SOAK_MINUTES" not in os.environ:
        pytest.skip("builds the program once more: only with ./dev soak")
    result = subprocess.run([ROOT / "dev", "build", "--ca", pki.ca], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "CA certificate compiled in: CN = Test CA" in result.stdout
    binary = shutil.copy(ROOT / "build" / "custom" / "meterseal", tmp_path / "meterseal")
    broker = parts.mosquitto(pki.issue("broker"))
    parts.sim()
    config = site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200', 'mode = "ca"')
    agent = parts.add(Agent(tmp_path / "site", config, binary=binary))
    agent.wait_line(r"MQTT: Connected to .* \(TLS\)$")
