#include "outbox/host/page_scan.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "outbox/host/state_directory.hpp"

namespace meterseal::outbox::host {
namespace {

using Octets = std::span<const std::uint8_t>;
using Page = std::array<std::uint8_t, kPageSize>;

constexpr std::uint32_t kWalMagic = 0x377F0682;  ///< the last bit says the byte order of its sums
constexpr std::size_t kWalHeader = 32;
constexpr std::size_t kFrameHeader = 24;
constexpr std::size_t kFrame = kFrameHeader + kPageSize;
constexpr std::uint8_t kTableLeaf = 0x0D;
constexpr std::uint64_t kMaxPayload = 1 << 20;  ///< a body has 64 KiB, a value much less

std::uint32_t big_endian(Octets bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 | std::uint32_t{bytes[at + 2]} << 8 |
         bytes[at + 3];
}
std::uint32_t little_endian(Octets bytes, std::size_t at) {
  return std::uint32_t{bytes[at + 3]} << 24 | std::uint32_t{bytes[at + 2]} << 16 | std::uint32_t{bytes[at + 1]} << 8 |
         bytes[at];
}

class RawFile {
 public:
  explicit RawFile(const std::string& path)
      : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)) {
    if (!descriptor_.is_open()) return;
    const off_t end = ::lseek(descriptor_.get(), 0, SEEK_END);
    size_ = end < 0 ? 0 : static_cast<std::uint64_t>(end);
  }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] bool read(std::uint64_t offset, std::span<std::uint8_t> into) const {
    const ssize_t n = ::pread(descriptor_.get(), into.data(), into.size(), static_cast<off_t>(offset));
    return n == static_cast<ssize_t>(into.size());
  }

 private:
  OwnedDescriptor descriptor_;
  std::uint64_t size_ = 0;
};

struct WalSum {
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  friend bool operator==(WalSum, WalSum) = default;

  /// @source fileformat2.html 4.2; byte order of the words as the magic number says
  [[nodiscard]] WalSum over(Octets bytes, bool big) const {
    WalSum sum = *this;
    for (std::size_t i = 0; i + 8 <= bytes.size(); i += 8) {
      sum.a += (big ? big_endian(bytes, i) : little_endian(bytes, i)) + sum.b;
      sum.b += (big ? big_endian(bytes, i + 4) : little_endian(bytes, i + 4)) + sum.a;
    }
    return sum;
  }
};

struct Frame {
  std::uint64_t offset = 0;  ///< of the page
  std::uint32_t page = 0;
  std::uint64_t salt = 0;
  bool commits = false;
  bool whole = false;    ///< its checksum holds
  bool current = false;  ///< of the present generation of the log, not left over from before it began anew
};

/// All frames in the file, whatever their state.
struct WalFrames {
  std::vector<Frame> frames;
  bool has_whole_header = false;
};

/// The salt of the present generation. Its first half is one more than that of the generation before.
std::uint64_t newest_salt(const std::vector<Frame>& frames) {
  std::uint64_t newest = 0;
  for (const Frame& frame : frames) {
    const auto ahead = static_cast<std::int32_t>((frame.salt >> 32) - (newest >> 32));
    if (frame.whole && (newest == 0 || ahead > 0)) newest = frame.salt;
  }
  return newest;
}

WalFrames read_frames(const RawFile& wal) {
  WalFrames log;
  std::array<std::uint8_t, kWalHeader> header{};
  if (!wal.read(0, header)) return log;
  const Octets head(header);
  constexpr bool kNativeIsBig = std::endian::native == std::endian::big;
  const auto sum_of_header = [&](bool big) { return WalSum().over(head.first(24), big); };
  WalSum stored{big_endian(head, 24), big_endian(head, 28)};
  log.has_whole_header =
      (big_endian(head, 0) & ~1U) == kWalMagic && (stored == sum_of_header(false) || stored == sum_of_header(true));
  const bool big = log.has_whole_header ? (header[3] & 1) != 0 : kNativeIsBig;
  WalSum computed = sum_of_header(big);
  std::array<std::uint8_t, kFrame> bytes{};
  for (std::uint64_t offset = kWalHeader; offset + kFrame <= wal.size(); offset += kFrame) {
    Frame& frame = log.frames.emplace_back();
    frame.offset = offset + kFrameHeader;
    if (!wal.read(offset, bytes)) continue;
    const Octets all(bytes);
    const auto sum_from = [&](WalSum from) {
      return from.over(all.first(8), big).over(all.subspan(kFrameHeader), big);
    };
    const WalSum its{big_endian(all, 16), big_endian(all, 20)};
    // The frame before may be the damaged one: then this one goes on from either of its sums.
    const bool goes_on = its == sum_from(computed);
    frame.page = big_endian(all, 0);
    frame.salt = std::uint64_t{big_endian(all, 8)} << 32 | big_endian(all, 12);
    frame.commits = big_endian(all, 4) != 0;
    frame.whole = frame.page != 0 && (goes_on || its == sum_from(stored));
    computed = goes_on ? its : sum_from(stored);
    stored = its;
  }
  const std::uint64_t salt =
      log.has_whole_header ? std::uint64_t{big_endian(head, 16)} << 32 | big_endian(head, 20) : newest_salt(log.frames);
  for (Frame& frame : log.frames) frame.current = frame.salt == salt;
  return log;
}

