#include "meter/sim/host/sim_line.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <termios.h>

#include <bit>
#include <filesystem>

#include "support/sim_client.hpp"

namespace meterseal::meter::sim::host {
namespace {

using namespace test;  // NOLINT: the client and its frames

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
