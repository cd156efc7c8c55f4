"""`meterseal tls watch` over real TLS servers whose certificates change while it looks."""
import datetime
import json
import re
import socket
import ssl
import threading

import pytest

from harness import BINARY, free_port, run_binary, wait_for


def stamp(days):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    return moment.strftime("%Y%m%d%H%M%SZ")


class TlsServer:
    """Completes handshakes and closes. The certificate may be changed at any time."""

    def __init__(self, certificate, host="127.0.0.1"):
        self.use(certificate)
        self.now = self.most = self.handshakes = 0
        self.lock = threading.Lock()
        self.listener = socket.create_server((host, 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.acceptor = threading.Thread(target=self._accept, daemon=True)
        self.acceptor.start()

    def use(self, certificate):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.crt, certificate.key)
        self.context = context

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            client.settimeout(10)
            with self.context.wrap_socket(client, server_side=True) as tls:
                while tls.recv(100):
                    pass
        except OSError:
            pass
        with self.lock:
            self.now -= 1
            self.handshakes += 1

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)  # close() alone does not wake the acceptor
        self.acceptor.join(5)
        self.listener.close()


@pytest.fixture
def server(pki):
    served = TlsServer(pki.issue("broker", end=stamp(90)))
    yield served
    served.stop()


def once(*args, **kw):
    return run_binary("tls", "watch", "--once", *args, **kw)


def test_a_good_broker_is_one_line_and_exit_0(server):
    shown = once(f"127.0.0.1:{server.port}")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert re.fullmatch(rf"\S+Z ok 127\.0\.0\.1:{server.port} first_look: ends \S+Z, in 89 days, certificate (..:){{31}}.., "
                        r"key sha256//\S+\n", shown.stdout)


@pytest.mark.parametrize("days, level", [(20, "warning"), (5, "critical"), (0.5, "critical"), (-3, "critical")])
def test_a_certificate_that_ends_soon_or_has_ended_is_told(pki, server, days, level):
    server.use(pki.issue("short", end=stamp(days)))
    shown = once(f"127.0.0.1:{server.port}", "--format", "json")
    assert shown.returncode == 1
    events = [json.loads(line) for line in shown.stdout.splitlines()]
    assert [(e["event"], e["level"]) for e in events] == [("first_look", "ok"), ("expiry", level)]
    assert events[1]["error"] is None and events[1]["fingerprint"].count(":") == 31


def test_it_goes_on_after_expiry_and_tells_the_renewal_and_the_change_of_key(parts, pki, server):
    server.use(pki.issue("old", end=stamp(-1)))
    watch = parts.process([BINARY, "tls", "watch", f"127.0.0.1:{server.port}", "--interval", "1"])
    watch.wait_line("critical .* expiry: the certificate ended")
    server.use(pki.issue("new", key="old", end=stamp(90)))
    watch.wait_line("warning .* renewed: another certificate for the same key")
    other = pki.issue("other", end=stamp(90))
    server.use(other)
    line = watch.wait_line(f"critical .* key_changed: another key: certificate {other.fingerprint}, key")
    assert other.key_pin in line.string
    seen = server.handshakes
    wait_for("further looks", lambda: server.handshakes >= seen + 2)
    assert len(watch.lines) == 4  # each thing once
    assert watch.stop() == 0


def test_an_outage_is_told_once_and_so_is_its_end(parts, pki):
    certificate = pki.issue("broker", end=stamp(90))
    broker = parts.mosquitto(certificate)
    watch = parts.process([BINARY, "tls", "watch", f"localhost:{broker.port}", "--interval", "1"])
    watch.wait_line("first_look")
    broker.stop()
    watch.wait_line(r"critical .* failed: .*Connection refused \(app_server_refuses\)")
    broker.restart()
    watch.wait_line("ok .* recovered: answers again")
    assert len([line for line in watch.lines if " failed: " in line]) == 1


