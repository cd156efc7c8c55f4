"""Real parts for the end-to-end tests: a PKI made by openssl, mosquitto, the real binary, an independent MQTT client.

Nothing here imports code of the project: what the tests see is what a user sees. No fixed ports, and every wait is for
a condition with a deadline.
"""
import contextlib
import json
import os
import pathlib
import random
import re
import signal
import socket
import sqlite3
import ssl
import subprocess
import threading
import time

import paho.mqtt.client as paho

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BINARY = pathlib.Path(os.environ.get("METERSEAL_BINARY", ROOT / "build" / "release" / "meterseal"))
USER = "site_meter"
PASSWORD = "canary-password-7f3a91"


def wait_for(what, condition, seconds=20.0):
    """Returns the first true value of condition(), or fails with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain for: {what}")
        time.sleep(0.02)


def free_port():
    """Below the range of outgoing connections: a client that knocks at a stopped broker could get the broker's own port."""
    while True:
        port = random.randrange(10000, 32000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def openssl(*args, cwd, stdin=None):
    result = subprocess.run(["openssl", *map(str, args)], cwd=cwd, input=stdin, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


class Pki:
    """A private CA with as many broker certificates as a test asks for."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "ca.key", cwd=self.folder)
        openssl("req", "-x509", "-new", "-key", "ca.key", "-sha256", "-days", "30", "-subj", "/CN=Test CA", "-out", "ca.crt",
                "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign", cwd=self.folder)
        (self.folder / "index.txt").write_text("")
        (self.folder / "index.txt.attr").write_text("unique_subject = no\n")
        (self.folder / "ca.cnf").write_text(
            "[ca]\ndefault_ca = x\n[x]\ndatabase = index.txt\nrand_serial = yes\npolicy = any\ndefault_md = sha256\n"
            "new_certs_dir = .\nunique_subject = no\nemail_in_dn = no\n[any]\ncommonName = supplied\n")

    @property
    def ca(self):
        return self.folder / "ca.crt"

    def issue(self, name, san="DNS:localhost,IP:127.0.0.1", start=None, end=None, key=None, cn="broker"):
        """@param start, end  YYYYMMDDHHMMSSZ  @param key  name of an earlier certificate whose key is used again"""
        key_file = f"{key or name}.key"
        if key is None:
            openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key_file, cwd=self.folder)
        openssl("req", "-new", "-key", key_file, "-subj", f"/CN={cn}", "-out", f"{name}.csr", cwd=self.folder)
        extensions = "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth\n"
        if san:
            extensions += f"subjectAltName={san}\n"
        (self.folder / f"{name}.ext").write_text(extensions)
        openssl("ca", "-batch", "-config", "ca.cnf", "-cert", "ca.crt", "-keyfile", "ca.key", "-in", f"{name}.csr",
                "-extfile", f"{name}.ext", "-out", f"{name}.crt", "-notext",
                "-startdate", start or "20200101000000Z", "-enddate", end or "20491231235959Z", cwd=self.folder)
        return Certificate(self.folder / f"{name}.crt", self.folder / key_file)

    def self_signed(self, name, san="DNS:localhost,IP:127.0.0.1"):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
                "-subj", "/CN=broker", "-keyout", f"{name}.key", "-out", f"{name}.crt", "-addext", f"subjectAltName={san}",
                cwd=self.folder)
        return Certificate(self.folder / f"{name}.crt", self.folder / f"{name}.key")


class Certificate:
    def __init__(self, crt, key):
        self.crt, self.key = crt, key

    @property
    def fingerprint(self):
        """As the security page extracts it."""
        out = openssl("x509", "-in", self.crt, "-fingerprint", "-sha256", "-noout", cwd=self.crt.parent)
        return out.strip().split("=")[1]

    @property
    def key_pin(self):
        pem = openssl("x509", "-in", self.crt, "-pubkey", "-noout", cwd=self.crt.parent)
        der = ssl.PEM_cert_to_DER_cert(pem.replace("PUBLIC KEY", "CERTIFICATE"))
        import base64
        import hashlib
        return "sha256//" + base64.b64encode(hashlib.sha256(der).digest()).decode()


class Process:
    """A child whose output is collected line by line."""

    def __init__(self, args, cwd=None, env=None):
        self.args = [str(a) for a in args]
        self.lines = []
        self.child = subprocess.Popen(self.args, cwd=cwd, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.child.stdout:
            self.lines.append(line.rstrip("\n"))

    @property
    def text(self):
        if self.child.poll() is not None:
            self.reader.join(5)
        return "\n".join(self.lines)

    def wait_line(self, pattern, seconds=20.0, after=0):
        """@return the match of the first line from number `after` on"""
        def found():
            for line in self.lines[after:]:
                match = re.search(pattern, line)
                if match:
                    return match
            if self.child.poll() is not None and not self.reader.is_alive():
                raise AssertionError(f"{self.args[0]} ended with {self.child.returncode}:\n{self.text}")
            return None
        try:
            return wait_for(f"line /{pattern}/", found, seconds)
        except AssertionError as e:
            raise AssertionError(f"{e}\n--- output of {' '.join(self.args[:2])}\n{self.text}") from None

    def signal(self, number):
        self.child.send_signal(number)

    def stop(self, seconds=10.0):
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
                raise AssertionError(f"{self.args[0]} did not end within {seconds} s\n{self.text}")
        self.reader.join(5)
        return self.child.returncode

    def kill(self):
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        self.reader.join(5)


class Mosquitto(Process):
    """mosquitto with TLS and a password, persistent across restart() of the same object unless told otherwise."""

    def __init__(self, folder, certificate, port=None, user=USER, password=PASSWORD, plain=False, persistence="true"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        users = self.folder / "users"
        users.write_text(f"{user}:{password}\nobserver:observer-password\n")
        users.chmod(0o600)
        subprocess.run(["mosquitto_passwd", "-U", users], check=True, capture_output=True)
        config = ["per_listener_settings true", "set_tcp_nodelay true", "max_queued_messages 0", "log_type all",
                  f"persistence {persistence}", f"persistence_location {self.folder}/", "connection_messages true"]
        if os.getuid() == 0:
            config.append("user root")
        config.append(f"listener {self.port} 127.0.0.1")
        if not plain:
            config += [f"certfile {certificate.crt}", f"keyfile {certificate.key}", "tls_version tlsv1.2"]
        config += ["allow_anonymous false", f"password_file {users}"]
        (self.folder / "mosquitto.conf").write_text("\n".join(config) + "\n")
        self._start()

    def _start(self):
        super().__init__(["mosquitto", "-c", self.folder / "mosquitto.conf"])
        self.wait_line(r"mosquitto version .* running")

    def restart(self):
        self._start()


class Subscriber:
    """An independent MQTT client (Paho) that keeps everything it receives. Its session survives broker restarts."""

    def __init__(self, port, ca=None, topics=("#",), user="observer", password="observer-password", host="localhost",
                 client_id="observer"):
        self.messages = []  # (topic, payload text, retained, monotonic time)
        self.client = paho.Client(client_id=client_id, clean_session=False, protocol=paho.MQTTv311)
        self.client.username_pw_set(user, password)
        if ca:
            self.client.tls_set(str(ca))
        self.ready = threading.Event()
        self.client.on_connect = lambda c, *_: [c.subscribe(t, 1) for t in topics]
        self.client.on_subscribe = lambda *_: self.ready.set()
        self.client.on_message = self._take
        self.client.reconnect_delay_set(1, 1)
        self.client.connect(host, port, keepalive=20)
        self.client.loop_start()
        assert self.ready.wait(10), "the observer could not subscribe"

    def _take(self, _client, _userdata, message):
        self.messages.append((message.topic, message.payload.decode("utf-8", "replace"), message.retain, time.monotonic()))

    def of(self, topic):
        return [m for m in list(self.messages) if m[0] == topic]

    def json_of(self, topic):
        return [json.loads(m[1]) for m in self.of(topic) if m[1]]

    def wait(self, topic, count=1, seconds=20.0):
        return wait_for(f"{count} x {topic}", lambda: len(self.of(topic)) >= count and self.of(topic), seconds)

    def publish(self, topic, payload, retain=False):
        self.client.publish(topic, payload, qos=1, retain=retain).wait_for_publish()

    def stop(self):
        self.client.disconnect()
        self.client.loop_stop()


class Sim(Process):
    """`meterseal sim` on a pseudo-terminal. Fast line by default: pacing has its own test."""

    def __init__(self, link, meters=("sdm630:1",), baud=115200, extra=()):
        args = [BINARY, "sim", "--link", link, "--baud", baud, "--turnaround-ms", "2"]
        for meter in meters:
            args += ["--meter", meter]
        super().__init__([*args, *extra])
        wait_for("the pseudo-terminal", lambda: pathlib.Path(link).exists() or self.child.poll() is not None)


class Agent(Process):
    """`meterseal run` with a configuration in its own folder."""

    def __init__(self, folder, config, prefix=(), env=None, args=(), binary=BINARY):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config = self.folder / "meterseal.toml"
        if config is not None:
            self.config.write_text(config)
            write_password(self.folder)
        self.prefix, self.environment, self.extra, self.binary = prefix, env, args, binary
        self.start()

    def start(self):
        super().__init__([*self.prefix, self.binary, "run", "--config", self.config, "--state", self.folder / "state", *self.extra],
                         env=self.environment)

    def database(self):
        return sqlite3.connect(f"file:{self.folder / 'state' / 'meterseal.db'}?mode=ro", uri=True)

    def last_number(self):
        """Of the records that were ever committed: docs/formats/outbox.md says where it stands."""
        with contextlib.closing(self.database()) as db:
            return db.execute("select max(coalesce((select seq from sqlite_sequence where name = 'record'), 0), "
                              "coalesce((select max(sequence) from record), 0))").fetchone()[0]


def write_password(folder):
    file = pathlib.Path(folder) / "mqtt.password"
    file.write_text(PASSWORD + "\n")
    file.chmod(0o600)


def site(port, device, tls, meters=(("sdm630", 1, "main"),), topic="e2e", device_extra="", mqtt_extra="", bus_extra="",
         host="localhost", tele_period=1):
    """One configuration file as an owner would write it."""
    text = f'[device]\ntopic = "{topic}"\ntele_period = {tele_period}\nclock = "trusted"\n{device_extra}\n'
    text += f'[mqtt]\nhosts = ["{host}:{port}"]\nuser = "{USER}"\npassword_file = "mqtt.password"\n{mqtt_extra}\n'
    text += f"[mqtt.tls]\n{tls}\n"
    text += f'[[bus]]\n{device}\n{bus_extra}\n'
    for number, (profile, address, name) in enumerate(meters):
        text += f'[[bus.meter]]\naddress = {address}\nprofile = "{profile}"\nname = "{name}"\n'
        if number == 0:
            text += "primary = true\n"
    return text


def fingerprint_mode(certificate):
    return f'mode = "fingerprint"\nfingerprint = ["{certificate.fingerprint}"]'


def ca_mode(pki):
    return f'mode = "ca"\nca_file = "{pki.ca}"'


class RecordingProxy:
    """A wire-tap between agent and broker: keeps every byte of both directions."""

    def __init__(self, target_port):
        self.sent, self.received = bytearray(), bytearray()
        self.connections = 0
        self.target = target_port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            broker = socket.create_connection(("127.0.0.1", self.target))
            for s in (client, broker):
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._pump, args=(client, broker, self.sent), daemon=True).start()
            threading.Thread(target=self._pump, args=(broker, client, self.received), daemon=True).start()

    @staticmethod
    def _pump(source, sink, record):
        with contextlib.suppress(OSError):
            while True:
                data = source.recv(65536)
                if not data:
                    break
                record += data
                sink.sendall(data)
        for s in (source, sink):
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)

    def stop(self):
        self.listener.close()


def run_binary(*args, cwd=None, seconds=30, stdin=None, env=None):
    return subprocess.run([BINARY, *map(str, args)], cwd=cwd, capture_output=True, text=True, timeout=seconds, input=stdin,
                          env={**os.environ, **(env or {})})


SIGKILL, SIGSTOP, SIGCONT, SIGHUP = signal.SIGKILL, signal.SIGSTOP, signal.SIGCONT, signal.SIGHUP
