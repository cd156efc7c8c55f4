// Peers that are not what they should be, in real handshakes. For each: one exact reason, and not a byte of application
// data on the wire.

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include <functional>

#include "support/tls_site.hpp"
#include "trust/continuity.hpp"
#include "trust/host/errors.hpp"

namespace meterseal::trust::host {
namespace {

using test::connect;
using test::day;
using test::issue;
using test::Issued;
using test::Request;
using test::TlsSite;
using Progress = TlsClient::Progress;

void set(Request& request, const std::string& name, const std::string& value) {
  std::erase_if(request.extensions, [&](const test::Extension& e) { return e.name == name; });
  if (!value.empty()) request.extensions.push_back({name, value});
}

struct Attack {
  const char* sentence;
  const char* code;
  const char* alert;  ///< what the peer's log will say; empty: the peer ended it itself
  std::function<void(TlsSite&)> change;
};

void expect_refused(const Attack& attack, int max_version) {
  TlsSite site;
  site.server.max_version = max_version;
  attack.change(site);
  test::TlsServerPeer server(site.server);
  const auto context = site.context();
  const auto client = connect(*context);
  const auto talk = test::talk(*client, server);
  EXPECT_EQ(talk.progress, Progress::failed) << attack.sentence;
  EXPECT_EQ(test::code_of(*client), attack.code) << attack.sentence;
  EXPECT_EQ(talk.alert, attack.alert) << attack.sentence;
  EXPECT_EQ(talk.received, "") << attack.sentence;
  EXPECT_EQ(client->write(as_bytes("CONNECT")).error().code.name, "trust_not_trusted") << attack.sentence;
  EXPECT_EQ(client->output().size(), 0U) << attack.sentence;
}

void expect_all_refused(const std::vector<Attack>& attacks) {
  for (const Attack& attack : attacks) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) expect_refused(attack, version);
  }
}

Request changed_leaf(const TlsSite& site, const std::function<void(Request&)>& change) {
  Request request = test::leaf_request(site.intermediate);
  change(request);
  return request;
}

/// The certificate of another, and a private key that is not the one that belongs to it.
Issued copied(const Issued& victim) {
  std::vector<unsigned char> point(128);
  std::size_t size = 0;
  EVP_PKEY_get_octet_string_param(victim.key.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size(), &size);
  const std::unique_ptr<BIGNUM, decltype(&BN_free)> wrong(BN_new(), &BN_free);
  BN_set_word(wrong.get(), 4711);
  const std::unique_ptr<OSSL_PARAM_BLD, decltype(&OSSL_PARAM_BLD_free)> build(OSSL_PARAM_BLD_new(),
                                                                              &OSSL_PARAM_BLD_free);
  OSSL_PARAM_BLD_push_utf8_string(build.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
  OSSL_PARAM_BLD_push_octet_string(build.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), size);
  OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_PRIV_KEY, wrong.get());
  const std::unique_ptr<OSSL_PARAM, decltype(&OSSL_PARAM_free)> parameters(OSSL_PARAM_BLD_to_param(build.get()),
                                                                           &OSSL_PARAM_free);
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr), &EVP_PKEY_CTX_free);
  EVP_PKEY* key = nullptr;
  EXPECT_EQ(EVP_PKEY_fromdata_init(context.get()), 1);
  EXPECT_EQ(EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, parameters.get()), 1);
  return {victim.certificate, {key, &EVP_PKEY_free}};
}

