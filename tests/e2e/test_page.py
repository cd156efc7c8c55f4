"""The commands of the security page that the project starts from, verbatim with host and port replaced."""
import subprocess

from harness import fingerprint_mode, site


def shell(command):
    return subprocess.run(command, shell=True, capture_output=True, text=True, timeout=20)


def test_the_fingerprint_extracted_as_the_page_says_seals_the_connection(parts, pki):
    certificate = pki.issue("broker")
    broker = parts.mosquitto(certificate)
    out = shell(f"openssl s_client -connect localhost:{broker.port} < /dev/null 2>/dev/null | openssl x509 -fingerprint -sha256 -noout")
    assert out.returncode == 0
    line = out.stdout.strip()
    assert line.lower().startswith("sha256 fingerprint=")
    parts.sim()
    observer = parts.subscriber(broker.port, ca=pki.ca)
    # Once as the bare value, once the whole line pasted.
    for pin in (line.split("=")[1], line):
        agent = parts.agent(site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200',
                                 f'mode = "fingerprint"\nfingerprint = ["{pin}"]'))
        agent.wait_line(rf"MQTT: Connected to localhost:{broker.port} \(TLS\)$")
        assert agent.stop() == 0
    assert observer.of("tele/e2e/LWT")


def test_port_and_dates_are_seen_as_the_page_says(parts, pki):
    certificate = pki.issue("broker")
    broker = parts.mosquitto(certificate)
    dates = shell(f"openssl s_client -connect localhost:{broker.port} < /dev/null 2>/dev/null | openssl x509 -noout -dates")
    assert "notAfter=Dec 31 23:59:59 2049 GMT" in dates.stdout
    connected = shell(f"openssl s_client -connect localhost:{broker.port} -CAfile {pki.ca} < /dev/null")
    assert "Verify return code: 0 (ok)" in connected.stdout
    parts.sim()
    agent = parts.agent(site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200', fingerprint_mode(certificate)))
    agent.wait_line(rf"MQTT: Connected to localhost:{broker.port} \(TLS\)$")
