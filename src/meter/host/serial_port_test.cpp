#include "meter/host/serial_port.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/wait.h>

#include <csignal>
#include <fstream>

#include "meter/errors.hpp"
#include "support/fakes.hpp"
#include "support/loop.hpp"
#include "support/port_events.hpp"
#include "support/pty.hpp"

namespace meterseal::meter::host {
namespace {

using test::Pty;

class SerialPortTest : public ::testing::Test {
 protected:
  std::unique_ptr<Port> port_on(const std::string& device, Parity parity = Parity::none) {
    SerialSettings settings;
    settings.device = device;
    settings.baud = 115200;
    settings.parity = parity;
    return make_serial_port(io, system_line_control(), log, settings, events);
  }
  void open(Port& port) {
    port.open();
    ASSERT_TRUE(test::run_until(io, [&] { return events.opened == 1; }));
  }
  Error failure_of(Port& port) {
    port.open();
    EXPECT_TRUE(test::run_until(io, [&] { return !events.failures.empty(); }));
    return events.failures.back();
  }

  boost::asio::io_context io;
  test::CollectingLog log;
  test::RecordingPortEvents events;
};

TEST_F(SerialPortTest, SaysThatADeviceIsMissing) {
  const auto port = port_on("/dev/serial/by-id/usb-nothing");
  const Error error = failure_of(*port);
  EXPECT_EQ(error.code, port_missing);
  EXPECT_EQ(error.where.view(), "/dev/serial/by-id/usb-nothing");
}

TEST_F(SerialPortTest, RefusesAFileThatIsNoTerminal) {
  const test::TemporaryFolder folder;
  const std::string file = folder.path() / "file";
  std::ofstream(file) << "text";
  EXPECT_EQ(failure_of(*port_on(file)).code, port_unusable);
  EXPECT_EQ(failure_of(*port_on("/dev/null")).code, port_unusable);
}

TEST_F(SerialPortTest, NamesTheProgramThatHoldsTheDevice) {
  const Pty pty;
  const int fd = ::open(pty.device().c_str(), O_RDWR | O_NOCTTY);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(::flock(fd, LOCK_EX | LOCK_NB), 0);
  // The child inherits the descriptor and with it the lock.
  char name[] = "sleep";
  char time[] = "60";
  char* arguments[] = {name, time, nullptr};
  pid_t child = 0;
  ASSERT_EQ(::posix_spawnp(&child, name, nullptr, nullptr, arguments, environ), 0);
  ::close(fd);
  const auto port = port_on(pty.device());
  const Error error = failure_of(*port);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(error.code, port_busy);
  EXPECT_EQ(error.detail.view(), "held by sleep (process " + std::to_string(child) + ")");
}

TEST_F(SerialPortTest, IsNotSharedByTwoBusesOfOneProgram) {
  const Pty pty;
  const auto first = port_on(pty.device());
  open(*first);
  const auto second = port_on(pty.device());
  EXPECT_EQ(failure_of(*second).code, port_busy);
}

TEST_F(SerialPortTest, CarriesBytesAsTheyAre) {
  const Pty pty;
  const auto port = port_on(pty.device());
  open(*port);
  const std::vector<std::uint8_t> out{0x01, 0x03, 0x0D, 0x0A, 0x11, 0x13, 0x00, 0xFF};
  port->write(out);
  ASSERT_TRUE(test::run_until(io, [&] { return events.sent == 1; }));
  EXPECT_EQ(pty.read(8), out);
  const std::vector<std::uint8_t> in{0x03, 0x04, 0x0D, 0x0A, 0x7F, 0x11, 0x13, 0xFF};
  pty.write(in);
  port->read();
  ASSERT_TRUE(test::run_until(io, [&] { return events.bytes.size() >= 8; }));
  EXPECT_EQ(events.bytes, in);
}

TEST_F(SerialPortTest, FlushCancelsTheReadAndThrowsAwayWhatHasArrived) {
  const Pty pty;
  const auto port = port_on(pty.device());
  open(*port);
  port->read();
  pty.write({1, 2, 3});
  io.poll();  // perhaps the bytes were read already; they must not be delivered after the flush either
  events.bytes.clear();
  pty.write({4, 5, 6});
  port->flush_input();
  port->read();
  pty.write({7});
  ASSERT_TRUE(test::run_until(io, [&] { return !events.bytes.empty(); }));
  EXPECT_EQ(events.bytes, std::vector<std::uint8_t>{7});
}

TEST_F(SerialPortTest, SaysThatItIsLostWhenItIsUnplugged) {
  Pty pty;
  const auto port = port_on(pty.device());
  open(*port);
  port->read();
  pty.unplug();
  ASSERT_TRUE(test::run_until(io, [&] { return !events.failures.empty(); }));
  EXPECT_EQ(events.failures[0].code, port_lost);
}

TEST_F(SerialPortTest, OpensWhateverTheLinkLeadsToNow) {
  const test::TemporaryFolder folder;
  const std::string link = folder.path() / "usb-adapter";
  auto first = std::make_unique<Pty>();
  std::filesystem::create_symlink(first->device(), link);
  const auto port = port_on(link);
  open(*port);
  first->unplug();
  port->close();
  const Pty second;
  std::filesystem::remove(link);
  std::filesystem::create_symlink(second.device(), link);
  port->open();
  ASSERT_TRUE(test::run_until(io, [&] { return events.opened == 2; }));
  port->write(std::vector<std::uint8_t>{42});
  ASSERT_TRUE(test::run_until(io, [&] { return events.sent == 1; }));
  EXPECT_EQ(second.read(1), std::vector<std::uint8_t>{42});
}

TEST_F(SerialPortTest, WarnsOnceOfWhatTheDeviceDoesNotSupport) {
  const Pty pty;
  const auto port = port_on(pty.device(), Parity::even);
  open(*port);
  port->close();
  port->open();
  ASSERT_TRUE(test::run_until(io, [&] { return events.opened == 2; }));
  EXPECT_EQ(log.lines(), std::vector<std::string>{"warning BUS: " + pty.device() +
                                                  ": the device does not support parity even, low latency"});
}

TEST_F(SerialPortTest, ReportsNothingAfterCloseAndNothingAfterItIsGone) {
  const Pty pty;
  auto port = port_on(pty.device());
  open(*port);
  port->read();
  port->write(std::vector<std::uint8_t>{1});
  pty.write({9});
  port->close();
  io.restart();
  io.poll();
  EXPECT_EQ(events.sent, 0);
  EXPECT_TRUE(events.bytes.empty());
  port->open();
  port.reset();
  io.restart();
  io.poll();
  EXPECT_EQ(events.opened, 1);
  EXPECT_TRUE(events.failures.empty());
}

}  // namespace
}  // namespace meterseal::meter::host
