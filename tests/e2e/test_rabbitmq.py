"""RabbitMQ as the second broker: other TLS stack, other CONNACK codes, no TLS 1.3 resumption."""
import os
import socket
import subprocess

import pytest

from harness import PASSWORD, USER, Process, ca_mode, fingerprint_mode, free_port, site, wait_for

PLUGINS = "[rabbitmq_mqtt]."


class RabbitMq(Process):
    def __init__(self, folder, pki, certificate):
        folder.mkdir()
        self.port, node_port, self.epmd_port = free_port(), free_port(), free_port()
        (folder / "enabled_plugins").write_text(PLUGINS)
        (folder / "rabbitmq.conf").write_text(
            f"listeners.tcp = none\nmqtt.listeners.tcp = none\nmqtt.listeners.ssl.1 = 127.0.0.1:{self.port}\n"
            f"ssl_options.cacertfile = {pki.ca}\nssl_options.certfile = {certificate.crt}\nssl_options.keyfile = {certificate.key}\n"
            "ssl_options.verify = verify_none\nssl_options.fail_if_no_peer_cert = false\n"
            "ssl_options.versions.1 = tlsv1.3\nssl_options.versions.2 = tlsv1.2\nmqtt.allow_anonymous = false\n"
            f"default_user = {USER}\ndefault_pass = {PASSWORD}\ndistribution.listener.interface = 127.0.0.1\n")
        self.environment = {
            "HOME": str(folder), "RABBITMQ_NODENAME": f"meterseal{self.port}@localhost", "RABBITMQ_MNESIA_BASE": str(folder / "db"),
            "RABBITMQ_LOG_BASE": str(folder / "log"), "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"), "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_DIST_PORT": str(node_port), "ERL_EPMD_ADDRESS": "127.0.0.1", "ERL_EPMD_PORT": str(self.epmd_port)}
        super().__init__(["/usr/lib/rabbitmq/bin/rabbitmq-server"], env=self.environment, cwd=folder)
        wait_for("RabbitMQ's TLS listener", self.listens, 90)

    def listens(self):
        assert self.child.poll() is None, self.text
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self):
        for command in (["pkill", "-9", "-f", f"meterseal{self.port}@localhost"], ["epmd", "-port", str(self.epmd_port), "-kill"]):
            subprocess.run(command, capture_output=True, env={**os.environ, **self.environment})
        super().kill()


@pytest.fixture
def rabbit(parts, pki):
    certificate = pki.issue("broker")
    return parts.add(RabbitMq(parts.folder / "rabbit", pki, certificate)), certificate


def test_rabbitmq_takes_sealed_readings_in_both_modes_and_refuses_a_wrong_password(parts, pki, rabbit):
    broker, certificate = rabbit
    parts.sim()
    observer = parts.subscriber(broker.port, ca=pki.ca, user=USER, password=PASSWORD)
    device = f'device = "{parts.folder}/bus"\nbaud = 115200'
    agent = parts.agent(site(broker.port, device, fingerprint_mode(certificate)))
    observer.wait("tele/e2e/SENSOR", 2)
    assert agent.stop() == 0

    agent.config.write_text(site(broker.port, device, ca_mode(pki)))
    count = len(observer.of("tele/e2e/SENSOR"))
    agent.start()
    observer.wait("tele/e2e/SENSOR", count + 2)
    assert agent.stop() == 0

    (agent.folder / "mqtt.password").write_text("wrong\n")
    agent.start()
    agent.wait_line(r"mqtt_bad_credentials|mqtt_not_authorized")
    agent.wait_line("hint: ")