def test_the_memory_tells_a_later_run_of_a_change(pki, server, tmp_path):
    memory, address = tmp_path / "memory", f"127.0.0.1:{server.port}"
    assert once(address, "--memory", memory).returncode == 0
    unchanged = once(address, "--memory", memory)
    assert unchanged.returncode == 0 and " unchanged: " in unchanged.stdout
    server.use(pki.issue("other", end=stamp(90)))
    changed = once(address, "--memory", memory)
    assert changed.returncode == 1 and " key_changed: " in changed.stdout
    assert once(address, "--memory", memory).returncode == 0
    assert memory.stat().st_mode & 0o777 == 0o600


def test_a_memory_that_is_none_is_refused_and_left_alone(server, tmp_path):
    memory = tmp_path / "memory"
    memory.write_text("not ours\n")
    shown = once(f"127.0.0.1:{server.port}", "--memory", memory)
    assert shown.returncode == 2
    assert "app_watch_memory_unusable" in shown.stderr
    assert memory.read_text() == "not ours\n"


def test_many_servers_are_looked_at_at_most_so_many_at_a_time(pki):
    server = TlsServer(pki.issue("broker", end=stamp(90)), host="0.0.0.0")
    hosts = "".join(f"127.1.{n // 200}.{n % 200 + 1}:{server.port}  # number {n}\n" for n in range(300))
    shown = once("--from", "-", "--parallel", "8", stdin="# all of them\n\n" + hosts + hosts, seconds=120)
    server.stop()
    assert shown.returncode == 0, shown.stderr
    assert len(shown.stdout.splitlines()) == 300
    # A closed connection may still be counted here for a moment.
    assert server.most <= 2 * 8


def test_prometheus_gets_a_file_that_is_replaced_whole(server, tmp_path):
    file, gone = tmp_path / "meterseal.prom", free_port()
    shown = once(f"127.0.0.1:{server.port}", f"127.0.0.1:{gone}", "--format", "prometheus", "--output", file)
    assert shown.returncode == 1 and shown.stdout == ""
    assert file.stat().st_mode & 0o777 == 0o644
    values = dict(re.findall(r"^(\w+\S*) (\S+)$", file.read_text(), re.M))
    assert values[f'meterseal_tls_up{{address="127.0.0.1:{server.port}"}}'] == "1"
    assert values[f'meterseal_tls_up{{address="127.0.0.1:{gone}"}}'] == "0"
    assert values[f'meterseal_tls_level{{address="127.0.0.1:{gone}"}}'] == "2"
    end = int(values[f'meterseal_tls_not_after_seconds{{address="127.0.0.1:{server.port}"}}'])
    assert abs(end - datetime.datetime.now().timestamp() - 90 * 86400) < 3600
    assert f'meterseal_tls_not_after_seconds{{address="127.0.0.1:{gone}"}}' not in values
    assert list(tmp_path.glob("*.new")) == []


def test_nagios_gets_its_line_and_its_exit_code(pki, server):
    address = f"127.0.0.1:{server.port}"
    good = run_binary("tls", "watch", address, "--format", "nagios")
    assert good.returncode == 0
    assert good.stdout == (f"TLS OK - 1 servers, 0 critical, 0 warning, first end in 89 days at {address}"
                           " | days=89;30:;7: critical=0 warning=0\n")
    server.use(pki.issue("short", end=stamp(20)))
    assert run_binary("tls", "watch", address, "--format", "nagios").returncode == 1
    away = run_binary("tls", "watch", address, f"127.0.0.1:{free_port()}", "--format", "nagios")
    assert away.returncode == 2
    assert away.stdout.startswith("TLS CRITICAL - 2 servers, 1 critical, 1 warning")
    assert "CRITICAL 127.0.0.1:" in away.stdout and "Connection refused" in away.stdout
    assert run_binary("tls", "watch", "--format", "nagios").returncode == 3


@pytest.mark.parametrize("arguments", [[], ["host:0"], ["a b"], ["h", "--interval", "0"], ["h", "--parallel", "257"],
                                       ["h", "--format", "xml"], ["--from", "/nonexistent"]])
def test_a_wrong_use_is_exit_2(arguments):
    assert once(*arguments).returncode == 2
