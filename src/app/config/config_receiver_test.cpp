#include "app/config/config_receiver.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "support/temp_directory.hpp"

namespace meterseal::app {
namespace {

std::string hint(ReceiverJob job, const std::string& text) {
  const test::TempDirectory folder;
  const std::string file = folder.file("receiver.toml");
  std::ofstream(file) << text;
  const auto loaded = load_receiver_config(file, job, "");
  return loaded ? "no fault" : std::string(loaded.error().front().remedy());
}

TEST(ConfigReceiver, AFaultPointsToTheDocumentOfItsKeys) {
  const std::string mqtt = "[mqtt]\nhosts = [\"broker.lan\"]\n[mqtt.tls]\nmode = \"ca\"\n";
  EXPECT_NE(hint(ReceiverJob::collect, mqtt + "[collect]\ndatabase = \"x\"\nshared = \"y\"\n").find("docs/collect.md"),
            std::string::npos);
  EXPECT_NE(hint(ReceiverJob::collect, mqtt).find("docs/collect.md"), std::string::npos);
  EXPECT_NE(hint(ReceiverJob::collect, mqtt + "[collect]\ndatabase = 7\n").find("docs/collect.md"), std::string::npos);
  EXPECT_EQ(hint(ReceiverJob::tail, mqtt + "[tail]\n").find("docs/collect.md"), std::string::npos)
      << "tail reads a device's own file";
}

}  // namespace
}  // namespace meterseal::app
