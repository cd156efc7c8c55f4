"""`meterseal tls verify` with certificates, CRLs and OCSP answers that the openssl command made."""
import time

import pytest

from harness import openssl, run_binary

NOW = int(time.time()) + 3600  # the CA of each test is made after this line and lasts 30 days


def verify(pki, *extra, chain="broker.crt", ca=None, host="localhost", when=NOW):
    return run_binary("tls", "verify", "--chain", pki.folder / chain, "--ca", ca or pki.ca, "--host", host, "--time", when,
                      *extra)


def assert_refused(shown, code):
    assert shown.returncode == 1, shown.stderr
    assert shown.stdout.startswith(f"refused: {code}: "), shown.stdout
    assert shown.stdout.count("\n") == 1


def test_a_good_chain_is_accepted(pki):
    pki.issue("broker")
    for host in ("localhost", "127.0.0.1"):
        shown = verify(pki, host=host)
        assert (shown.returncode, shown.stdout) == (0, "accepted\n")


def test_the_reason_of_a_refusal_is_printed(pki):
    start, end = NOW + 3600, NOW + 7200
    pki.issue("broker", *(["DNS:localhost"] + [time.strftime("%Y%m%d%H%M%SZ", time.gmtime(t)) for t in (start, end)]))
    pki.self_signed("own")
    assert_refused(verify(pki, when=start - 1), "trust_not_yet_valid")
    assert verify(pki, when=start).returncode == 0
    assert verify(pki, when=end).returncode == 0, "valid through its last second"
    assert_refused(verify(pki, when=end + 1), "trust_expired")
    assert_refused(verify(pki, host="other.example", when=start), "trust_name_mismatch")
    assert_refused(verify(pki, host="127.0.0.1", when=start), "trust_name_mismatch")
    assert_refused(verify(pki, chain="own.crt", when=start), "trust_self_signed")
    assert_refused(verify(pki, ca=pki.folder / "own.crt", when=start), "trust_unknown_issuer")
    (pki.folder / "garbage.pem").write_text("-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n")
    assert_refused(verify(pki, chain="garbage.pem"), "trust_certificate_malformed")


def test_an_ocsp_answer_of_openssl_counts(pki):
    certificate = pki.issue("broker")
    other = pki.issue("other")

    def answer(name, about):
        openssl("ocsp", "-issuer", "ca.crt", "-cert", about.crt, "-no_nonce", "-reqout", "request.der", cwd=pki.folder)
        openssl("ocsp", "-index", "index.txt", "-CA", "ca.crt", "-rsigner", "ca.crt", "-rkey", "ca.key", "-ndays", "1",
                "-reqin", "request.der", "-respout", name, cwd=pki.folder)
        return "--ocsp", pki.folder / name

    # The moment of the answer may be the moment of the question.
    when = int(time.time()) + 60
    assert verify(pki, *answer("good.der", certificate), when=when).returncode == 0
    assert_refused(verify(pki, *answer("other.der", other), when=when), "trust_staple_bad")
    assert_refused(verify(pki, "--ocsp", pki.folder / "good.der", when=when + 90_000), "trust_staple_bad")
    openssl("ca", "-batch", "-config", "ca.cnf", "-cert", "ca.crt", "-keyfile", "ca.key", "-revoke", "broker.crt",
            cwd=pki.folder)
    assert_refused(verify(pki, *answer("revoked.der", certificate), when=when), "trust_revoked")


@pytest.mark.parametrize("arguments", [(), ("--chain", "a.pem"), ("--chain", "missing.pem", "--ca", "missing.pem", "--host",
                                                                  "a.example", "--time", "1"),
                                       ("--chain", "a", "--ca", "b", "--host", "c", "--time", "yesterday")])
def test_what_cannot_be_asked_is_a_usage_error(arguments):
    shown = run_binary("tls", "verify", *arguments)
    assert shown.returncode == 2
    assert "meterseal: error: " in shown.stderr


def test_a_file_without_an_end_is_not_read_to_its_end(pki):
    shown = verify(pki, chain="/dev/zero")
    assert shown.returncode == 2 and "is larger than 32 MiB" in shown.stderr


def test_what_cannot_be_judged_names_its_file(pki, tmp_path):
    pki.issue("broker")
    bad = tmp_path / "notes.txt"
    bad.write_text("garbage\n")
    for shown in (verify(pki, ca=bad), verify(pki, "--crl", bad)):
        assert shown.returncode == 2 and f"meterseal: error: {bad}: holds no" in shown.stderr, shown.stderr
        assert "mqtt.tls" not in shown.stderr, "these are no keys of a configuration"
    assert verify(pki, chain=bad).stdout == f"refused: trust_certificate_unreadable: {bad}: holds no certificate in PEM\n"


def test_now_is_the_time_where_none_is_given(pki):
    pki.issue("broker")
    shown = run_binary("tls", "verify", "--chain", pki.folder / "broker.crt", "--ca", pki.ca, "--host", "localhost")
    assert (shown.returncode, shown.stdout) == (0, "accepted\n"), shown.stderr
