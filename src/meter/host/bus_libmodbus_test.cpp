// The whole bus against meters that we did not write: libmodbus as RTU server behind a pseudo-terminal, as Modbus TCP
// server, and as RTU server behind a TCP connection. The faults of the line are put in between by the test.

#include <gtest/gtest.h>
#include <modbus/modbus.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <stdexcept>
#include <thread>

#include "meter/host/bus_driver.hpp"
#include "support/bus_recorder.hpp"
#include "support/bus_world.hpp"
#include "support/fakes.hpp"
#include "support/loop.hpp"
#include "support/pty.hpp"

namespace meterseal::meter::host {
namespace {

using test::Pty;

constexpr ReadBlock kSerialNumber{Function::read_holding, 0x0010, 2};
constexpr ReadBlock kCore{Function::read_input, 0x0000, 80};
constexpr ReadBlock kTwin{Function::read_input, 0x0064, 80};  // looks like kCore
constexpr ReadBlock kTotals{Function::read_input, 0x0156, 4};
constexpr ReadBlock kLongest{Function::read_input, 0x0100, 125};
constexpr int kRegisters = 1000;

/// A libmodbus server on a thread of its own; each register holds its own address.
class Server {
 public:
  using BeforeReply = std::function<void(int nth)>;

  /// @param before_reply  on the server's thread
  Server(
      modbus_t* context, BeforeReply before_reply = [](int) {})
      : context_(context),
        registers_(modbus_mapping_new(0, 0, kRegisters, kRegisters)),
        before_reply_(std::move(before_reply)) {
    for (int i = 0; i < kRegisters; ++i) {
      registers_->tab_registers[i] = static_cast<std::uint16_t>(i);
      registers_->tab_input_registers[i] = static_cast<std::uint16_t>(i);
    }
    modbus_set_slave(context_, 1);
    modbus_set_indication_timeout(context_, 0, 20'000);  // looks at stopped_ so often
    thread_ = std::thread([this] { serve(); });
  }
  ~Server() {
    stopped_ = true;
    thread_.join();
    modbus_mapping_free(registers_);
    modbus_free(context_);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

 private:
  void serve() {
    int n = 0;
    std::uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    while (!stopped_) {
      const int length = modbus_receive(context_, query);
      if (length > 0) {
        before_reply_(++n);
        modbus_reply(context_, query, length, registers_);
      } else if (length < 0 && errno != ETIMEDOUT) {
        std::this_thread::yield();  // nobody has opened the slave yet, or nobody has it any more
      }
    }
  }

  modbus_t* context_;
  modbus_mapping_t* registers_;
  BeforeReply before_reply_;
  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

modbus_t* rtu_on(int fd) {
  modbus_t* context = modbus_new_rtu("unused", 115200, 'N', 8, 1);
  modbus_set_socket(context, fd);
  return context;
}

class LibmodbusTest : public ::testing::Test {
 protected:
  static BusMeter meter_with(std::vector<ReadBlock> blocks) {
    BusMeter meter;
    meter.name = "main";
    meter.plan.identity = {kSerialNumber};
    meter.plan.blocks = std::move(blocks);
    meter.plan.poll_interval = milliseconds(0);
    meter.plan.response_timeout = milliseconds(250);
    return meter;
  }
  void start(std::variant<SerialSettings, TcpSettings> port, BusMeter meter) {
    blocks = meter.plan.blocks;
    BusSettings settings{"bus1", std::move(port), {std::move(meter)}};
    driver = BusDriver::make(io, clock, log, std::move(settings), seen).value();
    driver->start();
  }
  static SerialSettings serial(const std::string& device) {
    SerialSettings settings;
    settings.device = device;
    settings.baud = 921600;
    return settings;
  }
  bool wait_for(const std::function<bool()>& what) { return test::run_until(io, what, std::chrono::seconds(20)); }
  bool wait_for_blocks(std::size_t n) {
    return wait_for([this, n] { return seen.blocks.size() >= n; });
  }
  void expect_only_true_words() {
    for (const auto& block : seen.blocks) EXPECT_EQ(block.words, test::words_of(blocks[block.request]));
    for (const auto& block : seen.identities) EXPECT_EQ(block.words, test::words_of(kSerialNumber));
  }

  boost::asio::io_context io;
  test::SteadyClock clock;
  test::CollectingLog log;
  test::BusRecorder seen;
  std::vector<ReadBlock> blocks;
  std::unique_ptr<BusDriver> driver;
};

TEST_F(LibmodbusTest, IsReadOverASerialLine) {
  const Pty pty;
  const Server server(rtu_on(pty.master()));
  start(serial(pty.device()), meter_with({kCore, kTotals, kLongest}));
  ASSERT_TRUE(wait_for_blocks(120));
  expect_only_true_words();
  EXPECT_EQ(seen.identities.size(), 1U);
  EXPECT_EQ(driver->counters(0).timeouts, 0U);
  EXPECT_EQ(driver->counters(0).crc_errors, 0U);
}

TEST_F(LibmodbusTest, RefusesWhatItDoesNotHaveAndTheRestIsReadOn) {
  const Pty pty;
  const Server server(rtu_on(pty.master()));
  start(serial(pty.device()), meter_with({{Function::read_input, kRegisters, 2}, kTotals}));
  ASSERT_TRUE(wait_for_blocks(50));
  EXPECT_TRUE(log.contains("exception 02 to a read of 2 input registers from 03E8"));
  for (const auto& block : seen.blocks) EXPECT_EQ(block.request, 1U);
  EXPECT_EQ(driver->counters(0).exceptions, 1U);
}

TEST_F(LibmodbusTest, IsReadThroughStrayBytes) {
  const Pty pty;
  const Server server(rtu_on(pty.master()),
                      [&](int n) { pty.write(n % 2 == 0 ? test::Octets{0x00} : test::Octets{0xFF, 0x01}); });
  start(serial(pty.device()), meter_with({kCore, kTotals}));
  ASSERT_TRUE(wait_for_blocks(50));
  expect_only_true_words();
  EXPECT_GE(driver->counters(0).resyncs, 50U);
  EXPECT_EQ(driver->counters(0).timeouts, 0U);
}

TEST_F(LibmodbusTest, AnswersLateAndIsNeverBookedOnAnotherBlock) {
  const Pty pty;
  const Server server(rtu_on(pty.master()), [](int n) {
    if (n % 5 == 2) std::this_thread::sleep_for(milliseconds(30 + n % 7 * 20));
  });
  BusMeter meter = meter_with({kCore, kTwin, kTotals});
  meter.plan.response_timeout = milliseconds(40);
  meter.plan.retries = 1;
  start(serial(pty.device()), meter);
  ASSERT_TRUE(wait_for([this] { return driver->counters(0).late_answers >= 2 && seen.blocks.size() >= 9; }));
  expect_only_true_words();
}

TEST_F(LibmodbusTest, IsFoundAgainBehindTheSameLinkAfterTheAdapterWasPluggedInAgain) {
  const test::TemporaryFolder folder;
  const std::string link = folder.path() / "usb-adapter-if00";
  Pty first;
  auto server = std::make_unique<Server>(rtu_on(first.master()));
  std::filesystem::create_symlink(first.device(), link);
  start(serial(link), meter_with({kTotals}));
  ASSERT_TRUE(wait_for_blocks(20));

  server.reset();
  first.unplug();
  std::filesystem::remove(link);
  ASSERT_TRUE(wait_for([this] { return seen.ports.size() == 2; }));
  EXPECT_EQ(seen.ports[1], PortState::down);
  EXPECT_TRUE(log.contains("(meter_port_lost)"));

  const Pty second;
  const Server other(rtu_on(second.master()));
  std::filesystem::create_symlink(second.device(), link);
  const std::size_t before = seen.blocks.size();
  ASSERT_TRUE(wait_for_blocks(before + 20));
  EXPECT_EQ(seen.ports.back(), PortState::up);
  EXPECT_EQ(seen.identities.size(), 2U) << "another meter may hang there now";
  expect_only_true_words();
}

/// A listening socket on loopback, and the end of it that a peer got.
class Listener {
 public:
  Listener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (fd_ < 0) throw std::runtime_error("no socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(::listen(fd_, 1), 0);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { ::close(fd_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] int accept() const { return ::accept(fd_, nullptr, nullptr); }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

/// Serves one connection, then the next.
class TcpServer {
 public:
  TcpServer(Listener& listener, modbus_t* (*context_on)(int)) {
    thread_ = std::thread([this, &listener, context_on] {
      while (!stopped_) {
        const int fd = listener.accept();
        if (fd < 0 || stopped_) {
          if (fd >= 0) ::close(fd);
          return;
        }
        {
          const Server server(context_on(fd));
          hang_up_ = false;
          while (!stopped_ && !hang_up_) std::this_thread::sleep_for(milliseconds(1));
        }
        ::close(fd);
      }
    });
    port_ = listener.port();
  }
  ~TcpServer() {
    stopped_ = true;
    // Wakes an accept that waits.
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port_);
    EXPECT_TRUE(fd >= 0 && ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
    thread_.join();
    ::close(fd);
  }
  TcpServer(const TcpServer&) = delete;
  TcpServer& operator=(const TcpServer&) = delete;

  void hang_up() { hang_up_ = true; }

 private:
  std::atomic<bool> stopped_{false};
  std::atomic<bool> hang_up_{false};
  std::uint16_t port_ = 0;
  std::thread thread_;
};

modbus_t* modbus_tcp_on(int fd) {
  modbus_t* context = modbus_new_tcp("127.0.0.1", 0);
  modbus_set_socket(context, fd);
  return context;
}

TEST_F(LibmodbusTest, IsReadOverModbusTcp) {
  Listener listener;
  const TcpServer server(listener, modbus_tcp_on);
  start(TcpSettings{"localhost", listener.port(), Framing::mbap}, meter_with({kCore, kTotals, kLongest}));
  ASSERT_TRUE(wait_for_blocks(300));
  expect_only_true_words();
  EXPECT_EQ(driver->counters(0).timeouts, 0U);
}

TEST_F(LibmodbusTest, IsReadOverATransparentSerialServer) {
  Listener listener;
  const TcpServer server(listener, rtu_on);
  start(TcpSettings{"127.0.0.1", listener.port(), Framing::rtu}, meter_with({kCore, kTotals, kLongest}));
  ASSERT_TRUE(wait_for_blocks(300));
  expect_only_true_words();
  EXPECT_EQ(driver->counters(0).timeouts, 0U);
}

TEST_F(LibmodbusTest, IsConnectedToAgainAfterItHungUp) {
  Listener listener;
  TcpServer server(listener, modbus_tcp_on);
  start(TcpSettings{"127.0.0.1", listener.port(), Framing::mbap}, meter_with({kTotals}));
  ASSERT_TRUE(wait_for_blocks(20));
  server.hang_up();
  ASSERT_TRUE(wait_for([this] { return seen.ports.size() == 3; }));
  const std::size_t before = seen.blocks.size();
  ASSERT_TRUE(wait_for_blocks(before + 20));
  expect_only_true_words();
}

}  // namespace
}  // namespace meterseal::meter::host
