#include "wifi/host/network_manager.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdlib>
#include <vector>

#include "support/counting_cryptography.hpp"
#include "wifi/errors.hpp"

namespace meterseal::wifi::host {
namespace {

/// Without a bus. With one: tests/e2e/test_access_point.py.
class NetworkManagerTest : public testing::Test {
 protected:
  NetworkManagerTest() { ::setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1); }

  test::CountingCryptography cryptography;
  const Key key = Key::make(cryptography);
  boost::asio::io_context loop;
  std::unique_ptr<AccessPoint> access_point = make_access_point(loop);
};

TEST_F(NetworkManagerTest, TellsOnTheLoopThatThereIsNoBus) {
  std::vector<Code> told;
  access_point->open(key, [&](const Result<Opened>& opened) {
    told.push_back(opened.error().code);
    loop.stop();
  });
  EXPECT_TRUE(told.empty()) << "later, not at once";
  loop.run_for(std::chrono::seconds{60});
  EXPECT_EQ(told, std::vector<Code>{bus_unreachable});
}

TEST_F(NetworkManagerTest, TellsNothingAfterItWasClosed) {
  access_point->open(key, [](const Result<Opened>&) { ADD_FAILURE() << "told"; });
  access_point->close();
  loop.run();
}

TEST_F(NetworkManagerTest, MayBeDestroyedByTheOneWhoIsTold) {
  access_point->open(key, [&](const Result<Opened>&) {
    access_point.reset();
    loop.stop();
  });
  loop.run_for(std::chrono::seconds{60});
  EXPECT_FALSE(access_point);
}

TEST_F(NetworkManagerTest, MayBeDestroyedAtAnyTime) {
  access_point->open(key, [](const Result<Opened>&) { ADD_FAILURE() << "told"; });
  access_point.reset();
  loop.run();
  make_access_point(loop).reset();
}

}  // namespace
}  // namespace meterseal::wifi::host
