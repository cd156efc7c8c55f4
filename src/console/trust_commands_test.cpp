#include <gtest/gtest.h>

#include "console/console.hpp"
#include "console/trust_control.hpp"
#include "support/fake_device.hpp"
#include "trust/continuity.hpp"

namespace meterseal::console {
namespace {

using trust::Learn;
using trust::Mode;

const std::string kFirst =
    "AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99";
const std::string kNoCa =
    "no CA is known: upload one on the page under Configure TLS, or name one with mqtt.tls.ca_file in the "
    "configuration file";
const std::string kSecond = "1" + kFirst.substr(1);

class FakeTrust : public TrustControl {
 public:
  FakeTrust() {
    now.broker = "broker.example.com:8883";
    now.anchors = "/etc/ssl/certs";
  }
  [[nodiscard]] TrustState state() const override { return now; }
  [[nodiscard]] Result<Authorities> authorities() const override {
    return Authorities{140, {{"CN = Test CA", "AA:BB", "2030-01-01T00:00:00Z"}}};
  }
  Result<void> change(const trust::Policy& policy) override {
    now.policy = policy;
    ++changes;
    return {};
  }
  Result<void> confirm(const trust::Sha256& shown) override {
    auto confirmed = trust::confirm_learned(now.lineage, shown);
    if (!confirmed) return tl::unexpected(confirmed.error());
    now.lineage = *confirmed;
    return {};
  }

  TrustState now;
  int changes = 0;
};

class FakeDevice : public test::FakeDevice {
 public:
  [[nodiscard]] TrustControl* trust() override { return is_plaintext ? nullptr : &control; }

  FakeTrust control;
  bool is_plaintext = false;
};

class TrustCommands : public testing::Test {
 protected:
  std::string run(const std::string& line, Caller caller = {}) {
    const Replies replies = console.run(line, caller);
    return replies.size() == 1 ? replies[0].json : "";
  }
  [[nodiscard]] std::string reason(const std::string& line, Caller caller = {}) {
    const std::string reply = run(line, caller);
    const std::size_t at = reply.find("\"Reason\":\"");
    return at == std::string::npos ? "no refusal: " + reply : reply.substr(at + 10, reply.size() - at - 12);
  }
  void set_pin(std::size_t slot, const std::string& text) {
    device.control.now.policy.pins.at(slot) = trust::parse_pin(text).value();
  }
  trust::Policy& policy() { return device.control.now.policy; }

  FakeDevice device;
  Console console{device, RemoteCommands::all};
};

TEST_F(TrustCommands, AFingerprintIsSetAskedForAndCleared) {
  policy().mode = Mode::fingerprint;
  EXPECT_EQ(run("MqttFingerprint1 " + kFirst), R"({"MqttFingerprint1":")" + kFirst + "\"}");
  EXPECT_EQ(run("mqttfingerprint2 " + kSecond), R"({"MqttFingerprint2":")" + kSecond + "\"}");
  EXPECT_EQ(run("MqttFingerprint"), R"({"MqttFingerprint1":")" + kFirst + "\"}") << "the first where none is named";
  EXPECT_EQ(run("MqttFingerprint1 0"), R"({"MqttFingerprint1":""})") << "the other slot is still set";
  EXPECT_TRUE(policy().pins[1]);
  EXPECT_NE(run("MqttFingerprint2 0").find("nothing is sent until there is one"), std::string::npos);
}

TEST_F(TrustCommands, WhatIsNoFingerprintChangesNothing) {
  policy().mode = Mode::fingerprint;
  set_pin(0, kFirst);
  const std::string wrongs[] = {"AA:BB", "any", "1", "00:00", kFirst + ":00", "sha256//AAAA"};
  for (const std::string& wrong : wrongs) {
    EXPECT_EQ(run("MqttFingerprint1 " + wrong).find("{\"Command\":\"Error\""), 0U) << wrong;
  }
  EXPECT_EQ(run("MqttFingerprint3 " + kFirst).find("{\"Command\":\"Error\""), 0U);
  EXPECT_EQ(device.control.changes, 0);
}