TEST(TlsAttack, CertificatesThatDoNotHold) {
  expect_all_refused({
      {"expired", "trust_expired", "certificate expired",
       [](TlsSite& s) { s.serve(changed_leaf(s, [](Request& r) { r.until = day(2026, 1, 31); })); }},
      {"not yet valid", "trust_not_yet_valid", "bad certificate",
       [](TlsSite& s) { s.serve(changed_leaf(s, [](Request& r) { r.from = day(2026, 2, 2); })); }},
      {"for another host", "trust_name_mismatch", "bad certificate",
       [](TlsSite& s) { s.serve(test::leaf_request(s.intermediate, "DNS:other.example")); }},
      {"signed by itself", "trust_self_signed", "unknown CA", [](TlsSite& s) { s.serve(test::self_signed_request()); }},
      {"of an unknown CA", "trust_unknown_issuer", "unknown CA",
       [](TlsSite& s) {
         s.root = issue(test::root_request("Other root"));
         s.intermediate = issue(test::intermediate_request(s.root, "Other intermediate"));
         s.server.intermediates.push_back(&s.root);
         s.serve(test::leaf_request(s.intermediate));
       }},
      {"without its intermediate", "trust_missing_intermediate", "unknown CA",
       [](TlsSite& s) { s.server.intermediates.clear(); }},
      {"issued by a certificate that is no CA", "trust_bad_chain", "bad certificate",
       [](TlsSite& s) {
         Request request = test::intermediate_request(s.root);
         set(request, "basicConstraints", "critical,CA:FALSE");
         s.intermediate = issue(request);
         s.serve(test::leaf_request(s.intermediate));
       }},
      {"for clients", "trust_wrong_purpose", "unsupported certificate",
       [](TlsSite& s) { s.serve(changed_leaf(s, [](Request& r) { set(r, "extendedKeyUsage", "clientAuth"); })); }},
      {"signed with SHA-1", "trust_weak_signature", "bad certificate",
       [](TlsSite& s) { s.serve(changed_leaf(s, [](Request& r) { r.digest = "SHA1"; })); }},
      {"with a signature that does not hold", "trust_bad_chain", "bad certificate",
       [](TlsSite& s) { s.serve(changed_leaf(s, [](Request& r) { r.breaks_signature = true; })); }},
      {"with RSA of 1024 bits", "trust_weak_key", "bad certificate",
       [](TlsSite& s) { s.serve(changed_leaf(s, [](Request& r) { r.key_kind = test::KeyKind::rsa1024; })); }},
      {"with RSA of 1024 bits, although it is pinned", "trust_weak_key", "bad certificate",
       [](TlsSite& s) {
         s.serve(changed_leaf(s, [](Request& r) { r.key_kind = test::KeyKind::rsa1024; }));
         s.pin(s.leaf);
       }},
  });
}

TEST(TlsAttack, CertificatesAgainstThePolicy) {
  expect_all_refused({
      {"expired, pinned, and the policy says refuse", "trust_expired", "certificate expired",
       [](TlsSite& s) {
         s.serve(changed_leaf(s, [](Request& r) { r.until = day(2026, 1, 31); }));
         s.pin(s.leaf);
         s.settings.policy.expired = ExpiredRule::refuse;
       }},
      {"good, and another one is pinned", "trust_pin_mismatch", "bad certificate",
       [](TlsSite& s) { s.pin(issue(test::leaf_request(s.intermediate))); }},
      {"good, pinned, and of another CA", "trust_unknown_issuer", "unknown CA",
       [](TlsSite& s) {
         s.settings.policy = test::pinned(test::certificate_pin(s.leaf));
         s.settings.policy.mode = Mode::ca_fingerprint;
         Request other = test::root_request("Other root");
         other.organisation = "Elsewhere";
         test::write_file(s.folder.file("ca.pem"), issue(other).pem());
         s.server.intermediates.push_back(&s.root);
       }},
  });
}

TEST(TlsAttack, CertificatesThatAreRevoked) {
  expect_all_refused({
      {"demanding a staple and sending none", "trust_staple_missing", "bad certificate status response",
       [](TlsSite& s) { s.serve(changed_leaf(s, [](Request& r) { set(r, "tlsfeature", "status_request"); })); }},
      {"with a staple that says revoked", "trust_revoked", "bad certificate status response",
       [](TlsSite& s) {
         s.server.staple = make_staple(s.leaf, s.intermediate, {.status = V_OCSP_CERTSTATUS_REVOKED});
       }},
      {"with a staple of last month", "trust_staple_bad", "bad certificate status response",
       [](TlsSite& s) {
         s.server.staple = make_staple(s.leaf, s.intermediate, {.from = day(2026, 1, 1), .until = day(2026, 1, 8)});
       }},
      {"with the staple of another certificate", "trust_staple_bad", "bad certificate status response",
       [](TlsSite& s) { s.server.staple = make_staple(issue(test::leaf_request(s.intermediate)), s.intermediate); }},
      {"with a staple that somebody signed", "trust_staple_bad", "bad certificate status response",
       [](TlsSite& s) {
         static const Issued stranger = issue(test::root_request());
         s.server.staple = make_staple(s.leaf, s.intermediate, {.signer = &stranger, .sends_signer = true});
       }},
      {"revoked in the CRL file", "trust_revoked", "certificate revoked",
       [](TlsSite& s) {
         s.settings.crl_file = s.folder.file("crl.pem");
         test::write_file(s.settings.crl_file, make_crl(s.intermediate, {.revoked = {&s.leaf}}));
       }},
      {"of a CA whose CRL has ended", "trust_crl_missing", "internal error",
       [](TlsSite& s) {
         s.settings.crl_file = s.folder.file("crl.pem");
         test::write_file(s.settings.crl_file,
                          make_crl(s.intermediate, {.from = day(2026, 1, 1), .until = day(2026, 1, 31)}));
       }},
  });
}

