#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "app/config/config.hpp"
#include "app/errors.hpp"
#include "support/test_site.hpp"

namespace meterseal::app {
namespace {

using test::changed;
using test::kSite;
namespace fs = std::filesystem;

/// A folder of its own for each test, with the small site and whatever the test puts beside it.
class ConfigFiles : public testing::Test {
 protected:
  ConfigFiles() {
    std::string name = (fs::temp_directory_path() / "meterseal-config.XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    fs::create_directory(folder_ / "anchors");
    write("meterseal.toml", site("user = \"emon\"\npassword_file = \"mqtt.password\"\n"));
    write("mqtt.password", "secret\n");
    protect("mqtt.password", 0600);
  }
  ~ConfigFiles() override { fs::remove_all(folder_); }

  /// The site with lines before [mqtt.tls], so that those stand in line 5 and on.
  [[nodiscard]] static std::string site(const std::string& mqtt_lines,
                                        const std::string& tls = "ca_path = \"anchors\"\n") {
    return changed(kSite, "[mqtt.tls]\n", mqtt_lines + "[mqtt.tls]\n" + tls);
  }
  void write(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ / name, std::ios::binary) << content;
  }
  void protect(const std::string& name, mode_t mode) const { ASSERT_EQ(::chmod(path(name).c_str(), mode), 0); }
  [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }
  [[nodiscard]] ConfigResult load(const std::string& credentials = {}) const {
    return load_config(path("meterseal.toml"), test::kProfiles, credentials);
  }
  void expect_fault(const Code& code, int line, const std::string& detail, const std::string& credentials = {}) const {
    const auto config = load(credentials);
    ASSERT_FALSE(config) << detail;
    ASSERT_EQ(config.error().size(), 1U) << config.error()[1].detail.view();
    EXPECT_EQ(config.error()[0].code.name, code.name);
    EXPECT_TRUE(config.error()[0].where.view().ends_with("meterseal.toml:" + std::to_string(line)))
        << config.error()[0].where.view();
    EXPECT_EQ(config.error()[0].detail.view(), detail);
  }
  /// As the message shows a path: quoted, cut at 80 bytes.
  [[nodiscard]] std::string shown(const std::string& name) const {
    const std::string whole = path(name);
    return "\"" + whole.substr(0, 80) + (whole.size() > 80 ? "...\"" : "\"");
  }

