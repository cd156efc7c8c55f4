#include "meter/sim/host/sim_line.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <filesystem>
#include <string>

#include "support/profiles.hpp"

namespace meterseal::meter::sim::host {
namespace {

namespace asio = boost::asio;
using SteadyClock = std::chrono::steady_clock;
using Frame = std::vector<std::uint8_t>;

constexpr auto kDeadline = std::chrono::seconds(5);

SimOptions options_of(Transport transport, std::initializer_list<std::uint8_t> addresses = {1}) {
  SimOptions options;
  options.transport = transport;
  options.baud = 115200;
  for (const std::uint8_t address : addresses) {
    SimMeterOptions meter;
    meter.profile = test::default_profile("SDM630");
    meter.address = address;
    meter.turnaround = microseconds(2000);
    options.meters.push_back(std::move(meter));
  }
  options.time = [] { return SimTime(std::chrono::hours(12)); };
  return options;
}

std::unique_ptr<SimLine> line_of(asio::io_context& io, SimOptions options) {
  auto line = SimLine::make(io, std::move(options));
  if (!line) ADD_FAILURE() << line.error().where.view() << ": " << line.error().detail.view();
  return line ? std::move(*line) : nullptr;
}

Frame with_crc(Frame frame) {
  const std::uint16_t crc = crc16(frame);
  frame.push_back(static_cast<std::uint8_t>(crc));
  frame.push_back(static_cast<std::uint8_t>(crc >> 8));
  return frame;
}

/// The read that the Eastron documents print, for voltage L1.
Frame rtu_read(std::uint8_t address, std::uint8_t words = 2) {
  return with_crc({address, 4, 0, 0, 0, words});
}
Frame tcp_read(std::uint8_t unit, std::uint8_t transaction = 7) {
  return {0, transaction, 0, 0, 0, 6, unit, 4, 0, 0, 0, 2};
}

/// A temporary folder that goes away with the test.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "meterseal-sim-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string operator/(const char* name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// A client of its own making: a file descriptor, read without blocking while the loop runs.
class Client {
 public:
  Client(asio::io_context& io, int fd) : io_(io), fd_(fd) { EXPECT_GE(fd, 0); }
  Client(asio::io_context& io, const std::string& path)
      : Client(io, ::open(path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)) {}
  ~Client() { ::close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(const Frame& frame) const {
    EXPECT_EQ(::write(fd_, frame.data(), frame.size()), static_cast<ssize_t>(frame.size()));
  }
  /// What arrives until `size` bytes are there, or nothing has come for `quiet`.
  [[nodiscard]] Frame receive(std::size_t size, std::chrono::milliseconds quiet = std::chrono::seconds(5)) const {
    Frame frame;
    auto deadline = SteadyClock::now() + quiet;
    while (frame.size() < size && SteadyClock::now() < deadline) {
      io_.run_for(std::chrono::milliseconds(1));
      std::uint8_t bytes[512];
      const ssize_t got = ::read(fd_, bytes, sizeof bytes);
      if (got == 0) break;
      if (got < 0) continue;
      frame.insert(frame.end(), bytes, bytes + got);
      deadline = SteadyClock::now() + quiet;
    }
    return frame;
  }
  /// True once the other side has closed.
  [[nodiscard]] bool is_closed() const {
    const auto deadline = SteadyClock::now() + kDeadline;
    while (SteadyClock::now() < deadline) {
      io_.run_for(std::chrono::milliseconds(1));
      std::uint8_t byte = 0;
      const ssize_t got = ::read(fd_, &byte, 1);
      if (got == 0 || (got < 0 && errno == ECONNRESET)) return true;
    }
    return false;
  }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  asio::io_context& io_;
  int fd_;
};

int connected_socket(asio::io_context& io, std::uint16_t port) {
  asio::ip::tcp::socket socket(io);
  socket.connect({asio::ip::address_v4::loopback(), port});
  socket.non_blocking(true);
  const int fd = ::dup(socket.native_handle());
  return fd;
}

bool is_answer(const Frame& frame, std::uint8_t address) {
  return frame.size() > 4 && frame[0] == address && frame[1] == 4 && crc16(frame) == 0;
}

struct Refusal {
  const char* sentence;
  std::function<void(SimOptions&)> spoil;
  const char* detail;
};

TEST(SimLine, RefusesOptionsThatNoLineCanHave) {
  const Refusal rows[] = {
      {"no meter", [](SimOptions& o) { o.meters.clear(); }, "expected 1 to 32 meters"},
      {"33 meters", [](SimOptions& o) { o.meters.assign(33, o.meters[0]); }, "expected 1 to 32 meters"},
      {"the broadcast address", [](SimOptions& o) { o.meters[0].address = 0; }, "expected addresses from 1 to 247"},
      {"a reserved address", [](SimOptions& o) { o.meters[0].address = 248; }, "expected addresses from 1 to 247"},
      {"one address twice", [](SimOptions& o) { o.meters.push_back(o.meters[0]); }, "two meters have one address"},
      {"no profile", [](SimOptions& o) { o.meters[0].profile = {}; }, "a meter has no profile"},
      {"a negative turnaround", [](SimOptions& o) { o.meters[0].turnaround = microseconds(-1); },
       "a turnaround is negative"},
      {"no baud rate", [](SimOptions& o) { o.baud = 0; }, "expected 300 to 1000000 baud"},
      {"a character of 13 bits", [](SimOptions& o) { o.bits_per_char = 13; }, "expected 9 to 12 bits per character"},
      {"time that stands still", [](SimOptions& o) { o.speed_up = 0; }, "expected a speed-up from 1 to 86400"},
  };
  asio::io_context io;
  for (const Refusal& row : rows) {
    SCOPED_TRACE(row.sentence);
    SimOptions options = options_of(Transport::pty);
    row.spoil(options);
    const auto line = SimLine::make(io, std::move(options));
    ASSERT_FALSE(line);
    EXPECT_EQ(line.error().code.name, "meter_sim_options_invalid");
    EXPECT_EQ(line.error().detail.view(), row.detail);
  }
  SimOptions named = options_of(Transport::modbus_tcp);
  named.listen = "localhost";
  EXPECT_EQ(SimLine::make(io, std::move(named)).error().code.name, "meter_sim_options_invalid");
}

TEST(SimLine, SaysWhenThePortIsTaken) {
  asio::io_context io;
  const auto first = line_of(io, options_of(Transport::modbus_tcp));
  SimOptions options = options_of(Transport::modbus_tcp);
  options.port = first->port();
  const auto second = SimLine::make(io, std::move(options));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code.name, "meter_sim_line_failed");
}

TEST(SimLine, DoesNotReplaceAFileByItsLink) {
  const Folder folder;
  asio::io_context io;
  SimOptions options = options_of(Transport::pty);
  options.link = folder / "file";
  ::close(::open(options.link.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  const auto line = SimLine::make(io, options);
  ASSERT_FALSE(line);
  EXPECT_EQ(line.error().code.name, "meter_sim_line_failed");
  EXPECT_EQ(line.error().detail.view(), "exists and is no symbolic link");
  options.link = folder / "no/such/folder";
  EXPECT_EQ(SimLine::make(io, options).error().code.name, "meter_sim_line_failed");
}

TEST(SimLine, ItsLinkAppearsReplacesAStaleOneAndGoes) {
  const Folder folder;
  const std::string link = folder / "ttyMeter";
  ASSERT_EQ(::symlink("/dev/pts/none", link.c_str()), 0);
  asio::io_context io;
  SimOptions options = options_of(Transport::pty);
  options.link = link;
  {
    const auto line = line_of(io, options);
    EXPECT_EQ(line->path(), link);
    EXPECT_EQ(std::filesystem::read_symlink(link).string().rfind("/dev/pts/", 0), 0U);
  }
  EXPECT_FALSE(std::filesystem::is_symlink(link));
  {
    const auto line = line_of(io, options);
    std::filesystem::remove(link);
    ASSERT_EQ(::symlink("/dev/pts/of-another", link.c_str()), 0);
  }
  EXPECT_TRUE(std::filesystem::is_symlink(link)) << "a link that is another's by now stays";
}

TEST(SimLine, APseudoTerminalAnswersAsRtu) {
  asio::io_context io;
  const auto line = line_of(io, options_of(Transport::pty, {1, 2}));
  EXPECT_EQ(line->port(), 0);
  const Client client(io, line->path());
  termios settings{};
  ASSERT_EQ(::tcgetattr(client.fd(), &settings), 0);
  EXPECT_EQ(settings.c_lflag & static_cast<tcflag_t>(ECHO | ICANON | ISIG), 0U) << "raw";
  client.send(rtu_read(1));
  EXPECT_TRUE(is_answer(client.receive(9), 1));
  client.send(rtu_read(2, 80));
  const Frame block = client.receive(165);
  EXPECT_EQ(block.size(), 165U);
  EXPECT_TRUE(is_answer(block, 2)) << "every byte value passes unchanged";
  EXPECT_EQ(line->counters().answers, 2U);
}

TEST(SimLine, AReaderMayComeAndGo) {
  asio::io_context io;
  const auto line = line_of(io, options_of(Transport::pty));
  for (int i = 0; i < 3; ++i) {
    const Client client(io, line->path());
    client.send(rtu_read(1));
    EXPECT_TRUE(is_answer(client.receive(9), 1)) << i;
  }
}

TEST(SimLine, APacedAnswerIsNeverFasterThanItsWire) {
  asio::io_context io;
  SimOptions options = options_of(Transport::pty);
  options.baud = 9600;
  options.meters[0].turnaround = milliseconds(20);
  const auto line = line_of(io, std::move(options));
  const Client client(io, line->path());
  const auto begin = SteadyClock::now();
  client.send(rtu_read(1, 10));
  EXPECT_EQ(client.receive(25).size(), 25U);
  const double wire_ms = (8 + 25) * 10 / 9.6 + 20;
  EXPECT_GE(std::chrono::duration<double>(SteadyClock::now() - begin).count() * 1000, wire_ms);
}

TEST(SimLine, FaultsAreSwitchedWhileItRuns) {
  asio::io_context io;
  const auto line = line_of(io, options_of(Transport::pty));
  const Client client(io, line->path());
  line->faults(0).is_silent = true;
  client.send(rtu_read(1));
  EXPECT_TRUE(client.receive(1, milliseconds(40)).empty());
  line->faults(0) = Faults{};
  line->faults(0).corrupt_every = 1;
  client.send(rtu_read(1));
  const Frame corrupt = client.receive(9);
  EXPECT_EQ(corrupt.size(), 9U);
  EXPECT_NE(crc16(corrupt), 0);
  line->faults(0) = Faults{};
  line->faults(0).late_every = 1;
  line->faults(0).late_by = milliseconds(300);
  client.send(rtu_read(1));
  EXPECT_TRUE(client.receive(1, milliseconds(30)).empty());
  EXPECT_TRUE(is_answer(client.receive(9), 1));
}

TEST(SimLine, RtuOverTcpBelongsToTheNewestClient) {
  asio::io_context io;
  const auto line = line_of(io, options_of(Transport::rtu_over_tcp));
  EXPECT_EQ(line->path(), "");
  EXPECT_NE(line->port(), 0);
  const Client first(io, connected_socket(io, line->port()));
  first.send(rtu_read(1));
  EXPECT_TRUE(is_answer(first.receive(9), 1));
  const Client second(io, connected_socket(io, line->port()));
  second.send(rtu_read(1, 4));
  EXPECT_TRUE(is_answer(second.receive(13), 1));
  EXPECT_TRUE(first.is_closed());
}

TEST(SimLine, ModbusTcpAnswersEachClientAndEachRequestInOrder) {
  asio::io_context io;
  const auto line = line_of(io, options_of(Transport::modbus_tcp, {1, 2}));
  const Client first(io, connected_socket(io, line->port()));
  const Client second(io, connected_socket(io, line->port()));
  Frame two = tcp_read(1, 7);
  const Frame other = tcp_read(2, 8);
  two.insert(two.end(), other.begin(), other.end());
  first.send(two);
  second.send(tcp_read(1, 9));
  const Frame answers = first.receive(26);
  ASSERT_EQ(answers.size(), 26U);
  EXPECT_EQ((Frame{answers.begin(), answers.begin() + 9}), (Frame{0, 7, 0, 0, 0, 7, 1, 4, 4}));
  EXPECT_EQ((Frame{answers.begin() + 13, answers.begin() + 22}), (Frame{0, 8, 0, 0, 0, 7, 2, 4, 4}));
  EXPECT_EQ(second.receive(13).at(1), 9);
  EXPECT_EQ(line->counters().requests, 3U);
}

TEST(SimLine, ModbusTcpTakesARequestByteByByte) {
  asio::io_context io;
  const auto line = line_of(io, options_of(Transport::modbus_tcp));
  const Client client(io, connected_socket(io, line->port()));
  for (const std::uint8_t byte : tcp_read(1)) {
    client.send({byte});
    io.run_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(client.receive(13).size(), 13U);
}

TEST(SimLine, ModbusTcpAnswersForAnAbsentUnitAsAGatewayDoes) {
  asio::io_context io;
  const auto line = line_of(io, options_of(Transport::modbus_tcp));
  const Client client(io, connected_socket(io, line->port()));
  client.send(tcp_read(9));
  EXPECT_EQ(client.receive(9), (Frame{0, 7, 0, 0, 0, 3, 9, 0x84, 0x0B}));
}

TEST(SimLine, ModbusTcpFaults) {
  asio::io_context io;
  const auto line = line_of(io, options_of(Transport::modbus_tcp));
  const Client client(io, connected_socket(io, line->port()));
  line->faults(0).is_silent = true;
  client.send(tcp_read(1, 3));
  EXPECT_TRUE(client.receive(1, milliseconds(40)).empty());
  line->faults(0) = Faults{};
  line->faults(0).corrupt_every = 1;
  client.send(tcp_read(1, 4));
  EXPECT_EQ(client.receive(13).at(1), 5) << "the transaction of another request";
}

TEST(SimLine, ModbusTcpHangsUpOnWhatIsNotModbus) {
  for (const Frame& bytes :
       {Frame{'G', 'E', 'T', ' ', '/', ' ', 'H', 'T'}, Frame{0, 1, 0, 0, 0, 1, 1}, Frame{0, 1, 0, 0, 0xFF, 0xFF, 1}}) {
    asio::io_context io;
    const auto line = line_of(io, options_of(Transport::modbus_tcp));
    const Client client(io, connected_socket(io, line->port()));
    client.send(bytes);
    EXPECT_TRUE(client.is_closed());
    EXPECT_EQ(line->counters().garbage, 1U);
  }
}

TEST(SimLine, ModbusTcpTakesEightClientsAndANinthWhenOneHasGone) {
  asio::io_context io;
  const auto line = line_of(io, options_of(Transport::modbus_tcp));
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(std::make_unique<Client>(io, connected_socket(io, line->port())));
    clients.back()->send(tcp_read(1));
    EXPECT_EQ(clients.back()->receive(13).size(), 13U);
  }
  EXPECT_TRUE(Client(io, connected_socket(io, line->port())).is_closed());
  clients.pop_back();
  io.run_for(std::chrono::milliseconds(5));
  const Client next(io, connected_socket(io, line->port()));
  next.send(tcp_read(1));
  EXPECT_EQ(next.receive(13).size(), 13U);
}

TEST(SimLine, MayEndInTheMiddleOfAnAnswer) {
  for (const Transport transport : {Transport::pty, Transport::rtu_over_tcp, Transport::modbus_tcp}) {
    asio::io_context io;
    auto line = line_of(io, options_of(transport));
    const Client client =
        transport == Transport::pty ? Client(io, line->path()) : Client(io, connected_socket(io, line->port()));
    client.send(transport == Transport::modbus_tcp ? tcp_read(1) : rtu_read(1, 80));
    io.run_for(std::chrono::milliseconds(5));
    line.reset();
    io.run_for(std::chrono::milliseconds(20));
    EXPECT_TRUE(io.stopped()) << "nothing of it is left in the loop";
  }
}

TEST(SimLine, SimulatedTimeRunsAsFastAsAsked) {
  asio::io_context io;
  SimOptions options = options_of(Transport::pty);
  options.time = nullptr;
  options.start = std::chrono::hours(18);
  options.speed_up = 86400;
  options.meters[0].settings.start_import_kwh = 0;
  const auto line = line_of(io, std::move(options));
  const Client client(io, line->path());
  const auto energy = [&] {
    client.send(with_crc({1, 4, 0, 0x48, 0, 2}));
    const Frame answer = client.receive(9);
    return answer.size() == 9 ? std::bit_cast<float>(std::uint32_t{answer[3]} << 24 | std::uint32_t{answer[4]} << 16 |
                                                     std::uint32_t{answer[5]} << 8 | answer[6])
                              : 0;
  };
  float first = 0;
  const auto deadline = SteadyClock::now() + kDeadline;
  while (first < 1 && SteadyClock::now() < deadline) first = energy();
  EXPECT_GE(first, 1) << "a kWh within seconds";
}

}  // namespace
}  // namespace meterseal::meter::sim::host