TEST(TlsAttack, MuchTooMuch) {
  expect_all_refused({
      {"a hundred certificates", "trust_chain_too_large", "bad certificate",
       [](TlsSite& s) { s.server.intermediates.assign(100, &s.intermediate); }},
      {"a hundred certificates, although the first is pinned", "trust_chain_too_large", "bad certificate",
       [](TlsSite& s) {
         s.server.intermediates.assign(100, &s.intermediate);
         s.pin(s.leaf);
       }},
      {"a megabyte of certificates", "trust_chain_too_large", "illegal parameter",
       [](TlsSite& s) { s.server.intermediates.assign(2500, &s.intermediate); }},
  });
}

TEST(TlsAttack, OldVersionsAndSuites) {
  const auto expect = [](const char* code, const std::function<void(TlsSite&)>& change) {
    TlsSite site;
    change(site);
    test::TlsServerPeer server(site.server);
    const auto context = site.context();
    const auto client = connect(*context);
    const auto talk = test::talk(*client, server);
    EXPECT_EQ(talk.progress, Progress::failed);
    EXPECT_EQ(test::code_of(*client), code);
    EXPECT_EQ(talk.received, "");
  };
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    expect("trust_tls_version", [=](TlsSite& s) { s.server.min_version = s.server.max_version = version; });
  }
  for (const char* suites : {"AES128-GCM-SHA256", "NULL-SHA256", "ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES128-SHA",
                             "aNULL", "ADH-AES128-GCM-SHA256"}) {
    expect("trust_no_common_suite", [=](TlsSite& s) {
      s.server.max_version = TLS1_2_VERSION;
      s.server.suites = suites;
    });
  }
}

// @source RFC 5246, 7.4.1.3: record, ServerHello, version, random, no session, suite, no compression
std::string server_hello(int minor_version, unsigned suite) {
  std::string body{3, static_cast<char>(minor_version)};
  body += std::string(32, 'r');
  body += std::string{0, static_cast<char>(suite >> 8), static_cast<char>(suite), 0};
  const std::string message = std::string{2, 0, 0, static_cast<char>(body.size())} + body;
  return std::string{22, 3, static_cast<char>(minor_version), 0, static_cast<char>(message.size())} + message;
}

struct Answer {
  const char* sentence;
  std::string bytes;
  const char* code;
};

TEST(TlsAttack, BytesThatNoTlsServerSends) {
  const std::vector<Answer> rows = {
      {"an export suite", server_hello(3, 0x0003), "trust_no_common_suite"},
      {"RSA without forward secrecy", server_hello(3, 0x009C), "trust_no_common_suite"},
      {"NULL", server_hello(3, 0x0002), "trust_no_common_suite"},
      {"a suite that does not exist", server_hello(3, 0xEEEE), "trust_no_common_suite"},
      {"TLS 1.1", server_hello(2, 0xC02B), "trust_tls_version"},
      {"TLS 1.0", server_hello(1, 0xC02B), "trust_tls_version"},
      {"SSL 3", server_hello(0, 0xC02B), "trust_tls_version"},
      {"an alert that says protocol version", std::string("\x15\x03\x03\x00\x02\x02\x46", 7), "trust_tls_version"},
      {"an alert that says handshake failure", std::string("\x15\x03\x03\x00\x02\x02\x28", 7), "trust_no_common_suite"},
      {"an alert that says internal error", std::string("\x15\x03\x03\x00\x02\x02\x50", 7), "trust_tls_failed"},
      {"CONNACK in clear", std::string("\x20\x02\x00\x00", 4), "trust_peer_not_tls"},
      {"an HTTP answer in clear", "HTTP/1.1 400 Bad Request\r\n\r\n", "trust_peer_not_tls"},
      {"SSH", "SSH-2.0-OpenSSH_9.2\r\n", "trust_peer_not_tls"},
      {"zeroes", std::string(64, '\0'), "trust_peer_not_tls"},
      {"a record of 65535 bytes", std::string("\x16\x03\x03\xff\xff", 5), "trust_tls_malformed"},
      {"a record of random bytes", std::string("\x16\x03\x03\x00\x08garbage!", 13), "trust_tls_malformed"},
      {"application data first", std::string("\x16\x03\x03\x00\x01\x02\x17\x03\x03\x00\x05hello", 16),
       "trust_tls_malformed"},
  };
  for (const Answer& row : rows) {
    TlsSite site;
    const auto context = site.context();
    const auto whole = connect(*context);
    (void)whole->handshake();
    EXPECT_EQ(test::feed(*whole, row.bytes), Progress::failed) << row.sentence;
    EXPECT_EQ(test::code_of(*whole), row.code) << row.sentence;
    // The same a byte at a time.
    const auto slow = connect(*context);
    (void)slow->handshake();
    for (const char& byte : row.bytes) test::feed(*slow, {&byte, 1});
    EXPECT_EQ(test::code_of(*slow), row.code) << row.sentence << ", byte for byte";
  }
}