TEST_F(TrustCommands, AFingerprintThatTheModeDoesNotLookAtIsSaidSo) {
  policy().mode = Mode::ca;
  EXPECT_NE(run("MqttFingerprint1 " + kFirst).find("is not looked at in mode ca"), std::string::npos);
}

TEST_F(TrustCommands, TasmotasTwentyBytesAreTakenWithAWarning) {
  policy().mode = Mode::fingerprint;
  EXPECT_NE(run("MqttFingerprint1 9E 73 95 4B E0 BC 25 F5 F3 F1 BA 4F B8 AC 81 5A 71 FC 36 CB").find("SHA-1 are weak"),
            std::string::npos);
}

TEST_F(TrustCommands, WhatTheFileDeclaresIsFixed) {
  policy().mode = Mode::fingerprint;
  set_pin(0, kFirst);
  device.control.now.fixed = {true, true, true, true};
  EXPECT_EQ(reason("MqttFingerprint1 " + kSecond),
            "the configuration file says mqtt.tls.fingerprint: change it there and reload it (Restart 1 or SIGHUP)");
  EXPECT_EQ(reason("SetOption132 0"),
            "the configuration file says mqtt.tls.mode: change it there and reload it (Restart 1 or SIGHUP)");
  EXPECT_EQ(reason("TlsRenewal manual"),
            "the configuration file says mqtt.tls.renewal: change it there and reload it (Restart 1 or SIGHUP)");
  EXPECT_EQ(run("TlsMode"), R"({"TlsMode":"fingerprint"})");
  EXPECT_EQ(device.control.changes, 0);
}

TEST_F(TrustCommands, SwitchingToFingerprintsLearnsWhereThereIsNone) {
  policy().mode = Mode::ca;
  EXPECT_NE(run("SetOption132 1").find("nothing is sent before TlsConfirm"), std::string::npos);
  EXPECT_EQ(policy().mode, Mode::fingerprint);
  EXPECT_EQ(policy().learn, Learn::confirm);
  EXPECT_EQ(run("SetOption132 0"), R"({"SetOption132":"OFF"})");
  EXPECT_EQ(policy().learn, Learn::off);
  set_pin(0, kFirst);
  EXPECT_NE(run("SetOption132 1").find("nothing is learned"), std::string::npos);
  EXPECT_EQ(policy().learn, Learn::off) << "learning never stands beside a fingerprint";
}

TEST_F(TrustCommands, AModeWithoutAFingerprintSaysWhatHappensNext) {
  policy().mode = Mode::ca;
  EXPECT_EQ(run("TlsMode fingerprint"),
            R"({"TlsMode":"fingerprint","Note":"no fingerprint is set: that of the next connection is noted, and )"
            R"(nothing is sent before TlsConfirm"})");
  EXPECT_EQ(run("TlsMode"), run("TlsMode fingerprint")) << "asked later it says the same";
  EXPECT_NE(run("SetOption132").find("nothing is sent before TlsConfirm"), std::string::npos);
  set_pin(0, kFirst);
  EXPECT_EQ(run("TlsMode fingerprint"), R"({"TlsMode":"fingerprint"})");
  EXPECT_NE(run("TlsMode ca").find("the fingerprint is not looked at in mode ca"), std::string::npos);
}

TEST_F(TrustCommands, WhatIsWrongWithAFingerprintIsSaidOfTheFingerprint) {
  EXPECT_EQ(reason("MqttFingerprint1 AA:BB"),
            "the fingerprint is too short: 2 bytes where 32 are needed; meterseal tls fingerprint HOST shows it");
  EXPECT_TRUE(reason("TlsConfirm any").starts_with("the fingerprint holds 'n'"));
  EXPECT_EQ(Console(device, RemoteCommands::all)
                .run("MqttFingerprint1 AA:BB")[0]
                .json.find(R"({"Command":"Error","Input":"MQTTFINGERPRINT1 AA:BB")"),
            0U)
      << "which slot was meant";
}

