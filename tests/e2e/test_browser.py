"""The page of the real agent in a real browser, with a real broker: a renewal with a new key and CA is mended in three steps."""
import os
import pathlib
import re
import subprocess

from harness import BINARY, free_port, site, wait_for
from test_web import web

BROWSER = pathlib.Path(__file__).parent.parent / "browser"
MODULES = os.environ.get("BROWSER_MODULES", pathlib.Path(BINARY).parent / "browser")


def browser(port, *step):
    done = subprocess.run(["node", BROWSER / "mending.mjs", f"https://127.0.0.1:{port}/", *step], capture_output=True, text=True,
                          timeout=170, env={**os.environ, "BROWSER_MODULES": str(MODULES)})
    assert done.returncode == 0, done.stdout + done.stderr


def test_extract_set_restart_and_every_queued_reading_arrives(parts, pki):
    certificate = pki.issue("broker")
    broker = parts.mosquitto(certificate)
    parts.sim()
    observer = parts.subscriber(broker.port, ca=pki.ca)
    port = free_port()
    agent = parts.agent(site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200', 'mode = "fingerprint"\nlearn = "confirm"')
                        + web(parts.folder, port))
    agent.wait_line(r"WEB: page at")
    browser(port, "confirm")
    observer.wait("tele/e2e/SENSOR", 2)
    broker.stop()
    observer.stop()
    renewed = type(pki)(parts.folder / "other-ca").issue("renewed")
    config = broker.folder / "mosquitto.conf"
    config.write_text(re.sub(r"(certfile|keyfile) .*", lambda m: f"{m[1]} {renewed.crt if m[1] == 'certfile' else renewed.key}", config.read_text()))
    broker.restart()
    later = parts.subscriber(broker.port, ca=renewed.crt.parent / "ca.crt")
    agent.wait_line(r"trust_pin_mismatch", 60)
    # As the page says: from the broker itself.
    out = subprocess.run(f"openssl s_client -connect localhost:{broker.port} < /dev/null 2>/dev/null | openssl x509 -fingerprint -sha256 -noout",
                         shell=True, capture_output=True, text=True, timeout=20).stdout
    browser(port, "mend", out.strip().split("=")[1])

    def numbers():
        return {one["Seq"] for one in [*observer.json_of("tele/e2e/SENSOR"), *observer.json_of("tele/e2e/HISTORY"), *later.json_of("tele/e2e/SENSOR"), *later.json_of("tele/e2e/HISTORY")]}
    later.wait("tele/e2e/SENSOR", 1)
    last = later.json_of("tele/e2e/SENSOR")[-1]["Seq"]
    wait_for("every queued reading", lambda: numbers() >= set(range(1, last + 1)), 60)
    assert later.json_of("tele/e2e/HISTORY"), "some had to wait"
    assert agent.stop() == 0