TEST(TlsAttack, SilenceAndHalfAHandshakeWaitAndWriteNothing) {
  TlsSite site;
  test::TlsServerPeer server(site.server);
  const auto context = site.context();
  const auto client = connect(*context);
  test::ServerSide side(server);
  EXPECT_EQ(client->handshake(), Progress::needs_input);
  EXPECT_EQ(client->handshake(), Progress::needs_input) << "silence";
  EXPECT_FALSE(client->write(as_bytes("CONNECT")));
  client->feed(as_bytes(std::string("\x16\x03\x03\x10", 4)));
  EXPECT_EQ(client->handshake(), Progress::needs_input) << "half a record";
  EXPECT_FALSE(client->write(as_bytes("CONNECT")));
  std::array<std::uint8_t, 16> plaintext{};
  EXPECT_EQ(client->read(plaintext).value(), 0U);
}

TEST(TlsAttack, ACopiedCertificateProvesNothing) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsSite site;
    site.server.identity = copied(site.leaf);
    site.server.max_version = version;
    site.pin(site.leaf);
    test::TlsServerPeer server(site.server);
    const auto context = site.context();
    const auto client = connect(*context);
    const auto talk = test::talk(*client, server);
    EXPECT_EQ(talk.progress, Progress::failed);
    EXPECT_EQ(test::code_of(*client), "trust_key_not_proved");
    EXPECT_FALSE(std::holds_alternative<Trusted>(client->verdict())) << "nothing can be remembered from it";
    EXPECT_FALSE(std::holds_alternative<Learnable>(client->verdict()));
    EXPECT_EQ(talk.received, "");
  }
}

TEST(TlsAttack, ACopiedCertificateIsNotLearned) {
  TlsSite site;
  site.server.identity = copied(site.leaf);
  site.settings.policy.mode = Mode::fingerprint;
  site.settings.policy.learn = Learn::confirm;
  site.settings.ca_file.clear();
  test::TlsServerPeer server(site.server);
  const auto context = site.context();
  const auto client = connect(*context);
  EXPECT_EQ(test::talk(*client, server).progress, Progress::failed);
  EXPECT_FALSE(std::holds_alternative<Learnable>(client->verdict()));
}

TEST(TlsAttack, LearningCarriesNoByteOfApplicationData) {
  TlsSite site;
  site.settings.policy.mode = Mode::fingerprint;
  site.settings.policy.learn = Learn::confirm;
  site.settings.ca_file.clear();
  test::TlsServerPeer server(site.server);
  const auto context = site.context();
  const auto client = connect(*context);
  test::ServerSide side(server);
  EXPECT_EQ(test::talk(*client, side).progress, Progress::done);
  EXPECT_TRUE(std::holds_alternative<Learnable>(client->verdict()));
  EXPECT_EQ(client->write(as_bytes("CONNECT")).error().code.name, "trust_not_trusted");
  EXPECT_EQ(client->summary().facts.certificate, test::certificate_pin(site.leaf).digest);
  client->close();
  side.step(*client);
  EXPECT_EQ(side.talk().received, "");
}

