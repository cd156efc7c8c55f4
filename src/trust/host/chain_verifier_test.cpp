// Chains of certificates, each with one thing about it, and the exact verdict. What public collections of hostile
// chains hold is here as well: names, constraints, dates, purpose, signatures, revocation.

#include "trust/host/chain_verifier.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "support/test_pki.hpp"
#include "support/trust_world.hpp"
#include "trust/host/errors.hpp"

namespace meterseal::trust::host {
namespace {

using test::day;
using test::Extension;
using test::issue;
using test::Issued;
using test::KeyKind;
using test::kHost;
using test::kToday;
using test::Request;

/// Replaces an extension, adds it, or with an empty value removes it.
void set(Request& request, const std::string& name, const std::string& value) {
  std::erase_if(request.extensions, [&](const Extension& e) { return e.name == name; });
  if (!value.empty()) request.extensions.push_back({name, value});
}

/// root -> intermediate -> leaf, each to be changed before it is made; `extra` certificates are sent as well.
struct World {
  Request root = test::root_request();
  std::optional<Request> intermediate;
  Request leaf;
  std::string host = kHost;
  UtcTime time = kToday;
  std::function<std::string(const Issued& root, const Issued& issuer, const Issued& leaf)> crl;
  std::function<std::string(const Issued& root, const Issued& issuer, const Issued& leaf)> ocsp;
  bool sends_intermediate = true;
  bool anchors_the_intermediate = false;

  explicit World(bool with_intermediate = false) {
    leaf.common_name = "broker";
    leaf.extensions = {{"basicConstraints", "CA:FALSE"},
                       {"keyUsage", "critical,digitalSignature"},
                       {"extendedKeyUsage", "serverAuth"},
                       {"authorityKeyIdentifier", "keyid"},
                       {"subjectAltName", std::string("DNS:") + kHost}};
    if (!with_intermediate) return;
    intermediate = test::root_request("Test issuing");
    intermediate->extensions.push_back({"authorityKeyIdentifier", "keyid"});
  }

  [[nodiscard]] std::string verdict() const {
    const Issued made_root = issue(root);
    std::optional<Issued> made_intermediate;
    if (intermediate) {
      Request request = *intermediate;
      request.issuer = &made_root;
      made_intermediate = issue(request);
    }
    const Issued& issuer = made_intermediate ? *made_intermediate : made_root;
    Request request = leaf;
    request.issuer = &issuer;
    const Issued made_leaf = issue(request);
    ChainQuestion question;
    question.chain = made_leaf.pem();
    if (intermediate && sends_intermediate) question.chain += issuer.pem();
    question.ca = anchors_the_intermediate ? issuer.pem() : made_root.pem();
    question.host = host;
    question.time = time;
    if (crl) question.crl = crl(made_root, issuer, made_leaf);
    if (ocsp) question.ocsp = ocsp(made_root, issuer, made_leaf);
    return test_text(verify_chain(question));
  }

