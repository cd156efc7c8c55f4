#pragma once

// Cuts a stream of bytes into packets. A packet that lies whole in the bytes given is handed out where it lies; only
// one that comes in pieces is collected in the caller's memory, whose size is the largest packet accepted. No heap.
// Thread: value, any. Errors: malformed_packet, packet_too_large; after one the stream is of no more use.

#include <optional>
#include <span>

#include "core/bytes.hpp"
#include "core/result.hpp"

namespace meterseal::mqtt {

class PacketReader {
 public:
  /// @param memory  must outlive the reader
  explicit PacketReader(std::span<std::uint8_t> memory) : memory_(memory) {}

  struct Step {
    std::size_t taken = 0;        ///< of the bytes given
    std::optional<Bytes> packet;  ///< a whole one, valid while the bytes given are and until the next call
  };
  /// At most one packet; call again with the rest.
  [[nodiscard]] Result<Step> next(Bytes bytes);

  void reset() { size_ = 0; }
  [[nodiscard]] bool is_within_packet() const { return size_ != 0; }

 private:
  std::span<std::uint8_t> memory_;
  std::size_t size_ = 0;  ///< of the packet that is being collected
};

/// Length of the packet that begins with `head`, header included; nullopt: more bytes are needed to know.
/// @return malformed_packet, packet_too_large (longer than `limit`)
[[nodiscard]] Result<std::optional<std::size_t>> packet_length(Bytes head, std::size_t limit);

}  // namespace meterseal::mqtt
