"""`meterseal tls fingerprint` against real servers and against the openssl command that it replaces."""
import contextlib
import json
import socket
import subprocess
import threading

import pytest

from harness import Process, free_port, openssl, run_binary, wait_for


def s_server(parts, certificate, *args):
    port = free_port()
    parts.process(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", certificate.crt, "-key", certificate.key,
                   "-quiet", *args])
    wait_for("openssl s_server", lambda: listens(port))
    return port


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def page_command(address, *options):
    """The pipeline that the security page shows."""
    pem = subprocess.run(["openssl", "s_client", "-connect", address], stdin=subprocess.DEVNULL, capture_output=True).stdout
    return subprocess.run(["openssl", "x509", "-noout", *options], input=pem, capture_output=True, check=True).stdout.decode()


def test_its_first_lines_are_byte_for_byte_those_of_the_openssl_pipeline(parts, pki):
    broker = parts.mosquitto(pki.issue("broker"))
    shown = run_binary("tls", "fingerprint", f"localhost:{broker.port}")
    assert shown.returncode == 0, shown.stderr
    expected = page_command(f"localhost:{broker.port}", "-fingerprint", "-sha256", "-dates")
    assert len(expected.splitlines()) == 3
    assert shown.stdout.startswith(expected)


def test_it_shows_every_form_of_pin_and_whose_certificate_it_is(parts, pki):
    certificate = pki.issue("broker", san="DNS:localhost,DNS:*.example.net,IP:127.0.0.1,IP:::1", end="20490101000000Z")
    port = s_server(parts, certificate)
    lines = run_binary("tls", "fingerprint", f"127.0.0.1:{port}").stdout.splitlines()
    assert f"sha256 Fingerprint={certificate.fingerprint}" in lines
    assert f"keyPin={certificate.key_pin}" in lines
    assert "subject=CN = broker" in lines
    assert "issuer=CN = Test CA" in lines
    assert "names=DNS:localhost, DNS:*.example.net, IP:127.0.0.1, IP:::1" in lines
    assert any(line.startswith("tasmotaFingerprint=") and len(line.split("=")[1]) == 59 for line in lines)
    assert any(line.startswith("daysLeft=") and int(line.split("=")[1]) > 3650 for line in lines)


def test_json_holds_the_served_chain(parts, pki):
    certificate = pki.issue("broker")
    port = s_server(parts, certificate, "-cert_chain", pki.ca, "-tls1_2")
    shown = json.loads(run_binary("tls", "fingerprint", f"localhost:{port}", "--json").stdout)
    assert shown["host"] == "localhost" and shown["port"] == port
    assert shown["version"] == "TLSv1.2" and shown["proved_key"] is True
    assert shown["certificate"]["fingerprint"] == certificate.fingerprint
    assert shown["certificate"]["pem"] == certificate.crt.read_text()
    assert [c["subject"] for c in shown["chain"]] == ["CN = Test CA"]


@pytest.mark.parametrize("form", ["PEM", "DER", "stdin", "key and certificate"])
def test_a_file_gives_the_same_as_the_server(pki, form):
    certificate = pki.issue("broker")
    file, text = certificate.crt, None
    if form == "DER":
        file = pki.folder / "broker.der"
        openssl("x509", "-in", certificate.crt, "-outform", "DER", "-out", file, cwd=pki.folder)
    if form == "key and certificate":
        file = pki.folder / "both.pem"
        file.write_text(certificate.key.read_text() + certificate.crt.read_text())
    if form == "stdin":
        file, text = "-", certificate.crt.read_text()
    shown = run_binary("tls", "fingerprint", "--file", file, stdin=text)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith(f"sha256 Fingerprint={certificate.fingerprint}\nnotBefore=")


def test_a_certificate_without_a_readable_end_and_with_hostile_names_is_shown_on_lines_of_its_own(pki):
    key = pki.self_signed("x").key
    config = pki.folder / "hostile.cnf"
    config.write_text("[req]\ndistinguished_name=d\nx509_extensions=e\nprompt=no\n[d]\nCN=evil\n[e]\nsubjectAltName=@s\n"
                      "[s]\nDNS.1=a.example\\nnotAfter=never\n")
    openssl("req", "-x509", "-new", "-key", key, "-config", config, "-subj", "/CN=evil\nissuer=CN = Real CA", "-days", "1",
            "-out", "hostile.crt", cwd=pki.folder)
    lines = run_binary("tls", "fingerprint", "--file", pki.folder / "hostile.crt").stdout.splitlines()
    assert len(lines) == 9
    assert lines[5] == "subject=CN = evil\\0Aissuer=CN = Real CA"