TEST(TlsAttack, WithoutAClockOnlyAPinIsEnough) {
  TlsSite site;
  test::TlsServerPeer server(site.server);
  const auto by_ca = site.context();
  const auto refused = connect(*by_ca, std::nullopt);
  const auto talk = test::talk(*refused, server);
  EXPECT_EQ(talk.progress, Progress::failed);
  EXPECT_EQ(test::code_of(*refused), "trust_clock_unknown");
  EXPECT_EQ(talk.alert, "internal error") << "the peer did nothing wrong";
  site.pin(site.leaf);
  const auto by_pin = site.context();
  const auto trusted = connect(*by_pin, std::nullopt);
  EXPECT_EQ(test::talk(*trusted, server).progress, Progress::done);
}

// ---- renewals

/// The device has accepted `first` through its pin and remembers it; now the broker serves `second`.
std::string after_renewal(TlsSite& site, Renewal renewal, const Issued& second, const Issued& second_issuer) {
  site.settings.policy = test::pinned(test::certificate_pin(site.leaf));
  site.settings.policy.renewal = renewal;
  test::TlsServerPeer before(site.server);
  const auto context = site.context();
  const auto client = connect(*context);
  EXPECT_EQ(test::talk(*client, before).progress, Progress::done);
  const auto* trusted = std::get_if<Trusted>(&client->verdict());
  if (trusted == nullptr) return "not trusted at first";
  site.settings.lineage = remember_accepted(site.settings.policy, {}, *trusted, client->summary().facts).lineage;

  site.server.identity = second;
  site.server.intermediates = {&second_issuer};
  test::TlsServerPeer after(site.server);
  const auto next_context = site.context();
  const auto next = connect(*next_context);
  const auto talk = test::talk(*next, after);
  EXPECT_EQ(talk.received, "");
  return talk.progress == Progress::done ? test::text_of(next->verdict()) : test::code_of(*next);
}

TEST(TlsAttack, ARenewedCertificateIsFollowedByItsRuleOnly) {
  struct Row {
    Renewal renewal;
    const char* same_key;
    const char* same_ca;
    const char* other_ca;
  };
  for (const Row& row : {Row{Renewal::manual, "trust_pin_mismatch", "trust_pin_mismatch", "trust_pin_mismatch"},
                         Row{Renewal::same_key, "same_key 1", "trust_pin_mismatch", "trust_pin_mismatch"},
                         Row{Renewal::same_ca, "same_ca 1", "same_ca 1", "trust_pin_mismatch"}}) {
    TlsSite with_same_key;
    Request same_key = test::leaf_request(with_same_key.intermediate);
    same_key.key = with_same_key.leaf.key;
    EXPECT_EQ(after_renewal(with_same_key, row.renewal, issue(same_key), with_same_key.intermediate), row.same_key);

    TlsSite with_same_ca;
    const Issued new_key = issue(test::leaf_request(with_same_ca.intermediate));
    EXPECT_EQ(after_renewal(with_same_ca, row.renewal, new_key, with_same_ca.intermediate), row.same_ca);

    TlsSite with_other_ca;
    const Issued other_root = issue(test::root_request("Other root"));
    test::write_file(with_other_ca.folder.file("ca.pem"), with_other_ca.root.pem() + other_root.pem());
    const Issued other_intermediate = issue(test::intermediate_request(other_root));
    const Issued other = issue(test::leaf_request(other_intermediate));
    EXPECT_EQ(after_renewal(with_other_ca, row.renewal, other, other_intermediate), row.other_ca);
  }
}

// ---- the refusal for people

TEST(TlsAttack, ARefusalNamesWhatWasServed) {
  TlsSite site;
  site.serve(test::leaf_request(site.intermediate, "DNS:other.example,IP:192.0.2.7"));
  test::TlsServerPeer server(site.server);
  const auto context = site.context();
  const auto client = connect(*context);
  (void)test::talk(*client, server);
  const std::string detail = test::detail_of(*client);
  EXPECT_NE(detail.find("other.example"), std::string::npos) << detail;
  EXPECT_NE(detail.find("192.0.2.7"), std::string::npos) << detail;
  EXPECT_NE(detail.find(format_pin(test::certificate_pin(site.leaf)).view()), std::string::npos) << detail;
  const std::optional<Error>& error = client->error();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->where.view(), test::kHost);
}

}  // namespace
}  // namespace meterseal::trust::host
