// A key in a token, with SoftHSM as the token: the handshake is signed there.

#include "trust/host/token_key.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>

#include "support/tls_site.hpp"

namespace meterseal::trust::host {
namespace {

using test::connect;
using Progress = TlsClient::Progress;

TEST(TokenAddress, IsReadOrRefused) {
  const auto address = parse_token_address("pkcs11:token=my%20agent;object=mqtt;id=%01%ff;type=private");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->token, "my agent");
  EXPECT_EQ(address->object, "mqtt");
  EXPECT_EQ(address->id, "\x01\xff");
  for (const char* bad : {"", "token=agent", "pkcs11:token", "pkcs11:color=red", "pkcs11:token=%4", "pkcs11:token=%zz",
                          "pkcs11:type=cert"}) {
    EXPECT_FALSE(parse_token_address(bad)) << bad;
  }
}

std::string softhsm() {
  for (const char* path : {"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
                           "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so"}) {
    if (std::filesystem::exists(path)) return path;
  }
  return {};
}

int run(std::vector<std::string> arguments) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    if (std::freopen("/dev/null", "w", stdout) != nullptr) ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class TokenKeyTest : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    if (softhsm().empty()) GTEST_SKIP() << "SoftHSM is not installed";
    std::filesystem::create_directory(site.folder.file("tokens"));
    test::write_file(site.folder.file("softhsm.conf"), "directories.tokendir = " + site.folder.file("tokens") +
                                                           "\nobjectstore.backend = file\nlog.level = ERROR\n");
    ::setenv("SOFTHSM2_CONF", site.folder.file("softhsm.conf").c_str(), 1);
    test::Request request = test::leaf_request(device_ca, "");
    request.key_kind = GetParam() == 0 ? test::KeyKind::p256 : test::KeyKind::rsa2048;
    request.extensions[2].value = "clientAuth";
    device = test::issue(request);
    test::write_file(site.folder.file("device.pem"), device.pem());
    test::write_file(site.folder.file("device.key"), device.key_pem());
    test::write_file(site.folder.file("pin"), "4321\n");
    ASSERT_EQ(run({"softhsm2-util", "--init-token", "--free", "--label", "agent", "--pin", "4321", "--so-pin", "8765"}),
              0);
    ASSERT_EQ(run({"softhsm2-util", "--import", site.folder.file("device.key"), "--token", "agent", "--label", "mqtt",
                   "--id", "01", "--pin", "4321"}),
              0);
    site.server.client_ca = &device_ca;
    site.settings.client_cert = site.folder.file("device.pem");
    site.settings.pkcs11 = "pkcs11:token=agent;object=mqtt";
    site.settings.pkcs11_module = softhsm();
    site.settings.pkcs11_pin_file = site.folder.file("pin");
  }
  [[nodiscard]] std::string refusal() const {
    const auto made = TlsContext::make(site.settings);
    return made ? "made" : std::string(made.error().code.name) + ": " + std::string(made.error().detail.view());
  }

  test::TlsSite site;
  test::Issued device_ca = test::issue(test::root_request("Device CA"));
  test::Issued device;
};
INSTANTIATE_TEST_SUITE_P(Keys, TokenKeyTest, testing::Values(0, 1));

TEST_P(TokenKeyTest, SignsTheHandshakeInBothVersions) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    site.server.max_version = version;
    test::TlsServerPeer server(site.server);
    const auto context = site.context();
    ASSERT_TRUE(context);
    EXPECT_TRUE(context->may_block());
    const auto client = connect(*context);
    test::ServerSide side(server);
    const auto talk = test::talk(*client, side);
    ASSERT_EQ(talk.progress, Progress::done) << test::detail_of(*client);
    EXPECT_TRUE(talk.server_finished) << "the broker has taken the certificate";
    EXPECT_EQ(X509_cmp(SSL_get0_peer_certificate(side.ssl()), device.certificate.get()), 0);
  }
}

TEST_P(TokenKeyTest, OutlivesItsContextInAConnection) {
  test::TlsServerPeer server(site.server);
  auto context = site.context();
  const auto client = connect(*context);
  context.reset();
  test::ServerSide side(server);
  EXPECT_EQ(test::talk(*client, side).progress, Progress::done);
}

TEST_P(TokenKeyTest, NamesWhatIsWrong) {
  test::write_file(site.settings.pkcs11_pin_file, "1111\n");
  EXPECT_EQ(refusal().substr(0, 50), "trust_token_unusable: the token refuses the PIN: P");
  test::write_file(site.settings.pkcs11_pin_file, "4321\n", 0644);
  EXPECT_EQ(refusal(), "trust_client_key_exposed: is open to other users");
  test::write_file(site.settings.pkcs11_pin_file, "4321\n");
  EXPECT_EQ(refusal(), "made");
  site.settings.pkcs11 = "pkcs11:token=agent;object=other";
  EXPECT_EQ(refusal(), "trust_token_unusable: the token has no such private key: other");
  site.settings.pkcs11 = "pkcs11:token=other;object=mqtt";
  EXPECT_EQ(refusal(), "trust_token_unusable: has no such token: other");
  site.settings.pkcs11 = "mqtt";
  EXPECT_EQ(refusal().substr(0, 34), "trust_token_unusable: is no addres");
  site.settings.pkcs11 = "pkcs11:token=agent;object=mqtt";
  test::write_file(site.settings.client_cert, site.leaf.pem());
  EXPECT_EQ(refusal().substr(0, 25), "trust_client_key_mismatch");
  site.settings.pkcs11_module = site.folder.file("missing.so");
  EXPECT_EQ(refusal().substr(0, 38), "trust_token_unusable: cannot be loaded");
}

}  // namespace
}  // namespace meterseal::trust::host