/// The content of pages: the newest frame that was applied, else the database file.
class Pages {
 public:
  Pages(const RawFile& database, const RawFile& wal) : database_(database), wal_(wal) {}
  void apply(const Frame& frame) { newest_[frame.page] = frame.offset; }
  void forget_frames() { newest_.clear(); }
  [[nodiscard]] bool read(std::uint32_t page, Page& into) const {
    if (page == 0) return false;
    const auto frame = newest_.find(page);
    return frame != newest_.end() ? wal_.read(frame->second, into)
                                  : database_.read((std::uint64_t{page} - 1) * kPageSize, into);
  }

 private:
  const RawFile& database_;
  const RawFile& wal_;
  std::unordered_map<std::uint32_t, std::uint64_t> newest_;
};

/// Reads numbers and bytes; anything beyond the end gives zeros and `failed()`.
class Cursor {
 public:
  explicit Cursor(Octets bytes) : bytes_(bytes) {}
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int i = 0; i < 9; ++i) {
      const std::uint8_t byte = next();
      if (i == 8) return value << 8 | byte;
      value = value << 7 | (byte & 0x7F);
      if ((byte & 0x80) == 0) break;
    }
    return value;
  }
  /// Two's complement, `length` up to 8.
  std::int64_t integer(std::size_t length) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < length; ++i) {
      const std::uint8_t byte = next();
      if (i == 0 && (byte & 0x80) != 0) value = ~std::uint64_t{0};
      value = value << 8 | byte;
    }
    return static_cast<std::int64_t>(value);
  }
  Octets take(std::uint64_t length) {
    if (length > bytes_.size() - at_) {
      failed_ = true;
      return {};
    }
    const Octets taken = bytes_.subspan(at_, length);
    at_ += length;
    return taken;
  }
  [[nodiscard]] std::size_t at() const { return at_; }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  std::uint8_t next() {
    const Octets one = take(1);
    return one.empty() ? std::uint8_t{0} : one[0];
  }
  Octets bytes_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

struct Column {
  enum class Type : std::uint8_t {
    null,
    integer,
    text,
    blob,
    other
  };
  Type type = Type::other;
  std::int64_t integer = 0;
  std::string_view bytes;
};

/// @source fileformat2.html 2.1
Column read_column(std::uint64_t serial_type, Cursor& body) {
  static constexpr std::array<std::size_t, 7> kLengths{0, 1, 2, 3, 4, 6, 8};
  if (serial_type == 0) return {Column::Type::null, 0, {}};
  if (serial_type <= 6) return {Column::Type::integer, body.integer(kLengths[serial_type]), {}};
  if (serial_type == 8 || serial_type == 9) {
    return {Column::Type::integer, static_cast<std::int64_t>(serial_type - 8), {}};
  }
  if (serial_type < 12) return {};
  const Octets bytes = body.take((serial_type - 12) / 2);
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  return {serial_type % 2 != 0 ? Column::Type::text : Column::Type::blob, 0, {text, bytes.size()}};
}

constexpr std::size_t kMaxColumns = 8;

/// @return the columns, none: this is not a row of ours
std::vector<Column> read_row(Octets payload) {
  Cursor header(payload);
  const std::uint64_t header_size = header.varint();
  if (header.failed() || header_size > payload.size()) return {};
  Cursor body(payload.subspan(header_size));
  std::vector<Column> columns;
  while (header.at() < header_size) {
    if (columns.size() == kMaxColumns) return {};
    columns.push_back(read_column(header.varint(), body));
  }
  return header.failed() || body.failed() ? std::vector<Column>() : columns;
}

void report(std::int64_t rowid, Octets payload, const RowSink& sink) {
  using Type = Column::Type;
  const std::vector<Column> c = read_row(payload);
  const auto are_integers = [&](std::initializer_list<std::size_t> which) {
    for (const std::size_t i : which) {
      if (c[i].type != Type::integer) return false;
    }
    return true;
  };
  if (c.size() == 8 && are_integers({1, 2, 4, 5, 6}) && c[7].type == Type::text) {
    RecordRow row{rowid, c[1].integer, c[2].integer, std::nullopt, c[4].integer, c[5].integer, c[7].bytes};
    if (c[3].type == Type::integer) row.utc_ms = c[3].integer;
    if (c[6].integer == std::int64_t{row.crc()}) sink.record(row);
  } else if (c.size() == 5 && c[1].type == Type::text && c[2].type == Type::blob && are_integers({3, 4})) {
    const ValueRow row{c[1].bytes, c[2].bytes, c[3].integer};
    if (c[4].integer == std::int64_t{row.crc()}) sink.value(row);
  } else if (c.size() == 2 && c[0].bytes == kCheckName && c[1].type == Type::integer) {
    if (const auto sequence = sequence_of(c[1].integer)) sink.sequence(*sequence);
  }
}