  static std::string test_text(const Result<ChainAnswer>& answer) {
    if (!answer) return std::string(answer.error().code.name);
    std::string text = test::text_of(answer->verdict);
    return answer->refusal && text == "Refused bad_chain" ? text + ": " + std::string(answer->facts.chain_detail.view())
                                                          : text;
  }
};

struct Row {
  const char* sentence;
  const char* verdict;  ///< for bad_chain the detail is searched for it
  std::function<void(World&)> change;
  bool with_intermediate = false;
};

constexpr bool kThree = true;

void check(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    World world(row.with_intermediate);
    row.change(world);
    const std::string verdict = world.verdict();
    if (verdict.starts_with("Refused bad_chain")) {
      EXPECT_NE(verdict.find(row.verdict), std::string::npos) << row.sentence << "\n  got " << verdict;
    } else {
      EXPECT_EQ(verdict, row.verdict) << row.sentence;
    }
  }
}

TEST(ChainVerifier, JudgesNames) {
  const auto with_names = [](const char* names, const char* host) {
    return [=](World& w) {
      set(w.leaf, "subjectAltName", names);
      w.host = host;
    };
  };
  check({
      {"the name itself", "ca 0", [](World&) {}},
      {"letters are equal in either case", "ca 0", with_names("DNS:BROKER.Example.com", "broker.EXAMPLE.com")},
      {"a final dot of the configured name is none of its labels", "ca 0", with_names("DNS:a.example", "a.example.")},
      {"the second of three names", "ca 0", with_names("DNS:a.example,DNS:b.example,DNS:c.example", "b.example")},
      {"another name", "Refused name_mismatch", with_names("DNS:other.example", "broker.example.com")},
      {"a longer name", "Refused name_mismatch", with_names("DNS:broker.example.com.evil.test", "broker.example.com")},
      {"a subdomain", "Refused name_mismatch", with_names("DNS:example.com", "broker.example.com")},
      {"the name only as CN", "Refused name_mismatch",
       [](World& w) {
         set(w.leaf, "subjectAltName", "");
         w.leaf.common_name = kHost;
       }},
      {"a name with a NUL in it", "Refused name_mismatch",
       with_names("DER:301E821C62726F6B65722E6578616D706C652E636F6D002E6576696C2E74657374", kHost)},
      {"an address as DNS name", "Refused name_mismatch", with_names("DNS:192.0.2.7", "192.0.2.7")},
      {"an address", "ca 0", with_names("IP:192.0.2.7", "192.0.2.7")},
      {"another address", "Refused name_mismatch", with_names("IP:192.0.2.7", "192.0.2.8")},
      {"an IPv6 address in another spelling", "ca 0", with_names("IP:2001:db8::7", "2001:0db8:0:0::0007")},
      {"an IPv4 address inside an IPv6 one", "Refused name_mismatch", with_names("IP:::ffff:192.0.2.7", "192.0.2.7")},
      {"an address of five bytes", "Refused name_mismatch", with_names("DER:30078705C000020700", "192.0.2.7")},
      {"a URI and a mail address", "Refused name_mismatch",
       with_names("URI:https://broker.example.com,email:broker@broker.example.com", kHost)},
      {"a wildcard", "ca 0", with_names("DNS:*.example.com", kHost)},
      {"a wildcard for two labels", "Refused name_mismatch", with_names("DNS:*.example.com", "a.b.example.com")},
      {"a wildcard for no label", "Refused name_mismatch", with_names("DNS:*.example.com", "example.com")},
      {"a wildcard as part of a label", "Refused name_mismatch", with_names("DNS:b*.example.com", kHost)},
      {"a wildcard in the second label", "Refused name_mismatch", with_names("DNS:broker.*.com", kHost)},
      {"a wildcard over a top-level domain", "Refused name_mismatch", with_names("DNS:*.com", "example.com")},
      {"a wildcard alone", "Refused name_mismatch", with_names("DNS:*", "localhost")},
      {"a wildcard inside an A-label", "Refused name_mismatch",
       with_names("DNS:xn--*-1b3c148a.example.com", "xn--bliss-1b3c148a.example.com")},
      {"an A-label", "ca 0", with_names("DNS:xn--628h.example.com", "xn--628h.example.com")},
      {"letters beyond ASCII in the configured name", "trust_host_unusable",
       with_names("DNS:a.example", "\xc3\xa4.example")},
      {"an address that is none", "trust_host_unusable", with_names("IP:192.0.2.7", "192.0.2.700")},
      {"no alternative name at all", "its subjectAltName is empty", with_names("DER:3000", kHost)},
      {"alternative names that are no list", "its subjectAltName is empty", with_names("DER:0500", kHost)},
  });
}

TEST(ChainVerifier, JudgesDates) {
  check({
      {"expired", "Refused expired", [](World& w) { w.leaf.until = day(2026, 1, 31); }},
      {"not yet valid", "Refused not_yet_valid", [](World& w) { w.leaf.from = day(2026, 2, 2); }},
      {"in its last second", "ca 0", [](World& w) { w.leaf.until = w.time; }},
      {"in the second after its last", "Refused expired",
       [](World& w) {
         w.leaf.until = w.time;
         w.time += seconds{1};
       }},
      {"in its first second", "ca 0", [](World& w) { w.leaf.from = w.time; }},
      {"just before its first second", "Refused not_yet_valid",
       [](World& w) {
         w.leaf.from = w.time;
         w.time -= milliseconds{1};
       }},
      {"in the year 2500", "ca 0",
       [](World& w) {
         w.time = day(2500, 1, 1);
         w.root.until = day(2600, 1, 1);
         w.leaf.until = day(2600, 1, 1);
       }},
      {"an expired root", "has expired", [](World& w) { w.root.until = day(2026, 1, 1); }},
      {"a root in its last second", "ca 0", [](World& w) { w.root.until = w.time; }},
      {"an expired intermediate", "has expired", [](World& w) { w.intermediate->until = day(2026, 1, 1); }, kThree},
      {"an intermediate of tomorrow", "not yet valid", [](World& w) { w.intermediate->from = day(2026, 2, 2); },
       kThree},
  });
}

TEST(ChainVerifier, JudgesPurpose) {
  const auto with_purpose = [](const char* purpose) {
    return [=](World& w) { set(w.leaf, "extendedKeyUsage", purpose); };
  };
  check({
      {"no purpose named is every purpose", "ca 0", with_purpose("")},
      {"for servers and clients", "ca 0", with_purpose("clientAuth,serverAuth")},
      {"for clients only", "Refused wrong_purpose", with_purpose("clientAuth")},
      {"for signing code", "Refused wrong_purpose", with_purpose("codeSigning")},
      {"for any purpose", "Refused wrong_purpose", with_purpose("anyExtendedKeyUsage")},
      {"Netscape's step-up", "Refused wrong_purpose", with_purpose("nsSGC")},
      {"an empty list", "extended key usage is empty", with_purpose("DER:3000")},
      {"a key only for CRLs", "Refused wrong_purpose", [](World& w) { set(w.leaf, "keyUsage", "critical,cRLSign"); }},
      {"an issuer for clients only", "unsuitable certificate purpose",
       [](World& w) { set(*w.intermediate, "extendedKeyUsage", "clientAuth"); }, kThree},
      {"an issuer for servers only", "ca 0", [](World& w) { set(*w.intermediate, "extendedKeyUsage", "serverAuth"); },
       kThree},
  });
}

TEST(ChainVerifier, JudgesWhoMayIssue) {
  check({
      {"a chain of three", "ca 0", [](World&) {}, kThree},
      {"the intermediate was not sent", "Refused missing_intermediate", [](World& w) { w.sends_intermediate = false; },
       kThree},
      {"the intermediate is the anchor", "ca 0", [](World& w) { w.anchors_the_intermediate = true; }, kThree},
      {"the intermediate is no CA", "it does not say that it is a CA",
       [](World& w) { set(*w.intermediate, "basicConstraints", "critical,CA:FALSE"); }, kThree},
      {"the intermediate does not say whether it is one", "it does not say that it is a CA",
       [](World& w) { set(*w.intermediate, "basicConstraints", ""); }, kThree},
      {"the root does not say that it is a CA", "it does not say that it is a CA",
       [](World& w) { set(w.root, "basicConstraints", ""); }},
      {"a CA whose key may not sign certificates", "invalid CA certificate",
       [](World& w) { set(*w.intermediate, "keyUsage", "critical,cRLSign"); }, kThree},
      {"a root whose key may not sign certificates", "invalid CA certificate",
       [](World& w) { set(w.root, "keyUsage", "digitalSignature"); }},
      {"a root that allows no intermediate", "path length constraint exceeded",
       [](World& w) { set(w.root, "basicConstraints", "critical,CA:TRUE,pathlen:0"); }, kThree},
      {"a root that allows one", "ca 0",
       [](World& w) { set(w.root, "basicConstraints", "critical,CA:TRUE,pathlen:1"); }, kThree},
      {"a certificate of a CA served by a broker", "ca 0",
       [](World& w) { set(w.leaf, "basicConstraints", "critical,CA:TRUE"); }},
      {"no CA, and a key that signs certificates", "claims to sign certificates",
       [](World& w) { set(w.leaf, "keyUsage", "digitalSignature,keyCertSign"); }},
      {"a signature that does not hold", "certificate signature failure",
       [](World& w) { w.leaf.breaks_signature = true; }},
      {"a signature of the intermediate that does not hold", "certificate signature failure",
       [](World& w) { w.intermediate->breaks_signature = true; }, kThree},
  });
}

TEST(ChainVerifier, JudgesStrength) {
  check({
      {"RSA of 2048 bits", "ca 0", [](World& w) { w.leaf.key_kind = KeyKind::rsa2048; }},
      {"Ed25519", "ca 0", [](World& w) { w.leaf.key_kind = KeyKind::ed25519; }},
      {"RSA of 1024 bits", "Refused weak_key", [](World& w) { w.leaf.key_kind = KeyKind::rsa1024; }},
      {"DSA", "Refused weak_key", [](World& w) { w.leaf.key_kind = KeyKind::dsa; }},
      {"a curve that is spelt out", "Refused weak_key", [](World& w) { w.leaf.key_kind = KeyKind::p256_explicit; }},
      {"signed with SHA-1", "Refused weak_signature", [](World& w) { w.leaf.digest = "SHA1"; }},
      {"signed with MD5", "Refused weak_signature",
       [](World& w) {
         w.root.key_kind = KeyKind::rsa2048;
         w.leaf.digest = "MD5";
       }},
      {"an intermediate signed with SHA-1", "its signature is too weak",
       [](World& w) { w.intermediate->digest = "SHA1"; }, kThree},
      {"an intermediate of RSA 1024", "its key is too weak",
       [](World& w) { w.intermediate->key_kind = KeyKind::rsa1024; }, kThree},
      {"a root of RSA 1024", "its key is too weak", [](World& w) { w.root.key_kind = KeyKind::rsa1024; }},
      {"a root with a DSA key", "its key is too weak", [](World& w) { w.root.key_kind = KeyKind::dsa; }},
      {"a root that signed itself with SHA-1", "ca 0", [](World& w) { w.root.digest = "SHA1"; }},
  });
}

TEST(ChainVerifier, JudgesNameConstraints) {
  const auto constrained = [](const char* constraints, const char* names, const char* host = kHost) {
    return [=](World& w) {
      set(*w.intermediate, "nameConstraints", std::string("critical,") + constraints);
      set(w.leaf, "subjectAltName", names);
      w.host = host;
    };
  };
  const char* name = "DNS:broker.example.com";
  check({
      {"below a permitted name", "ca 0", constrained("permitted;DNS:example.com", name), kThree},
      {"the permitted name itself", "ca 0", constrained("permitted;DNS:broker.example.com", name), kThree},
      {"not below the permitted name", "permitted subtree violation", constrained("permitted;DNS:example.org", name),
       kThree},
      {"a name that only ends alike", "permitted subtree violation",
       constrained("permitted;DNS:oker.example.com", name), kThree},
      {"below an excluded name", "excluded subtree violation", constrained("excluded;DNS:example.com", name), kThree},
      {"the second name is excluded", "excluded subtree violation",
       constrained("excluded;DNS:secret.example.com", "DNS:broker.example.com,DNS:secret.example.com"), kThree},
      {"a wildcard below a permitted name", "ca 0", constrained("permitted;DNS:example.com", "DNS:*.example.com"),
       kThree},
      {"a wildcard above a permitted name", "permitted subtree violation",
       constrained("permitted;DNS:broker.example.com", "DNS:*.example.com"), kThree},
      {"a wildcard that covers an excluded name", "its wildcard covers a name",
       constrained("excluded;DNS:secret.example.com", "DNS:*.example.com"), kThree},
      {"a wildcard that ends above what is excluded", "ca 0",
       constrained("excluded;DNS:a.secret.example.com", "DNS:*.example.com"), kThree},
      {"a permitted subnet", "ca 0", constrained("permitted;IP:192.0.2.0/255.255.255.0", "IP:192.0.2.7", "192.0.2.7"),
       kThree},
      {"another subnet", "permitted subtree violation",
       constrained("permitted;IP:192.0.2.0/255.255.255.0", "IP:192.0.3.7", "192.0.3.7"), kThree},
      {"constraints of another kind of name", "ca 0", constrained("permitted;IP:192.0.2.0/255.255.255.0", name),
       kThree},
      {"the CN is no name and is not constrained", "ca 0",
       [&](World& w) {
         constrained("permitted;DNS:example.com", name)(w);
         w.leaf.common_name = "other.example.org";
       },
       kThree},
      {"a malformed name below a permitted one", "malformed",
       constrained("permitted;DNS:example.com", "DNS:broker.example.com,DNS:.example.com"), kThree},
      {"an address of eight bytes in a permitted subnet", "name",
       constrained("permitted;IP:192.0.2.0/255.255.255.0", "DER:30108704C00002078708C0000200FFFFFF00", "192.0.2.7"),
       kThree},
      {"a constraint with a wildcard", "is no name or subnet", constrained("permitted;DNS:*.example.com", name),
       kThree},
      {"a constraint with a leading dot", "is no name or subnet", constrained("permitted;DNS:.example.com", name),
       kThree},
      {"a constraint without mask", "is no name or subnet", constrained("DER:300AA00830068704C0000207", name), kThree},
      {"a mask with a hole", "is no name or subnet", constrained("permitted;IP:192.0.2.0/255.0.255.0", name), kThree},
      {"empty constraints", "its name constraints are empty", constrained("DER:3000", name), kThree},
      {"two empty lists of constraints", "its name constraints are empty", constrained("DER:3004A000A100", name),
       kThree},
      {"constraints that are NULL", "cannot be read", constrained("DER:0500", name), kThree},
      {"constraints in a certificate that is no CA", "it is no CA and has name constraints",
       [](World& w) { set(w.leaf, "nameConstraints", "permitted;DNS:example.com"); }},
      {"constraints in the root", "permitted subtree violation",
       [](World& w) { set(w.root, "nameConstraints", "critical,permitted;DNS:example.org"); }},
  });
}

TEST(ChainVerifier, JudgesExtensions) {
  check({
      {"an unknown critical extension", "unhandled critical extension",
       [](World& w) { set(w.leaf, "1.3.6.1.4.1.55738.1", "critical,DER:0500"); }},
      {"an unknown critical extension of the root", "unhandled critical extension",
       [](World& w) { set(w.root, "1.3.6.1.4.1.55738.1", "critical,DER:0500"); }},
      {"an unknown extension", "ca 0", [](World& w) { set(w.leaf, "1.3.6.1.4.1.55738.1", "DER:0500"); }},
      {"the same extension twice", "twice",
       [](World& w) { w.leaf.extensions.push_back({"subjectAltName", "DNS:broker.example.com"}); }},
      {"authority information access that cannot be read", "authority information access",
       [](World& w) { set(w.leaf, "authorityInfoAccess", "DER:0500"); }},
      {"critical authority information access", "must not be critical",
       [](World& w) { set(w.leaf, "authorityInfoAccess", "critical,OCSP;URI:http://ocsp.example"); }},
      {"authority information access", "ca 0",
       [](World& w) { set(w.leaf, "authorityInfoAccess", "OCSP;URI:http://ocsp.example"); }},
      {"extensions in version 1", "not of version 3", [](World& w) { w.leaf.version = 0; }},
      {"no subject and a subjectAltName that is not critical", "must be critical",
       [](World& w) { w.leaf.common_name = w.leaf.organisation = ""; }},
      {"no subject and a critical subjectAltName", "ca 0",
       [](World& w) {
         w.leaf.common_name = w.leaf.organisation = "";
         set(w.leaf, "subjectAltName", "critical,DNS:broker.example.com");
       }},
      {"a CA that demands a policy", "no explicit policy",
       [](World& w) {
         set(*w.intermediate, "policyConstraints", "critical,requireExplicitPolicy:0");
         set(*w.intermediate, "certificatePolicies", "DER:3007300506032A0304");
       },
       kThree},
      {"a CA that demands a policy and has none", "constrains policies and has none",
       [](World& w) { set(*w.intermediate, "policyConstraints", "critical,requireExplicitPolicy:0"); }, kThree},
      {"a policy constraint that is not critical", "must be critical",
       [](World& w) {
         set(*w.intermediate, "policyConstraints", "requireExplicitPolicy:3");
         set(*w.intermediate, "certificatePolicies", "DER:3007300506032A0304");
       },
       kThree},
      {"no key identifiers, as `openssl x509 -req` makes certificates", "ca 0",
       [](World& w) { set(w.leaf, "authorityKeyIdentifier", ""); }},
      {"the key identifier of another CA", "Refused unknown_issuer",
       [](World& w) { set(w.leaf, "authorityKeyIdentifier", "DER:30168014000102030405060708090A0B0C0D0E0F10111213"); }},
  });
}

TEST(ChainVerifier, JudgesRevocationByCrl) {
  using Maker = std::function<std::string(const Issued&, const Issued&, const Issued&)>;
  const auto with = [](const Maker& maker) { return [=](World& w) { w.crl = maker; }; };
  check({
      {"a current list without it", "ca 0",
       with([](const Issued&, const Issued& issuer, const Issued&) { return make_crl(issuer, {}); })},
      {"a list with it", "Refused revoked", with([](const Issued&, const Issued& issuer, const Issued& leaf) {
         return make_crl(issuer, {.revoked = {&leaf}});
       })},
      {"a list of yesterday", "Refused crl_missing", with([](const Issued&, const Issued& issuer, const Issued&) {
         return make_crl(issuer, {.from = day(2026, 1, 1), .until = day(2026, 1, 31)});
       })},
      {"a list of tomorrow", "Refused crl_missing", with([](const Issued&, const Issued& issuer, const Issued&) {
         return make_crl(issuer, {.from = day(2026, 2, 2)});
       })},
      {"a list of another CA", "Refused crl_missing", with([](const Issued&, const Issued&, const Issued&) {
         return make_crl(issue(test::root_request("Other")), {});
       })},
      {"a list that another signed in its name", "Refused crl_missing",
       with([](const Issued&, const Issued& issuer, const Issued&) {
         const Issued other = issue(test::root_request());
         return make_crl(issuer, {.signer = other.key.get()});
       })},
      {"a list without number", "Refused crl_missing", with([](const Issued&, const Issued& issuer, const Issued&) {
         return make_crl(issuer, {.has_number = false});
       })},
      {"a list that names a certificate twice", "Refused crl_missing",
       with([](const Issued& root, const Issued& issuer, const Issued&) {
         return make_crl(issuer, {.revoked = {&root, &root}});
       })},
      {"the list of the leaf's issuer alone", "ca 0",
       with([](const Issued&, const Issued& issuer, const Issued&) { return make_crl(issuer, {}); }), kThree},
      {"only the root's list", "Refused crl_missing",
       with([](const Issued& root, const Issued&, const Issued&) { return make_crl(root, {}); }), kThree},
      {"both lists, the intermediate revoked", "Refused revoked",
       with([](const Issued& root, const Issued& issuer, const Issued&) {
         return make_crl(issuer, {}) + make_crl(root, {.revoked = {&issuer}});
       }),
       kThree},
      {"an issuer that may not sign lists", "Refused crl_missing",
       [](World& w) {
         set(w.root, "keyUsage", "critical,keyCertSign");
         w.crl = [](const Issued&, const Issued& issuer, const Issued&) { return make_crl(issuer, {}); };
       }},
      {"a file that is no list", "trust_crl_unreadable",
       with([](const Issued&, const Issued&, const Issued&) { return std::string("nothing"); })},
  });
}

TEST(ChainVerifier, JudgesWhatAnOcspAnswerSays) {
  using Maker = std::function<std::string(const Issued&, const Issued&, const Issued&)>;
  const auto with = [](const Maker& maker) { return [=](World& w) { w.ocsp = maker; }; };
  check({
      {"good", "ca 0",
       with([](const Issued&, const Issued& issuer, const Issued& leaf) { return make_staple(leaf, issuer); })},
      {"revoked", "Refused revoked", with([](const Issued&, const Issued& issuer, const Issued& leaf) {
         return make_staple(leaf, issuer, {.status = V_OCSP_CERTSTATUS_REVOKED});
       })},
      {"revoked long ago", "Refused revoked", with([](const Issued&, const Issued& issuer, const Issued& leaf) {
         return make_staple(leaf, issuer,
                            {.status = V_OCSP_CERTSTATUS_REVOKED, .from = day(2026, 1, 1), .until = day(2026, 1, 2)});
       })},
      {"unknown", "Refused staple_bad", with([](const Issued&, const Issued& issuer, const Issued& leaf) {
         return make_staple(leaf, issuer, {.status = V_OCSP_CERTSTATUS_UNKNOWN});
       })},
      {"out of date", "Refused staple_bad", with([](const Issued&, const Issued& issuer, const Issued& leaf) {
         return make_staple(leaf, issuer, {.from = day(2026, 1, 1), .until = day(2026, 1, 31)});
       })},
      {"of tomorrow", "Refused staple_bad", with([](const Issued&, const Issued& issuer, const Issued& leaf) {
         return make_staple(leaf, issuer, {.from = day(2026, 2, 2)});
       })},
      {"without an end, of today", "ca 0", with([](const Issued&, const Issued& issuer, const Issued& leaf) {
         return make_staple(leaf, issuer, {.from = kToday, .until = std::nullopt});
       })},
      {"without an end, of last week", "Refused staple_bad",
       with([](const Issued&, const Issued& issuer, const Issued& leaf) {
         return make_staple(leaf, issuer, {.from = day(2026, 1, 25), .until = std::nullopt});
       })},
      {"about another certificate of the same CA", "Refused staple_bad",
       with([](const Issued&, const Issued& issuer, const Issued&) {
         return make_staple(issue(test::leaf_request(issuer)), issuer);
       })},
      {"signed with SHA-1", "Refused staple_bad", with([](const Issued&, const Issued& issuer, const Issued& leaf) {
         return make_staple(leaf, issuer, {.digest = "SHA1"});
       })},
      {"garbage", "Refused staple_bad",
       with([](const Issued&, const Issued&, const Issued&) { return std::string("x"); })},
      {"with bytes after its end", "Refused staple_bad",
       with([](const Issued&, const Issued& issuer, const Issued& leaf) { return make_staple(leaf, issuer) + "x"; })},
      {"demanded by the certificate, and none", "Refused staple_missing",
       [](World& w) { set(w.leaf, "tlsfeature", "status_request"); }},
      {"demanded by the certificate, and there", "ca 0",
       [](World& w) {
         set(w.leaf, "tlsfeature", "status_request");
         w.ocsp = [](const Issued&, const Issued& issuer, const Issued& leaf) { return make_staple(leaf, issuer); };
       }},
  });
}

TEST(ChainVerifier, TellsWhenANewsOfRevocationWasSigned) {
  const Issued root = issue(test::root_request());
  const Issued leaf = issue(test::leaf_request(root));
  ChainQuestion question;
  question.chain = leaf.pem();
  question.ca = root.pem();
  question.host = "broker.example.com";
  question.time = kToday;
  EXPECT_EQ(verify_chain(question)->facts.not_revoked_at, std::nullopt);
  question.crl = make_crl(root, {.from = day(2026, 1, 20)}) + make_crl(root, {.from = day(2026, 1, 25)}) +
                 make_crl(issue(test::root_request("Other")), {.from = day(2026, 1, 28)});
  EXPECT_EQ(verify_chain(question)->facts.not_revoked_at, day(2026, 1, 25)) << "the issuer's newest list";
  question.ocsp = make_staple(leaf, root, {.from = day(2026, 1, 24)});
  EXPECT_EQ(verify_chain(question)->facts.not_revoked_at, day(2026, 1, 25)) << "the later of both";
  question.ocsp = make_staple(leaf, root, {.from = day(2026, 1, 30)});
  EXPECT_EQ(verify_chain(question)->facts.not_revoked_at, day(2026, 1, 30));
  question.ocsp = make_staple(leaf, root, {.status = V_OCSP_CERTSTATUS_UNKNOWN, .from = day(2026, 1, 30)});
  EXPECT_EQ(verify_chain(question)->facts.not_revoked_at, day(2026, 1, 25)) << "only what is good proves something";
}

TEST(ChainVerifier, JudgesWhoSignedAnOcspAnswer) {
  using Maker = std::function<std::string(const Issued&, const Issued&, const Issued&)>;
  const auto with = [](const Maker& maker) { return [=](World& w) { w.ocsp = maker; }; };
  const auto delegate = [](const Issued& issuer, const char* purpose) {
    Request request = test::leaf_request(issuer, "");
    request.common_name = "responder";
    set(request, "extendedKeyUsage", purpose);
    return issue(request);
  };
  check({
      {"signed by a stranger", "Refused staple_bad", with([](const Issued&, const Issued& issuer, const Issued& leaf) {
         const Issued stranger = issue(test::root_request());
         return make_staple(leaf, issuer, {.signer = &stranger, .sends_signer = true});
       })},
      {"signed by the issuer's delegate", "ca 0", with([=](const Issued&, const Issued& issuer, const Issued& leaf) {
         const Issued responder = delegate(issuer, "OCSPSigning");
         return make_staple(leaf, issuer, {.signer = &responder, .sends_signer = true});
       })},
      {"signed by the certificate itself", "Refused staple_bad",
       with([](const Issued&, const Issued& issuer, const Issued& leaf) {
         return make_staple(leaf, issuer, {.signer = &leaf, .sends_signer = true});
       })},
      {"signed by another server of the same CA", "Refused staple_bad",
       with([=](const Issued&, const Issued& issuer, const Issued& leaf) {
         const Issued server = delegate(issuer, "serverAuth");
         return make_staple(leaf, issuer, {.signer = &server, .sends_signer = true});
       })},
      {"signed by the delegate of another CA of the same root", "Refused staple_bad",
       with([=](const Issued& root, const Issued& issuer, const Issued& leaf) {
         const Issued responder = delegate(root, "OCSPSigning");
         return make_staple(leaf, issuer, {.signer = &responder, .sends_signer = true});
       }),
       kThree},
  });
}

ChainQuestion asked(const Issued& leaf, const std::string& sent, const std::string& ca) {
  return {.chain = leaf.pem() + sent, .ca = ca, .host = kHost, .time = kToday};
}

TEST(ChainVerifier, GoesAroundTheChainThatDoesNotHold) {
  // The same intermediate, certified twice: by a root that has expired and by one that has not.
  Request expired_root = test::root_request("Old root");
  expired_root.until = day(2026, 1, 1);
  const Issued old_root = issue(expired_root);
  const Issued root = issue(test::root_request());
  const Issued first = issue(test::intermediate_request(old_root));
  Request second_request = test::intermediate_request(root);
  second_request.key = first.key;
  const Issued second = issue(second_request);
  const Issued leaf = issue(test::leaf_request(first));
  for (const std::string& order : {first.pem() + second.pem(), second.pem() + first.pem()}) {
    EXPECT_EQ(World::test_text(verify_chain(asked(leaf, order, old_root.pem() + root.pem()))), "ca 0");
  }
}

TEST(ChainVerifier, DoesNotWalkInCircles) {
  const Issued root = issue(test::root_request());
  Request a_request = test::root_request("A");
  Request b_request = test::root_request("B");
  const Issued a_alone = issue(a_request);
  const Issued b_alone = issue(b_request);
  a_request.issuer = &b_alone;
  a_request.key = a_alone.key;
  b_request.issuer = &a_alone;
  b_request.key = b_alone.key;
  const Issued a = issue(a_request);
  const Issued b = issue(b_request);
  const Issued leaf = issue(test::leaf_request(a));
  EXPECT_EQ(World::test_text(verify_chain(asked(leaf, a.pem() + b.pem(), root.pem()))), "Refused unknown_issuer");
}

TEST(ChainVerifier, RefusesAChainThatIsTooLong) {
  const Issued root = issue(test::root_request());
  std::vector<Issued> chain{root};
  for (int i = 0; i < 8; ++i)
    chain.push_back(issue(test::intermediate_request(chain.back(), "CA " + std::to_string(i))));
  std::string sent;
  for (std::size_t i = 1; i < chain.size(); ++i) sent += chain[i].pem();
  EXPECT_EQ(World::test_text(verify_chain(asked(issue(test::leaf_request(chain[7])), sent, root.pem()))), "ca 0");
  EXPECT_EQ(World::test_text(verify_chain(asked(issue(test::leaf_request(chain[8])), sent, root.pem()))),
            "Refused chain_too_large");
}

TEST(ChainVerifier, EndsItsSearchWhereEverybodyHasTheSameName) {
  const Issued root = issue(test::root_request("Same"));
  std::string sent;
  for (int i = 0; i < 60; ++i) {
    Request request = test::root_request("Same");
    request.issuer = &root;
    set(request, "subjectKeyIdentifier", "");
    request.breaks_signature = true;
    sent += issue(request).pem();
  }
  Request leaf = test::leaf_request(root);
  set(leaf, "authorityKeyIdentifier", "");
  leaf.breaks_signature = true;
  EXPECT_EQ(World::test_text(verify_chain(asked(issue(leaf), sent, root.pem()))).substr(0, 17), "Refused bad_chain");
}

TEST(ChainVerifier, TellsWhoIsUnknown) {
  const Issued root = issue(test::root_request());
  const Issued other = issue(test::root_request("Other root"));
  EXPECT_EQ(
      World::test_text(verify_chain(asked(issue(test::leaf_request(root)), "", issue(test::root_request("R")).pem()))),
      "Refused missing_intermediate")
      << "its CA has the organisation of the anchor: it is likely to be one of its intermediates";
  Request foreign_root = test::root_request("Foreign");
  foreign_root.organisation = "Elsewhere";
  const Issued foreign = issue(foreign_root);
  EXPECT_EQ(World::test_text(verify_chain(asked(issue(test::leaf_request(foreign)), "", root.pem()))),
            "Refused unknown_issuer");
  EXPECT_EQ(World::test_text(verify_chain(asked(issue(test::leaf_request(other)), other.pem(), root.pem()))),
            "Refused unknown_issuer")
      << "the root was sent along";
}

TEST(ChainVerifier, TakesASelfSignedCertificateOnlyAsItsOwnAnchor) {
  const Issued own = issue(test::self_signed_request());
  const Issued root = issue(test::root_request());
  EXPECT_EQ(World::test_text(verify_chain(asked(own, "", own.pem()))), "ca 0");
  EXPECT_EQ(World::test_text(verify_chain(asked(own, "", root.pem()))), "Refused self_signed");
  const Issued impostor = issue(test::self_signed_request());
  EXPECT_NE(World::test_text(verify_chain(asked(impostor, "", own.pem()))), "ca 0") << "the same name, another key";
}

TEST(ChainVerifier, TakesARootOfVersionOne) {
  Request request = test::root_request();
  request.version = 0;
  request.extensions.clear();
  const Issued root = issue(request);
  Request leaf = test::leaf_request(root);
  set(leaf, "authorityKeyIdentifier", "");
  EXPECT_EQ(World::test_text(verify_chain(asked(issue(leaf), "", root.pem()))), "ca 0");
}

TEST(ChainVerifier, NamesWhatItCannotRead) {
  const Issued root = issue(test::root_request());
  const Issued leaf = issue(test::leaf_request(root));
  const auto code = [](const ChainQuestion& question) { return verify_chain(question).error().code; };
  EXPECT_EQ(code({.chain = "", .ca = root.pem(), .host = kHost, .time = kToday}).name, "trust_certificate_unreadable");
  EXPECT_EQ(code({.chain = leaf.pem().substr(0, 300), .ca = root.pem(), .host = kHost, .time = kToday}).name,
            "trust_certificate_malformed");
  EXPECT_EQ(code({.chain = leaf.pem(), .ca = "", .host = kHost, .time = kToday}).name, "trust_no_anchor");
  EXPECT_EQ(code({.chain = leaf.pem(), .ca = root.pem().substr(0, 300), .host = kHost, .time = kToday}).name,
            "trust_ca_unreadable");
}

}  // namespace
}  // namespace meterseal::trust::host
