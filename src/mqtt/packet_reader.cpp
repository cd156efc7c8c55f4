#include "mqtt/packet_reader.hpp"

#include <algorithm>
#include <utility>

#include "mqtt/errors.hpp"

namespace meterseal::mqtt {

namespace {

/// @source 2.2.3: four bytes of length at most
constexpr std::size_t kMaxHeader = 5;

}  // namespace

Result<std::optional<std::size_t>> packet_length(Bytes head, std::size_t limit) {
  std::size_t remaining = 0;
  for (std::size_t i = 1; i < kMaxHeader; ++i) {
    if (i >= head.size()) return std::nullopt;
    remaining |= static_cast<std::size_t>(head[i] & 0x7F) << (7 * (i - 1));
    if ((head[i] & 0x80) != 0) continue;
    const std::size_t length = 1 + i + remaining;
    if (length <= limit) return length;
    Text<64> detail("a packet of ");
    detail.add_uint(length).add(" bytes was announced");
    return fail(packet_too_large, {}, detail);
  }
  return fail(malformed_packet, {}, "the length of a packet has more than four bytes");
}

/// As packet_length(), with a PUBLISH allowed to be larger than the memory.
Result<std::optional<std::size_t>> PacketReader::length_of(Bytes head) const {
  const bool is_publish = !head.empty() && head[0] >> 4 == 3;
  return packet_length(head, is_publish ? std::max(memory_.size(), kMaxSkipped) : memory_.size());
}

PacketReader::Step PacketReader::skip(Bytes bytes, std::size_t taken) {
  const std::size_t n = std::min(skip_, bytes.size() - taken);
  skip_ -= n;
  return {taken + n, std::nullopt};
}

Result<PacketReader::Step> PacketReader::next(Bytes bytes) {
  if (skip_ > 0) return skip(bytes, 0);
  if (size_ == 0) {
    const auto length = length_of(bytes);
    if (!length) return tl::unexpected<Error>(length.error());
    const std::optional<std::size_t> known = *length;
    if (known && *known > memory_.size()) {
      skip_ = *known;
      return skip(bytes, 0);
    }
    if (known && *known <= bytes.size()) return Step{*known, bytes.first(*known)};
  }
  std::size_t taken = 0;
  const auto collect = [&](std::size_t wanted) {
    const std::size_t n = std::min(wanted, bytes.size() - taken);
    const Bytes piece = bytes.subspan(taken, n);
    std::copy(piece.begin(), piece.end(), memory_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += n;
    taken += n;
  };
  while (true) {
    const auto length = length_of(Bytes(memory_).first(size_));
    if (!length) return tl::unexpected<Error>(length.error());
    const std::optional<std::size_t> known = *length;
    if (known && *known > memory_.size()) {
      skip_ = *known - std::exchange(size_, 0);
      return skip(bytes, taken);
    }
    if (!known) {
      if (taken == bytes.size()) return Step{taken, std::nullopt};
      collect(1);
      continue;
    }
    collect(*known - size_);
    if (size_ < *known) return Step{taken, std::nullopt};
    size_ = 0;
    return Step{taken, Bytes(memory_).first(*known)};
  }
}

}  // namespace meterseal::mqtt
