// A damaged database and its log, in any state: nothing is read beyond them, and a row that comes out has its checksum.
// Input: two bytes with the number of pages of the database, the database, the log.

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>

#include "outbox/host/page_scan.hpp"

namespace {

using namespace meterseal::outbox::host;

void require(bool condition) {
  if (!condition) std::abort();
}

void write(const std::string& path, std::string_view content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(content.data(), static_cast<std::streamsize>(content.size()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view all(reinterpret_cast<const char*>(data + 2), size - 2);
  const std::size_t split = std::min(all.size(), (std::size_t{data[0]} * 256 + data[1]) * kPageSize);
  static const std::string kBase = "/dev/shm/meterseal-fuzz-" + std::to_string(::getpid());
  write(kBase, all.substr(0, split));
  write(kBase + "-wal", all.substr(split));
  (void)is_wal_damaged(kBase + "-wal");
  std::size_t rows = 0;
  scan_pages(kBase, kBase + "-wal",
             {[&](const RecordRow& row) {
                require(row.body.size() < (1U << 20));
                ++rows;
              },
              [&](const ValueRow& row) {
                require(row.value.size() < (1U << 20));
                ++rows;
              },
              [&](std::int64_t sequence) { require(sequence_of(checked_sequence(sequence)) == sequence); }});
  ::unlink(kBase.c_str());
  ::unlink((kBase + "-wal").c_str());
  // Each row needs a page of its own moment: a small file cannot make many.
  require(rows <= size);
  return 0;
}
