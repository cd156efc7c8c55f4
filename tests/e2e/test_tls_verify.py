"""`meterseal tls verify` with certificates, CRLs and OCSP answers that the openssl command made."""
import time

import pytest

from harness import openssl, run_binary

NOW = int(time.time())


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


def test_the_reason_of_a_refusal_is_printed(pki, tmp_path):
    pki.issue("broker", start="20200101000000Z", end="20210101000000Z")
    pki.self_signed("own")
    assert_refused(verify(pki), "trust_expired")
    assert_refused(verify(pki, when=1_500_000_000), "trust_not_yet_valid")
    assert_refused(verify(pki, host="other.example", when=1_600_000_000), "trust_name_mismatch")
    assert_refused(verify(pki, chain="own.crt"), "trust_self_signed")
    assert_refused(verify(pki, ca=pki.folder / "own.crt", when=1_600_000_000), "trust_unknown_issuer")
    assert verify(pki, when=1_609_459_200).returncode == 0, "the last second of 2020, 2021-01-01T00:00:00Z"
    assert_refused(verify(pki, when=1_609_459_201), "trust_expired")
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