def test_a_broker_that_demands_a_client_certificate_is_shown_all_the_same(parts, pki):
    certificate = pki.issue("broker")
    port = s_server(parts, certificate, "-Verify", "1", "-CAfile", pki.ca, "-tls1_2")
    shown = run_binary("tls", "fingerprint", f"localhost:{port}")
    assert shown.returncode == 0
    assert certificate.fingerprint in shown.stdout
    assert "asks for a client certificate" in shown.stderr


def test_somebody_elses_certificate_without_its_key_is_called_a_copy(parts, pki):
    """A TLS 1.2 server of the test's own that replays a public certificate and signs with another key."""
    real = pki.issue("broker")
    other = pki.issue("other")
    # openssl refuses such a pair, so the certificate is exchanged on the wire: same length of DER, or the record breaks.
    der = {name: openssl("x509", "-in", c.crt, "-outform", "DER", "-out", f"{name}.der", cwd=pki.folder)
           for name, c in (("real", real), ("other", other))}
    assert der is not None
    served = (pki.folder / "other.der").read_bytes()
    shown_instead = (pki.folder / "real.der").read_bytes()
    attempts = 0
    while len(served) != len(shown_instead):
        attempts += 1
        assert attempts < 40, "DER signatures of one length"
        other = pki.issue(f"other{attempts}", cn="other"[: len("broker")].ljust(6, "x"))
        openssl("x509", "-in", other.crt, "-outform", "DER", "-out", "other.der", cwd=pki.folder)
        served = (pki.folder / "other.der").read_bytes()
    port = s_server(parts, other, "-tls1_2")
    listener = socket.create_server(("127.0.0.1", 0))

    def swap():
        client, _ = listener.accept()
        server = socket.create_connection(("127.0.0.1", port))

        def pump(source, sink, change):
            with contextlib.suppress(OSError):  # the other direction has closed both
                while data := source.recv(65536):
                    sink.sendall(data.replace(served, shown_instead) if change else data)

        threading.Thread(target=pump, args=(client, server, False), daemon=True).start()
        pump(server, client, True)
        client.close()

    threading.Thread(target=swap, daemon=True).start()
    shown = run_binary("tls", "fingerprint", f"localhost:{listener.getsockname()[1]}")
    listener.close()
    assert real.fingerprint in shown.stdout
    assert "did not prove that it owns the key" in shown.stderr
    assert shown.returncode == 1


FAILURES = {
    "no such name": ("no-such-host.invalid:8883", "app_server_unknown"),
    "nobody listens": ("127.0.0.1:{free}", "app_server_refuses"),
    "no way there": ("[2001:db8::1]:8883", None),
}


@pytest.mark.parametrize("case", FAILURES)
def test_what_stands_in_the_way_is_named(case):
    address, code = FAILURES[case]
    shown = run_binary("tls", "fingerprint", address.format(free=free_port()))
    assert shown.returncode == 1
    assert shown.stdout == ""
    assert shown.stderr.startswith("meterseal: error: ")
    assert "meterseal: hint: " in shown.stderr
    if code:
        assert code in shown.stderr


def test_a_plaintext_broker_is_named_as_one_without_tls(parts):
    broker = parts.mosquitto(None, plain=True)
    shown = run_binary("tls", "fingerprint", f"localhost:{broker.port}")
    assert shown.returncode == 1
    assert "app_server_not_tls" in shown.stderr


def test_a_server_that_says_nothing_ends_after_ten_seconds():
    listener = socket.create_server(("127.0.0.1", 0))
    shown = run_binary("tls", "fingerprint", f"127.0.0.1:{listener.getsockname()[1]}")
    listener.close()
    assert shown.returncode == 1
    assert "app_server_silent" in shown.stderr


@pytest.mark.parametrize("arguments", [[], ["host:0"], ["host:99999"], ["a", "b"], ["a", "--file", "b"]])
def test_a_wrong_use_is_exit_2(arguments):
    assert run_binary("tls", "fingerprint", *arguments).returncode == 2