TEST_F(TrustCommands, ACaThatIsNotKnownIsNoMode) {
  policy().mode = Mode::fingerprint;
  device.control.now.anchors.clear();
  EXPECT_EQ(reason("SetOption132 0"), kNoCa);
  EXPECT_EQ(reason("TlsMode ca"), kNoCa);
  EXPECT_EQ(policy().mode, Mode::fingerprint);
}

TEST_F(TrustCommands, BothModesNeedAFingerprintAndKeepIt) {
  policy().mode = Mode::ca;
  EXPECT_EQ(reason("TlsMode ca+fingerprint"), "no fingerprint is set: set one with MqttFingerprint1 first");
  set_pin(0, kFirst);
  EXPECT_EQ(run("TlsMode CA+Fingerprint"), R"({"TlsMode":"ca+fingerprint"})");
  EXPECT_EQ(reason("MqttFingerprint1 0"),
            "mode ca+fingerprint needs a fingerprint: set TlsMode ca first, or another fingerprint");
  EXPECT_EQ(reason("TlsRenewal same-ca"),
            "same-ca would make the fingerprint of mode ca+fingerprint meaningless: same-key or manual");
}

TEST_F(TrustCommands, PlaintextIsNoOption) {
  EXPECT_EQ(run("SetOption103"), R"({"SetOption103":"ON"})");
  EXPECT_EQ(run("SetOption103 1"), R"({"SetOption103":"ON"})");
  EXPECT_EQ(reason("SetOption103 0"),
            "plaintext needs mode = \\\"off\\\" and allow_plaintext = true in the configuration file");
  device.is_plaintext = true;
  EXPECT_EQ(reason("SetOption103"), "no broker is named yet: MqttHost names it");
  EXPECT_EQ(reason("TlsStatus"), "no broker is named yet: MqttHost names it");
  device.settings[Setting::mqtt_host].value = "broker.lan";
  EXPECT_EQ(run("SetOption103"), R"({"SetOption103":"OFF"})");
  EXPECT_EQ(
      reason("MqttFingerprint1 " + kFirst),
      "the broker is reached without TLS, so that nobody proves who it is: mqtt.tls.mode in the configuration file "
      "switches TLS on");
  EXPECT_EQ(reason("SetOption4 1"), "SetOption takes the index 19, 103, 128 or 132");
}

TEST_F(TrustCommands, ConfirmingRepeatsTheLearnedValue) {
  EXPECT_NE(run("TlsConfirm").find("nothing was learned"), std::string::npos);
  trust::Learned learned;
  learned.certificate = trust::parse_pin(kFirst).value().digest;
  device.control.now.lineage.learned = learned;
  EXPECT_NE(run("TlsConfirm").find("unconfirmed"), std::string::npos);
  EXPECT_EQ(run("TlsConfirm " + kSecond).find("{\"Command\":\"Error\""), 0U);
  EXPECT_NE(run("TlsConfirm").find("unconfirmed"), std::string::npos);
  EXPECT_NE(run("TlsConfirm " + kFirst).find("\"State\":\"confirmed\""), std::string::npos);
}

TEST_F(TrustCommands, MqttNeverConfirmsClearsOrChangesTheMode) {
  const Caller mqtt{Source::mqtt, Rights::change};
  policy().mode = Mode::fingerprint;
  set_pin(0, kFirst);
  const std::string lines[] = {"MqttFingerprint1 0", "TlsConfirm " + kFirst, "TlsMode ca", "SetOption132 0",
                               "SetOption103 0"};
  for (const std::string& line : lines) {
    EXPECT_TRUE(reason(line, mqtt).starts_with("not allowed by MQTT, whatever remote_commands says")) << line;
  }
  EXPECT_EQ(run("MqttFingerprint2 " + kSecond, mqtt), R"({"MqttFingerprint2":")" + kSecond + "\"}")
      << "remote_commands = all";
  Console safe(device, RemoteCommands::safe);
  EXPECT_NE(safe.run("MqttFingerprint2 " + kSecond, mqtt)[0].json.find("not allowed by MQTT"), std::string::npos);
  EXPECT_NE(run("TlsStatus", mqtt).find(kFirst), std::string::npos);
}

}  // namespace
}  // namespace meterseal::console
