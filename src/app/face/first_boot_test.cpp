#include "app/face/first_boot.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <filesystem>
#include <fstream>

#include "support/fakes.hpp"
#include "support/temp_directory.hpp"

namespace meterseal::app {
namespace {

namespace fs = std::filesystem;

class FirstBootTest : public testing::Test {
 protected:
  FirstBoot run(const std::string& state, std::uint16_t port = 0) {
    return run_first_boot(state, {{"127.0.0.1", port}}, SetupRadio::none, clock, calendar, log);
  }

  test::TempDirectory folder;
  test::FakeClock clock;
  test::FixedCalendar calendar;
  test::CollectingLog log;
};

// What stands in it may be somebody else's: a user list, a site, a certificate.
TEST_F(FirstBootTest, ADirectoryThatOthersMayWriteIntoIsRefusedAndLeftAsItIs) {
  for (const unsigned mode : {0777U, 01777U, 0770U}) {
    const std::string state = folder.file("state" + std::to_string(mode));
    fs::create_directory(state);
    fs::permissions(state, static_cast<fs::perms>(mode));
    EXPECT_EQ(run(state), FirstBoot::failed);
    EXPECT_EQ(fs::status(state).permissions(), static_cast<fs::perms>(mode));
    EXPECT_TRUE(log.contains(state)) << mode;
  }
  EXPECT_TRUE(log.contains("outbox_state_unusable"));
  EXPECT_TRUE(log.contains("other users may write into this directory"));
  EXPECT_TRUE(log.contains("chmod 700 it"));
}

TEST_F(FirstBootTest, ADirectoryThatCannotBeMadeSaysWhy) {
  std::ofstream(folder.file("file")) << "x";
  EXPECT_EQ(run(folder.file("file") + "/state"), FirstBoot::failed);
  EXPECT_TRUE(log.contains("Not a directory"));
}

TEST_F(FirstBootTest, APortThatIsTakenNamesTheOptionThatChoosesIt) {
  boost::asio::io_context loop;
  const boost::asio::ip::tcp::acceptor taken(
      loop, boost::asio::ip::tcp::endpoint(boost::asio::ip::make_address("127.0.0.1"), 0));
  EXPECT_EQ(run(folder.file("above/state/"), taken.local_endpoint().port()), FirstBoot::failed);
  EXPECT_EQ(fs::status(folder.file("above/state")).permissions(), fs::perms::owner_all);
  EXPECT_TRUE(log.contains("web_listen_failed"));
  EXPECT_TRUE(log.contains("--setup-listen"));
  EXPECT_FALSE(log.contains("web.listen"));
}

}  // namespace
}  // namespace meterseal::app