  fs::path folder_;
};

TEST_F(ConfigFiles, RefusesAConfigurationThatIsNotThere) {
  const auto missing = load_config(path("other.toml"), test::kProfiles, "");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error()[0].code, config_unreadable);
  EXPECT_EQ(missing.error()[0].where.view(), path("other.toml"));
  EXPECT_EQ(missing.error()[0].detail.view(), "cannot be opened: No such file or directory");
  EXPECT_EQ(load_config(path("anchors"), test::kProfiles, "").error()[0].detail.view(), "is a folder");
  write("meterseal.toml", std::string((1 << 20) + 1, '#'));
  EXPECT_EQ(load().error()[0].detail.view(), "is larger than 1048576 bytes");
}

TEST_F(ConfigFiles, WarnsOfAConfigurationThatEverybodyCanChange) {
  protect("meterseal.toml", 0646);
  const auto config = load();
  ASSERT_TRUE(config);
  ASSERT_EQ(config->warnings.size(), 1U);
  EXPECT_EQ(config->warnings[0], path("meterseal.toml") + ": can be changed by every user of this machine");
  protect("meterseal.toml", 0644);
  EXPECT_TRUE(load()->warnings.empty());
}

TEST_F(ConfigFiles, RefusesAPasswordThatOthersCanRead) {
  for (const unsigned mode : {0640U, 0604U, 0660U, 0620U, 0601U, 0644U}) {
    protect("mqtt.password", mode);
    expect_fault(password_exposed, 6,
                 "mqtt.password_file: " + shown("mqtt.password") + " can be read by other users of this machine");
  }
}

TEST_F(ConfigFiles, RefusesAPasswordOfAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  ASSERT_EQ(::chown(path("mqtt.password").c_str(), 12'345, 12'345), 0);
  expect_fault(password_exposed, 6, "mqtt.password_file: " + shown("mqtt.password") + " belongs to another user");
}

TEST_F(ConfigFiles, RefusesAPasswordThatIsNone) {
  const std::string name = "mqtt.password_file: " + shown("mqtt.password");
  fs::remove(folder_ / "mqtt.password");
  expect_fault(password_unreadable, 6, name + " cannot be opened: No such file or directory");
  for (const auto* content : {"", "\n", "\r\n", "\nsecret\n"}) {
    write("mqtt.password", content);
    protect("mqtt.password", 0600);
    expect_fault(password_unreadable, 6, name + " has an empty first line");
  }
  write("mqtt.password", std::string(4097, 'x'));
  expect_fault(password_unreadable, 6, name + " is larger than 4096 bytes");
  fs::remove(folder_ / "mqtt.password");
  fs::create_directory(folder_ / "mqtt.password");
  expect_fault(password_unreadable, 6, name + " is not a file");
}

TEST_F(ConfigFiles, DoesNotWaitForAPipe) {
  fs::remove(folder_ / "mqtt.password");
  ASSERT_EQ(::mkfifo(path("mqtt.password").c_str(), 0600), 0);
  expect_fault(password_unreadable, 6, "mqtt.password_file: " + shown("mqtt.password") + " is not a file");
}

TEST_F(ConfigFiles, TakesTheFirstLineAndNothingElse) {
  const std::pair<const char*, const char*> rows[] = {{"secret", "secret"},
                                                      {"secret\n", "secret"},
                                                      {"secret\r\n", "secret"},
                                                      {"two words \nsecond line\n", "two words "},
                                                      {"\xFF\x01", "\xFF\x01"}};
  for (const auto& [content, password] : rows) {
    write("mqtt.password", content);
    const auto config = load();
    ASSERT_TRUE(config) << config.error()[0].detail.view();
    EXPECT_EQ(config->mqtt.password, password);
  }
}

TEST_F(ConfigFiles, AUserNeedsAPassword) {
  write("meterseal.toml", site("user = \"emon\"\n"));
  expect_fault(config_missing_key, 5, "mqtt.user: is given, but no password_file");
  expect_fault(config_missing_key, 5, "mqtt.user: is given, but no password_file", path("anchors"));
}

TEST_F(ConfigFiles, TakesThePasswordFromSystemd) {
  write("meterseal.toml", site("user = \"emon\"\n"));
  fs::create_directory(folder_ / "credentials");
  write("credentials/mqtt.password", "from systemd\n");
  // An access list for the service's user shows in the group bits.
  protect("credentials/mqtt.password", 0440);
  const auto config = load(path("credentials"));
  ASSERT_TRUE(config) << config.error()[0].detail.view();
  EXPECT_EQ(config->mqtt.password, "from systemd");
  protect("credentials/mqtt.password", 0444);
  EXPECT_EQ(load(path("credentials")).error()[0].code, password_exposed);
}

TEST_F(ConfigFiles, TakesTheEmptyLineOfTheUnitForNoPassword) {
  write("meterseal.toml", site("user = \"emon\"\n"));
  fs::create_directory(folder_ / "credentials");
  write("credentials/mqtt.password", "\n");
  protect("credentials/mqtt.password", 0440);
  EXPECT_EQ(load(path("credentials")).error()[0].code, config_missing_key);
  EXPECT_NE(load(path("credentials")).error()[0].remedy().find("/etc/meterseal/mqtt.password"), std::string_view::npos);
}

TEST_F(ConfigFiles, ANamedFileComesBeforeSystemds) {
  fs::create_directory(folder_ / "credentials");
  write("credentials/mqtt.password", "from systemd\n");
  EXPECT_EQ(load(path("credentials"))->mqtt.password, "secret");
}

TEST_F(ConfigFiles, ReadsNoPasswordWithoutAUser) {
  write("meterseal.toml", site(""));
  fs::create_directory(folder_ / "credentials");
  write("credentials/mqtt.password", "from systemd\n");
  EXPECT_EQ(load(path("credentials"))->mqtt.password, "");
}

TEST_F(ConfigFiles, RefusesAuthoritiesThatAreNotThere) {
  write("meterseal.toml", site("", "ca_file = \"ca.pem\"\n"));
  expect_fault(anchor_unreadable, 6,
               "mqtt.tls.ca_file: " + shown("ca.pem") + " cannot be opened: No such file or directory");
  write("meterseal.toml", site("", "ca_path = \"ca\"\n"));
  expect_fault(anchor_unreadable, 6,
               "mqtt.tls.ca_path: " + shown("ca") + " cannot be opened: No such file or directory");
  write("meterseal.toml", site("", "ca_file = \"anchors\"\n"));
  expect_fault(anchor_unreadable, 6, "mqtt.tls.ca_file: " + shown("anchors") + " is not a file");
  write("meterseal.toml", site("", "ca_path = \"mqtt.password\"\n"));
  expect_fault(anchor_unreadable, 6, "mqtt.tls.ca_path: " + shown("mqtt.password") + " is not a folder");
}

TEST_F(ConfigFiles, DoesNotLookAtAuthoritiesThatTheModeDoesNotUse) {
  const std::string tls = "ca_file = \"nowhere.pem\"\nfingerprint = [\"" + test::kPin + "\"]\n";
  write("meterseal.toml", changed(site("", tls), "mode = \"ca\"", "mode = \"fingerprint\""));
  EXPECT_TRUE(load());
}

TEST_F(ConfigFiles, RefusesAnIdentityThatIsNotThereOrWhoseKeyOthersCanRead) {
  write("client.pem", "certificate\n");
  write("client.key", "key\n");
  protect("client.key", 0640);
  write("meterseal.toml",
        site("", "ca_path = \"anchors\"\nclient_cert = \"client.pem\"\nclient_key = \"client.key\"\n"));
  expect_fault(password_exposed, 8,
               "mqtt.tls.client_key: " + shown("client.key") + " can be read by other users of this machine");
  protect("client.key", 0600);
  EXPECT_TRUE(load());
  fs::remove(folder_ / "client.pem");
  expect_fault(identity_unreadable, 7,
               "mqtt.tls.client_cert: " + shown("client.pem") + " cannot be opened: No such file or directory");
}

TEST_F(ConfigFiles, ReadsTheDevicesKeyOrSaysWhatItShouldBe) {
  write("meterseal.toml", site("preset = \"azure-iot-hub\"\nclient_id = \"m\"\nsas_key_file = \"device.key\"\n"));
  write("device.key", "MDEyMzQ1Njc4OWFiY2RlZg==\n");
  protect("device.key", 0600);
  const auto config = load();
  ASSERT_TRUE(config) << config.error()[0].detail.view();
  EXPECT_EQ(config->mqtt.sas_key, "0123456789abcdef");
  for (const char* wrong :
       {"", "c2hvcnQ=", "MDEyMzQ1Njc4OWFiY2RlZg=", "MDEyMzQ1Njc4OWFiY2RlZ*==", "=MDEyMzQ1Njc4OWFiY2RlZg"}) {
    write("device.key", wrong);
    expect_fault(password_unreadable, 7,
                 "mqtt.sas_key_file: " + shown("device.key") + " holds no device key (base64 of 16 to 64 bytes)");
  }
}

TEST_F(ConfigFiles, RefusesARevocationListThatIsNotThere) {
  write("meterseal.toml", site("", "ca_path = \"anchors\"\ncrl_file = \"list.pem\"\n"));
  expect_fault(identity_unreadable, 7,
               "mqtt.tls.crl_file: " + shown("list.pem") + " cannot be opened: No such file or directory");
}

TEST_F(ConfigFiles, ShowsFaultsOfTextAndFilesTogether) {
  write("meterseal.toml",
        changed(site("user = \"emon\"\npassword_file = \"nowhere\"\n"), "address = 1", "address = 0"));
  const auto config = load();
  ASSERT_FALSE(config);
  ASSERT_EQ(config.error().size(), 2U);
  EXPECT_EQ(config.error()[0].code, password_unreadable);
  EXPECT_EQ(config.error()[1].code, config_bad_value);
}

}  // namespace
}  // namespace meterseal::app
