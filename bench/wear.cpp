// What the store writes to flash: bytes that SQLite hands to the file system, and bytes that the kernel sends to the
// block device (whole 4 KiB blocks), per tick and per day. The work is that of the agent with a broker that confirms at
// once: each tick adds a record, once a minute the books of all meters, and removes the record before; where the next
// tick is further away than the agent waits with a removal, that is a commit of its own.
// Ticks follow upon each other here. At their real pace the kernel writes the index of the log (-shm), which each
// commit touches and nobody flushes, after 30 s (vm.dirty_expire_centisecs): so it is flushed once in so many ticks.
// The directory must be on a real disk: on a tmpfs the second figure is 0.
// Usage: bench_wear [directory, default .]

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "outbox/delivery_machine.hpp"
#include "outbox/host/sqlite_store.hpp"
#include "support/loop.hpp"
#include "support/recording_vfs.hpp"

namespace {

using namespace meterseal;

class Counter : public test::VfsObserver {
 public:
  void on_write(const std::string&, std::int64_t, std::string_view bytes) override { written += bytes.size(); }
  void on_truncate(const std::string&, std::int64_t) override {}
  void on_sync(const std::string&) override { ++syncs; }
  void on_delete(const std::string&) override {}
  std::atomic<std::uint64_t> written{0};
  std::atomic<std::uint64_t> syncs{0};
};

class Silent : public Log {
 public:
  void write(LogLevel level, std::string_view, std::string_view text) override {
    if (level != LogLevel::info) std::fprintf(stderr, "%.*s\n", static_cast<int>(text.size()), text.data());
  }
};

/// As docs/telemetry.md shows it, without Time.
const std::string kOnePhase =
    R"({"TotalStartTime":"2026-01-01T00:00:00","Total":412.317,"Yesterday":8.412,"Today":3.207,"TodaySumImport":3.207,)"
    R"("TodaySumExport":0.000,"ExportActive":0.000,"Period":19,"Power":231,"ApparentPower":240,"ReactivePower":65,)"
    R"("Factor":0.96,"Frequency":50,"Voltage":233,"Current":1.030,"ImportActive":412.317})";
const std::string kThreePhases =
    R"({"TotalStartTime":"2026-01-01T00:00:00","Total":412.317,"Yesterday":8.412,"Today":3.207,"TodaySumImport":3.207,)"
    R"("TodaySumExport":0.000,"ExportActive":[0.000,0.000,0.000],"Period":19,"Power":[231,120,77],)"
    R"("ApparentPower":[240,131,80],"ReactivePower":[65,52,21],"Factor":[0.96,0.92,0.96],"Frequency":50,)"
    R"("Voltage":[233,232,231],"Current":[1.030,0.564,0.346],"ImportActive":[412.317,200.111,99.001],)"
    R"("ImportReactive":41.002,"ExportReactive":12.345,"PhaseAngle":[15.70,23.10,16.20]})";
const std::string kBook =
    "meterseal-ledger 1\nserial 3132333435363738\nopened 3 123456789012 1790000000000 yes\nsince 1790000000000\n"
    "last 3 123456789012 1790000000000 10000\nanchor 3 123456789012 1790000000000\ndays 20600 20600 no no\n"
    "import 412317000 0 412317000 409110000 8412000\nexport 0 0 0 0 0\ncheck 01234567\n";

std::uint64_t bytes_to_device() {
  std::ifstream io("/proc/self/io");
  std::string name;
  std::uint64_t value = 0;
  while (io >> name >> value) {
    if (name == "write_bytes:") return value;
  }
  return 0;
}

constexpr int kBooksEvery_s = 60;  // app/site.cpp
constexpr int kIndexEvery_s = 30;

struct Row {
  const char* what;
  std::size_t meters;
  const std::string& meter;
  int period_s;
  int ticks_per_commit;
};

void measure(const Row& row, const std::string& directory) {
  constexpr int kCommits = 3000;
  Counter counter;
  const test::RecordingVfs vfs("counting", counter);
  Silent log;
  boost::asio::io_context loop;
  outbox::host::StoreSettings settings;
  settings.directory = directory;
  settings.vfs = "counting";
  auto store = outbox::host::SqliteStore::open(loop, log, settings);
  if (!store) {
    std::fprintf(stderr, "%s\n", std::string(store.error().detail.view()).c_str());
    std::exit(2);
  }
  std::string body;
  for (std::size_t i = 0; i < row.meters; ++i) {
    body += (i == 0 ? "\"ENERGY\":" : ",\"sub" + std::to_string(i) + "\":") + row.meter;
  }
  std::vector<outbox::Sequence> confirmed;
  std::uint64_t number = 0;
  const int index = ::open((directory + "/meterseal.db-shm").c_str(), O_RDWR | O_CLOEXEC);
  if (index < 0) std::exit(2);
  const std::uint64_t index_every = static_cast<std::uint64_t>(std::max(1, kIndexEvery_s / row.period_s));
  std::uint64_t index_at = 0;
  const auto make = [&](outbox::Commit tick) {
    bool done = false;
    (*store)->commit(std::move(tick), [&](Result<outbox::Committed> committed) {
      if (!committed) std::exit(2);
      confirmed = committed->added;
      done = true;
    });
    test::run_until(loop, [&] { return done; });
    if (number >= index_at && ::fdatasync(index) != 0) std::exit(2);
    if (number >= index_at) index_at = number + index_every;
  };
  const bool removes_alone = seconds{row.period_s * row.ticks_per_commit} > outbox::DeliveryMachine::kIdle;
  const std::uint64_t books_every = static_cast<std::uint64_t>(std::max(1, kBooksEvery_s / row.period_s));
  std::uint64_t books_at = 0;
  const auto commit = [&] {
    outbox::Commit tick;
    for (int i = 0; i < row.ticks_per_commit; ++i) {
      outbox::Record record;
      const seconds at{static_cast<std::int64_t>(number) * row.period_s};
      record.stamp = {3, Instant(at), UtcTime(seconds{1'790'000'000} + at)};
      record.body = body;
      tick.add.push_back(std::move(record));
      ++number;
    }
    if (number >= books_at) {
      books_at = number + books_every;
      for (std::size_t i = 0; i < row.meters; ++i) {
        tick.values.emplace_back("ledger/meter" + std::to_string(i), kBook + std::to_string(number));
      }
    }
    tick.remove = std::exchange(confirmed, {});
    make(std::move(tick));
    if (!removes_alone) return;
    outbox::Commit removal;
    removal.remove = std::exchange(confirmed, {});
    make(std::move(removal));
  };
  for (int i = 0; i < 600; ++i) commit();  // the log has its size
  const std::uint64_t written = counter.written;
  const std::uint64_t syncs = counter.syncs;
  const std::uint64_t device = bytes_to_device();
  for (int i = 0; i < kCommits; ++i) commit();
  ::close(index);
  const double ticks = static_cast<double>(kCommits) * row.ticks_per_commit;
  const double per_day = 86'400.0 / row.period_s;
  const double to_files = static_cast<double>(counter.written - written) / ticks;
  const double to_device = static_cast<double>(bytes_to_device() - device) / ticks;
  std::printf("%-28s %7zu %8d %9.0f %9.0f %10.0f %9.1f %9.1f %7.2f\n", row.what, body.size(),
              row.ticks_per_commit * row.period_s, to_files, to_files / static_cast<double>(row.meters), to_device,
              to_files * per_day / 1e6, to_device * per_day / 1e6,
              static_cast<double>(counter.syncs - syncs) / kCommits);
}

/// What an append-only file in place of the database would write: one frame a tick with record, once a minute the
/// books, and the number up to which all is confirmed, in a file of 4 MiB that exists beforehand and is written from
/// its start again when full.
void measure_append_only(const Row& row, const std::string& directory) {
  constexpr std::size_t kFile = std::size_t{4} << 20;
  constexpr int kTicks = 3000;
  const std::string path = directory + "/segment";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const std::string zeros(kFile, '\0');
  if (file < 0 || ::write(file, zeros.data(), kFile) < 0 || ::fsync(file) != 0) std::exit(2);
  // Large pages in the cache would be counted whole: from here on it reads small ones.
  ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
  ::posix_fadvise(file, 0, 0, POSIX_FADV_RANDOM);
  std::string record(32, 'h');  // length, CRC, number, boot, instant, time
  std::string books;
  for (std::size_t i = 0; i < row.meters; ++i) {
    record += row.meter + "sub0";
    books += kBook;
  }
  const int books_every = kBooksEvery_s / row.period_s;
  const std::uint64_t device = bytes_to_device();
  std::size_t at = 0;
  std::size_t written = 0;
  for (int i = 0; i < kTicks; ++i) {
    const std::string frame = i % books_every == 0 ? record + books : record;
    if (at + frame.size() > kFile) at = 0;
    if (::pwrite(file, frame.data(), frame.size(), static_cast<off_t>(at)) < 0 || ::fdatasync(file) != 0) std::exit(2);
    at += frame.size();
    written += frame.size();
  }
  ::close(file);
  const double to_device = static_cast<double>(bytes_to_device() - device) / kTicks;
  const double to_file = static_cast<double>(written) / kTicks;
  const double per_day = 86'400.0 / row.period_s;
  std::printf("%-28s %7zu %8d %9.0f %9.0f %10.0f %9.1f %9.1f %7.2f\n", row.what, record.size(), row.period_s, to_file,
              to_file / static_cast<double>(row.meters), to_device, to_file * per_day / 1e6, to_device * per_day / 1e6,
              1.0);
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string where = argc > 1 ? argv[1] : ".";
  const Row rows[] = {
      {"1 meter, one phase", 1, kOnePhase, 10, 1},          {"1 meter, three phases", 1, kThreePhases, 10, 1},
      {"8 meters, one phase", 8, kOnePhase, 10, 1},         {"32 meters, one phase", 32, kOnePhase, 10, 1},
      {"32 meters, three phases", 32, kThreePhases, 10, 1}, {"1 meter, a commit each 60 s", 1, kOnePhase, 10, 6},
      {"1 meter, one phase", 1, kOnePhase, 300, 1},         {"32 meters, three phases", 32, kThreePhases, 300, 1}};
  std::printf(
      "Each commit is flushed. Bytes as SQLite writes them (files) and as the kernel sends them to the block device "
      "in\n"
      "blocks of 4 KiB (device).\n");
  std::printf("%-28s %7s %8s %9s %9s %10s %9s %9s %7s\n", "", "body", "s/commit", "files/", "files/", "device/",
              "files", "device", "syncs/");
  std::printf("%-28s %7s %8s %9s %9s %10s %9s %9s %7s\n", "", "B", "", "tick B", "reading B", "tick B", "MB/day",
              "MB/day", "commit");
  const auto in_folder = [&where](const Row& row, auto what) {
    std::string name = where + "/wear-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) {
      std::perror(name.c_str());
      std::exit(2);
    }
    what(row, name);
    std::filesystem::remove_all(name);
  };
  for (const Row& row : rows) in_folder(row, measure);
  std::printf("\nnot built: an append-only file (docs/adr/0006-wear.md)\n");
  for (const Row& row : {rows[0], rows[1], rows[2], rows[4]}) in_folder(row, measure_append_only);
  return 0;
} catch (const std::exception& failure) {
  std::fprintf(stderr, "%s\n", failure.what());
  return 2;
}
