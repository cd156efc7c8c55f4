"""Azure IoT Hub, as its maker documents it: a hub of the test's own making that takes nothing else."""
import base64
import hashlib
import hmac
import socket
import ssl
import struct
import threading
import time
import urllib.parse

from harness import Agent, ca_mode, site, wait_for

KEY = b"0123456789abcdef0123456789abcdef"
DEVICE = "meter-7"
EVENTS = f"devices/{DEVICE}/messages/events/"


class Hub:
    """One device may connect, with a token that was signed with its key and is valid now."""

    def __init__(self, certificate):
        self.published, self.refused, self.subscribed, self.connection = [], [], [], None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.crt, certificate.key)
        self.listener = context.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
                self._serve(connection)
            except OSError as error:
                if self.listener.fileno() < 0:
                    return
                self.refused.append(str(error))

    def _serve(self, connection):
        self.connection = connection
        stream = connection.makefile("rb")
        while True:
            head = stream.read(1)
            if not head:
                return
            length, shift = 0, 0
            while True:
                byte = stream.read(1)[0]
                length |= (byte & 0x7F) << shift
                shift += 7
                if byte < 0x80:
                    break
            self._take(connection, head[0], stream.read(length))

    def _take(self, connection, head, body):
        def text(at):
            size = struct.unpack(">H", body[at:at + 2])[0]
            return body[at + 2:at + 2 + size].decode(), at + 2 + size

        kind = head >> 4
        if kind == 1:
            assert body[:7] == b"\x00\x04MQTT\x04"
            client, at = text(10)
            will_topic, at = text(at)
            _, at = text(at)
            user, at = text(at)
            password, at = text(at)
            if client == DEVICE and will_topic.startswith(EVENTS) and self._is_good(user, password):
                connection.sendall(b"\x20\x02\x00\x00")
            else:
                self.refused.append((client, will_topic, user))
                connection.sendall(b"\x20\x02\x00\x05")
        elif kind == 3:
            topic, at = text(0)
            if (head >> 1) & 3:
                connection.sendall(b"\x40\x02" + body[at:at + 2])
                at += 2
            assert topic.startswith(EVENTS) and not head & 1
            properties = dict(urllib.parse.parse_qsl(topic[len(EVENTS):]))
            self.published.append((properties, body[at:].decode()))
        elif kind == 8:
            self.subscribed.append(text(2)[0])
            connection.sendall(b"\x90\x03" + body[:2] + b"\x01")
        elif kind == 12:
            connection.sendall(b"\xd0\x00")

    @staticmethod
    def _is_good(user, password):
        fields = dict(f.split("=", 1) for f in password.removeprefix("SharedAccessSignature ").split("&"))
        resource = f"localhost%2Fdevices%2F{DEVICE}"
        signed = hmac.new(KEY, f"{resource}\n{fields['se']}".encode(), hashlib.sha256).digest()
        return (user == f"localhost/{DEVICE}/?api-version=2021-04-12" and fields["sr"] == resource
                and urllib.parse.unquote(fields["sig"]) == base64.b64encode(signed).decode()
                and 0 < int(fields["se"]) - time.time() <= 3600)

    def command(self, name, payload):
        topic = f"devices/{DEVICE}/messages/devicebound/%24.to=x&cmnd={name}".encode()
        body = struct.pack(">H", len(topic)) + topic + payload.encode()
        self.connection.sendall(bytes([0x30, len(body)]) + body)

    def topics(self):
        return [properties.get("topic") for properties, _ in list(self.published)]

    def stop(self):
        self.listener.close()


def test_azure_iot_hub_takes_readings_and_sends_commands(parts, pki):
    hub = parts.add(Hub(pki.issue("broker")))
    parts.sim()
    config = site(hub.port, f'device = "{parts.folder}/bus"\nbaud = 115200', ca_mode(pki))
    config = config.replace('user = "site_meter"\npassword_file = "mqtt.password"',
                            f'preset = "azure-iot-hub"\nclient_id = "{DEVICE}"\nsas_key_file = "device.key"')
    folder = parts.folder / "site"
    folder.mkdir()
    key = folder / "device.key"
    key.write_text(base64.b64encode(KEY).decode() + "\n")
    key.chmod(0o600)
    agent = parts.add(Agent(folder, config))
    agent.wait_line(r"MQTT: Connected to localhost:\d+ \(TLS\)$")
    assert hub.subscribed == [f"devices/{DEVICE}/messages/devicebound/#"]
    wait_for("readings", lambda: hub.topics().count("tele/e2e/SENSOR") >= 2)
    properties, payload = next(m for m in hub.published if m[0]["topic"] == "tele/e2e/SENSOR")
    assert properties["$.ct"] == "application/json" and '"ENERGY"' in payload
    hub.command("Status", "10")
    wait_for("the answer", lambda: "stat/e2e/STATUS10" in hub.topics())
    assert not hub.refused
    assert agent.stop() == 0
    assert KEY.decode() not in agent.text and "SharedAccessSignature" not in agent.text