/// Appends what lies on overflow pages. @return false: the chain is broken
bool read_overflow(const Pages& pages, std::uint32_t next, std::uint64_t size, std::vector<std::uint8_t>& payload) {
  Page page{};
  while (payload.size() < size) {
    if (!pages.read(next, page)) return false;
    const std::size_t n = std::min<std::size_t>(size - payload.size(), page.size() - 4);
    payload.insert(payload.end(), page.begin() + 4, page.begin() + 4 + static_cast<std::ptrdiff_t>(n));
    next = big_endian(page, 0);
  }
  return true;
}

/// @source fileformat2.html 1.6: how much of a payload stays on the leaf
std::uint64_t local_size(std::uint64_t payload) {
  constexpr std::uint64_t kUsable = kPageSize;
  constexpr std::uint64_t kMost = kUsable - 35;
  constexpr std::uint64_t kLeast = (kUsable - 12) * 32 / 255 - 23;
  if (payload <= kMost) return payload;
  const std::uint64_t k = kLeast + (payload - kLeast) % (kUsable - 4);
  return k <= kMost ? k : kLeast;
}

void scan_cell(const Pages& pages, Octets cell, const RowSink& sink) {
  Cursor cursor(cell);
  const std::uint64_t size = cursor.varint();
  const auto rowid = static_cast<std::int64_t>(cursor.varint());
  if (cursor.failed() || size > kMaxPayload) return;
  const Octets local = cursor.take(local_size(size));
  if (cursor.failed()) return;
  if (local.size() == size) return report(rowid, local, sink);
  const Octets next = cursor.take(4);
  if (cursor.failed()) return;
  std::vector<std::uint8_t> payload(local.begin(), local.end());
  if (read_overflow(pages, big_endian(next, 0), size, payload)) report(rowid, payload, sink);
}

void scan_page(const Pages& pages, std::uint32_t number, const RowSink& sink) {
  Page page{};
  if (!pages.read(number, page) || page[0] != kTableLeaf) return;
  const Octets bytes(page);
  const std::size_t cells = std::size_t{page[3]} << 8 | page[4];
  for (std::size_t i = 0; i < cells && 8 + 2 * i + 2 <= bytes.size(); ++i) {
    const std::size_t at = std::size_t{page[8 + 2 * i]} << 8 | page[9 + 2 * i];
    if (at < bytes.size()) scan_cell(pages, bytes.subspan(at), sink);
  }
}

/// Commit by commit, so that a row and its overflow pages are of one moment.
template <class Wanted>
void scan_frames(Pages& pages, const std::vector<Frame>& frames, const RowSink& sink, Wanted is_wanted) {
  std::vector<std::uint32_t> changed;
  for (const Frame& frame : frames) {
    if (!is_wanted(frame)) continue;
    pages.apply(frame);
    changed.push_back(frame.page);
    if (!frame.commits) continue;
    for (const std::uint32_t page : changed) scan_page(pages, page, sink);
    changed.clear();
  }
  for (const std::uint32_t page : changed) scan_page(pages, page, sink);
}

}  // namespace

void scan_pages(const std::string& database, const std::string& wal, const RowSink& sink) {
  const RawFile database_file(database);
  const RawFile wal_file(wal);
  const std::vector<Frame> frames = read_frames(wal_file).frames;
  Pages pages(database_file, wal_file);
  scan_frames(pages, frames, sink, [](const Frame& frame) { return !frame.current; });
  pages.forget_frames();
  const std::uint64_t count = database_file.size() / kPageSize;
  for (std::uint64_t page = 1; page <= count; ++page) scan_page(pages, static_cast<std::uint32_t>(page), sink);
  scan_frames(pages, frames, sink, [](const Frame& frame) { return frame.current && frame.whole; });
}

bool is_wal_damaged(const std::string& wal) {
  const RawFile file(wal);
  const WalFrames log = read_frames(file);
  // The header is flushed before the first frame is written.
  bool has_fault = !log.has_whole_header;
  bool was_committed = has_fault;  // the commit with the fault has ended
  for (const Frame& frame : log.frames) {
    const bool fits = frame.current && frame.whole;
    if (fits && was_committed) return true;
    has_fault = has_fault || !fits;
    was_committed = was_committed || (has_fault && frame.current && frame.commits);
  }
  return false;
}

}  // namespace meterseal::outbox::host
