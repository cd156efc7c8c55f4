#include "app/toolbox/doctor_checks.hpp"

#include <gtest/gtest.h>

#include "app/errors.hpp"
#include "trust/errors.hpp"

namespace meterseal::app {
namespace {

using trust::ChainState;
using trust::Facts;
using trust::Mode;
using trust::Renewal;
using trust::StapleState;

const UtcTime kNow = utc_from_civil_utc({{2026, 8, 23}, 13, 5, 0, 0, 0});
const HostPort kBroker{"broker.example.com", 8883};
constexpr std::int64_t kDay_s = 86'400;

trust::Sha256 digest(std::uint8_t fill) {
  trust::Sha256 value{};
  value.fill(fill);
  return value;
}

/// A certificate with nothing wrong in it.
Facts sound() {
  Facts facts;
  facts.certificate = digest(1);
  facts.key = digest(2);
  facts.key_type = trust::KeyType::ec;
  facts.key_bits = 256;
  facts.signature_digest = trust::Digest::sha256;
  facts.not_before = kNow - seconds{kDay_s};
  facts.not_after = kNow + seconds{90 * kDay_s};
  facts.name_matches = true;
  facts.server_purpose = true;
  facts.chain = ChainState::good;
  facts.anchor = digest(9);
  facts.staple = StapleState::absent;
  facts.now = kNow;
  facts.names = "DNS:broker.example.com";
  return facts;
}
Judged judged(const Facts& facts, bool matters = true) {
  return {facts, "/etc/ssl/certs", matters};
}

struct Expected {
  CheckVerdict verdict;
  std::string_view code;  ///< named in the evidence; empty: none
};
void expect(const Check& check, std::string_view id, const Expected& expected) {
  EXPECT_EQ(check.id, id);
  EXPECT_EQ(check.verdict, expected.verdict) << check.evidence;
  EXPECT_NE(check.evidence.find(expected.code), std::string::npos) << check.evidence;
  const bool needs_remedy = check.verdict == CheckVerdict::bad || check.verdict == CheckVerdict::warning;
  EXPECT_EQ(check.remedy.empty(), !needs_remedy) << check.evidence;
}

WalkResult connected() {
  WalkResult way;
  way.addresses = {"192.0.2.7"};
  way.attempts = {{"192.0.2.7", TcpOutcome::connected, ""}};
  way.received = 100;
  way.first_bytes = {22, 3, 3, 0};
  return way;
}
WalkResult stopped(std::vector<TcpAttempt> attempts) {
  WalkResult way;
  for (const TcpAttempt& attempt : attempts) way.addresses.push_back(attempt.address);
  way.attempts = std::move(attempts);
  return way;
}
Look spoke(const char* version) {
  Look look{connected(), {}};
  look.probe.version = version;
  look.probe.suite = "A_SUITE";
  look.probe.proved_key = *version != '\0';
  return look;
}

TEST(DoctorDns, NamesAHostWithoutAddress) {
  WalkResult way;
  way.lookup_failure = "Name or service not known";
  expect(check_dns(way), "dns", {CheckVerdict::bad, "app_server_unknown"});
  expect(check_tcp(kBroker, way), "tcp", {CheckVerdict::skipped, ""});
  expect(check_dns(connected()), "dns", {CheckVerdict::good, "192.0.2.7"});
}

TEST(DoctorTcp, TellsWhatStandsInTheWayApart) {
  const struct {
    TcpOutcome outcome;
    std::string_view code;
  } rows[] = {{TcpOutcome::refused, "app_server_refuses"},
              {TcpOutcome::filtered, "app_server_filtered"},
              {TcpOutcome::no_route, "app_server_no_route"},
              {TcpOutcome::failed, "app_server_unreachable"}};
  for (const auto& row : rows) {
    expect(check_tcp(kBroker, stopped({{"192.0.2.7", row.outcome, "why"}})), "tcp", {CheckVerdict::bad, row.code});
  }
  expect(check_tcp(kBroker, connected()), "tcp", {CheckVerdict::good, "192.0.2.7 port 8883"});
}

TEST(DoctorTcp, TakesTheAnswerOfAnAddressThatHasARoute) {
  const WalkResult way = stopped({{"2001:db8::7", TcpOutcome::no_route, "Network is unreachable"},
                                  {"192.0.2.7", TcpOutcome::refused, "Connection refused"}});
  expect(check_tcp(kBroker, way), "tcp", {CheckVerdict::bad, "app_server_refuses"});
}

TEST(DoctorTls, NamesPlaintextOnATlsPort) {
  Look look{connected(), {}};
  look.way.first_bytes = {0x20, 2, 0, 0};
  expect(check_tls(kBroker, {look, std::nullopt, false}), "tls", {CheckVerdict::bad, "answered with MQTT"});
  look.way.first_bytes = {'H', 'T', 'T', 'P', '/', '1', '.', '1'};
  expect(check_tls(kBroker, {look, std::nullopt, false}), "tls", {CheckVerdict::bad, "answered with HTTP"});
  look.way.first_bytes.clear();
  look.way.received = 0;
  look.way.peer_closed = true;
  expect(check_tls(kBroker, {look, std::nullopt, false}), "tls", {CheckVerdict::bad, "app_server_not_tls"});
  expect(check_tls(kBroker, {look, std::nullopt, true}), "tls",
         {CheckVerdict::bad, "speaks MQTT in clear on port 8883"});
}

TEST(DoctorTls, NamesTlsOnThePlaintextPort) {
  expect(check_tls({"broker", 1883}, {spoke("TLSv1.3"), std::nullopt, false}), "tls", {CheckVerdict::warning, "1883"});
  expect(check_tls(kBroker, {spoke("TLSv1.3"), std::nullopt, false}), "tls", {CheckVerdict::good, ""});
}

TEST(DoctorTls, NamesAServerThatSaysNothing) {
  Look look{connected(), {}};
  look.way.first_bytes.clear();
  look.way.received = 0;
  look.way.timed_out = true;
  expect(check_tls(kBroker, {look, std::nullopt, false}), "tls", {CheckVerdict::bad, "app_server_silent"});
}

TEST(DoctorVersions, RefusesAServerOfTheNineties) {
  Look modern = spoke("");
  modern.probe.peer_alert = "protocol version";
  expect(check_versions({modern, spoke("TLSv1.1"), false}), "tls_version",
         {CheckVerdict::bad, "nothing newer than TLSv1.1"});
  expect(check_tls(kBroker, {modern, spoke("TLSv1.1"), false}), "tls", {CheckVerdict::good, ""});
  expect(check_versions({spoke("TLSv1.3"), spoke("TLSv1"), false}), "tls_version",
         {CheckVerdict::warning, "takes TLSv1 from others"});
  expect(check_versions({spoke("TLSv1.2"), spoke(""), false}), "tls_version", {CheckVerdict::good, "TLSv1.2, A_SUITE"});
}

TEST(DoctorKey, CallsACopyACopy) {
  trust::host::ProbeReport report;
  expect(check_key(kBroker, report), "key", {CheckVerdict::skipped, ""});
  report.chain.emplace_back();
  expect(check_key(kBroker, report), "key", {CheckVerdict::bad, "did not prove"});
  report.proved_key = true;
  expect(check_key(kBroker, report), "key", {CheckVerdict::good, ""});
}

TEST(DoctorCertificate, HasOneFindingForEachMatter) {
  const auto with = [](auto change) {
    Facts facts = sound();
    change(facts);
    return facts;
  };
  const struct {
    const char* what;
    Facts facts;
    std::string_view strength, chain, name, dates, ocsp;  ///< code of the fault; empty: good
  } rows[] = {
      {"sound", sound(), "", "", "", "", ""},
      {"weak key", with([](Facts& f) { f.key_type = trust::KeyType::rsa, f.key_bits = 1024; }), "trust_weak_key", "",
       "", "", ""},
      {"SHA-1", with([](Facts& f) { f.signature_digest = trust::Digest::sha1; }), "trust_weak_signature", "", "", "",
       ""},
      {"self-signed", with([](Facts& f) { f.chain = ChainState::self_signed; }), "", "trust_self_signed", "", "", ""},
      {"no intermediate", with([](Facts& f) { f.chain = ChainState::missing_intermediate; }), "",
       "trust_missing_intermediate", "", "", ""},
      {"not for servers", with([](Facts& f) { f.server_purpose = false; }), "", "trust_wrong_purpose", "", "", ""},
      {"other name", with([](Facts& f) { f.name_matches = false; }), "", "", "trust_name_mismatch", "", ""},
      {"expired", with([](Facts& f) { f.not_after = kNow - seconds{1}; }), "", "", "", "trust_expired", ""},
      {"of the future", with([](Facts& f) { f.not_before = kNow + seconds{1}; }), "", "", "", "trust_not_yet_valid",
       ""},
      {"revoked", with([](Facts& f) { f.staple = StapleState::revoked; }), "", "", "", "", "trust_revoked"},
      {"must staple", with([](Facts& f) { f.must_staple = true; }), "", "", "", "", "trust_staple_missing"},
      {"stale", with([](Facts& f) { f.staple = StapleState::stale; }), "", "", "", "", "trust_staple_bad"},
      {"everything", with([](Facts& f) {
         f.chain = ChainState::unknown_issuer;
         f.name_matches = false;
         f.not_after = kNow - seconds{1};
         f.staple = StapleState::foreign;
       }),
       "", "trust_unknown_issuer", "trust_name_mismatch", "trust_expired", "trust_staple_bad"},
  };
  trust::host::CertificateReport leaf;
  leaf.ends = kNow + seconds{90 * kDay_s};
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    for (const bool matters : {true, false}) {
      const auto verdict = [&](std::string_view code, bool always = false) {
        const CheckVerdict fault = matters || always ? CheckVerdict::bad : CheckVerdict::warning;
        return Expected{code.empty() ? CheckVerdict::good : fault, code};
      };
      const Judged seen = judged(row.facts, matters);
      expect(check_strength(seen), "strength", verdict(row.strength, true));
      expect(check_chain(seen), "chain", verdict(row.chain));
      expect(check_name(kBroker, seen), "name", verdict(row.name));
      expect(check_dates(seen, leaf, kNow), "dates", verdict(row.dates));
      expect(check_staple(seen), "ocsp", verdict(row.ocsp));
    }
  }
}

TEST(DoctorCertificate, WarnsOfAnEndWithinThirtyDays) {
  trust::host::CertificateReport leaf;
  leaf.ends = kNow + seconds{30 * kDay_s - 1};
  expect(check_dates(judged(sound()), leaf, kNow), "dates", {CheckVerdict::warning, "29 days left"});
  leaf.ends = kNow + seconds{30 * kDay_s};
  expect(check_dates(judged(sound()), leaf, kNow), "dates", {CheckVerdict::good, "30 days left"});
}

TEST(DoctorCertificate, DoesNotJudgeAStapleThatCouldNotCome) {
  Facts facts = sound();
  for (const StapleState state : {StapleState::pending, StapleState::unchecked}) {
    facts.staple = state;
    expect(check_staple(judged(facts)), "ocsp", {CheckVerdict::skipped, ""});
  }
}

OwnTrust pinned(Renewal renewal, std::optional<trust::Pin> second = std::nullopt) {
  OwnTrust own;
  own.policy.mode = Mode::fingerprint;
  own.policy.renewal = renewal;
  own.policy.pins = {trust::Pin{trust::PinKind::certificate_or_key, digest(1)}, second};
  return own;
}
OwnTrust by_ca() {
  OwnTrust own;
  own.policy.mode = Mode::ca;
  return own;
}

TEST(DoctorPolicy, SaysWhatThisDeviceMakesOfTheServer) {
  const auto verdict = [](const OwnTrust& own, const Facts& facts) {
    return check_policy(own, facts, trust::judge(own.policy, own.lineage, facts));
  };
  expect(verdict(pinned(Renewal::same_key), sound()), "policy",
         {CheckVerdict::good, "its certificate is pinned in slot 1"});
  expect(verdict(by_ca(), sound()), "policy", {CheckVerdict::good, "its chain ends in a CA"});

  Facts other = sound();
  other.certificate = digest(7);
  const Check mismatch = verdict(pinned(Renewal::same_key), other);
  expect(mismatch, "policy", {CheckVerdict::bad, "trust_pin_mismatch"});
  EXPECT_NE(mismatch.remedy.find("MqttFingerprint1 07:07:"), std::string::npos);

  Facts expired = sound();
  expired.not_after = kNow - seconds{1};
  expect(verdict(pinned(Renewal::same_key), expired), "policy", {CheckVerdict::warning, "outside its dates"});
  expect(verdict(by_ca(), expired), "policy", {CheckVerdict::bad, "trust_expired"});

  Facts timeless = sound();
  timeless.now.reset();
  expect(verdict(by_ca(), timeless), "policy", {CheckVerdict::bad, "dates cannot be checked without a clock"});

  OwnTrust learning = pinned(Renewal::same_key);
  learning.policy.pins = {};
  learning.policy.learn = trust::Learn::confirm;
  expect(verdict(learning, sound()), "policy", {CheckVerdict::warning, "learning is on"});
}

TEST(DoctorRenewal, ProposesSameCaWhereChainAndNameVerify) {
  const Check check = check_renewal(pinned(Renewal::same_key), sound());
  expect(check, "renewal", {CheckVerdict::warning, "certbot makes a new key each time"});
  EXPECT_NE(check.remedy.find("renewal = \"same-ca\""), std::string::npos);
  expect(check_renewal(pinned(Renewal::same_ca), sound()), "renewal", {CheckVerdict::good, "with any key"});
  expect(check_renewal(by_ca(), sound()), "renewal", {CheckVerdict::good, ""});
}

TEST(DoctorRenewal, NoticesAPinWhoseCaWasNeverRecordedOrIsAnotherOne) {
  OwnTrust own = pinned(Renewal::same_ca);
  trust::SlotRecord record;
  record.declared = own.policy.pins[0].value_or(trust::Pin{});
  record.anchor = digest(9);
  own.lineage.slots[0] = record;
  expect(check_renewal(own, sound()), "renewal", {CheckVerdict::good, "with any key"});
  record.anchor = digest(8);
  own.lineage.slots[0] = record;
  expect(check_renewal(own, sound()), "renewal", {CheckVerdict::warning, "another CA than this pin"});
  record.anchor.reset();
  own.lineage.slots[0] = record;
  expect(check_renewal(own, sound()), "renewal", {CheckVerdict::warning, "another CA than this pin"});
}

TEST(DoctorRenewal, SaysWhatToPrepareWhereTheyDoNot) {
  Facts self_signed = sound();
  self_signed.chain = ChainState::self_signed;
  self_signed.anchor.reset();
  for (const Renewal renewal : {Renewal::same_key, Renewal::manual, Renewal::same_ca}) {
    const Check check = check_renewal(pinned(renewal), self_signed);
    expect(check, "renewal", {CheckVerdict::warning, "will be refused"});
    EXPECT_NE(check.remedy.find("MqttFingerprint2"), std::string::npos);
    EXPECT_NE(check.remedy.find("--reuse-key"), std::string::npos);
  }
  const trust::Pin successor{trust::PinKind::certificate_or_key, digest(5)};
  expect(check_renewal(pinned(Renewal::same_key, successor), self_signed), "renewal",
         {CheckVerdict::good, "a second fingerprint is set"});
}

TEST(DoctorRenewal, TellsAStrangerWhatAPinOrACaWouldDo) {
  expect(check_renewal(std::nullopt, sound()), "renewal", {CheckVerdict::good, "mode = \"ca\" follows every renewal"});
  Facts other = sound();
  other.name_matches = false;
  expect(check_renewal(std::nullopt, other), "renewal", {CheckVerdict::warning, "slot 2"});
}

TEST(DoctorClock, IsBadOnlyWhereThePolicyNeedsIt) {
  const UtcTime floor = kNow - seconds{kDay_s};
  const ClockState known{host::ClockSource::synchronised, kNow, floor, floor};
  const ClockState unknown{host::ClockSource::none, kNow, floor, floor};
  const ClockState before{host::ClockSource::owner, floor - seconds{1}, floor, floor};
  expect(check_clock(known, sound(), true), "clock", {CheckVerdict::good, "synchronised by a time service"});
  expect(check_clock(unknown, sound(), true), "clock", {CheckVerdict::bad, "nothing vouches"});
  expect(check_clock(unknown, sound(), false), "clock", {CheckVerdict::warning, "nothing vouches"});
  expect(check_clock(before, sound(), true), "clock", {CheckVerdict::bad, "it is wrong"});
  expect(check_clock(before, std::nullopt, false), "clock", {CheckVerdict::warning, "it is wrong"});
  const ClockState set_back{host::ClockSource::synchronised, floor - seconds{1}, floor, floor - seconds{kDay_s}};
  const Check check = check_clock(set_back, sound(), true);
  expect(check, "clock", {CheckVerdict::bad, "a certificate of the broker proved that it is later than"});
  EXPECT_NE(check.remedy.find("ClockFloor 0"), std::string::npos) << check.remedy;
  Facts future = sound();
  future.not_before = kNow + seconds{kDay_s};
  expect(check_clock(unknown, future, true), "clock", {CheckVerdict::bad, "not valid at that time"});
}

TEST(DoctorMemory, WarnsWhereLittleIsLeftOfTheLimitOrTheMachine) {
  const MemoryState roomy{9'000, 20, 131'072, 500'000, "by fingerprint"};
  expect(check_memory(roomy), "memory", {CheckVerdict::good, "limit 131072 KB"});
  MemoryState tight = roomy;
  tight.limit_kb = 9'000 + 16 * 1024 - 1;
  expect(check_memory(tight), "memory", {CheckVerdict::warning, "limit"});
  tight = roomy;
  tight.available_kb = 16 * 1024 - 1;
  expect(check_memory(tight), "memory", {CheckVerdict::warning, "free on the machine"});
  tight.limit_kb = 0;
  tight.available_kb = 500'000;
  expect(check_memory(tight), "memory", {CheckVerdict::good, "no limit"});
  tight.limit_kb = 1;  // already beyond it
  expect(check_memory(tight), "memory", {CheckVerdict::warning, "limit 1 KB"});
}

TEST(Doctor, IsAsBadAsItsWorstCheck) {
  const Check good{"a", CheckVerdict::good, "", ""};
  const Check skipped{"b", CheckVerdict::skipped, "", ""};
  const Check warning{"c", CheckVerdict::warning, "", ""};
  const Check bad{"d", CheckVerdict::bad, "", ""};
  EXPECT_EQ(worst({good, skipped}), CheckVerdict::good);
  EXPECT_EQ(worst({warning, good}), CheckVerdict::warning);
  EXPECT_EQ(worst({good, bad, warning}), CheckVerdict::bad);
}

}  // namespace
}  // namespace meterseal::app
