#pragma once

// Cuts a stream of bytes into packets. A packet that lies whole in the bytes given is handed out where it lies; only
// one that comes in pieces is collected in the caller's memory, whose size is the largest packet accepted. No heap.
// A larger PUBLISH is passed over, up to kMaxSkipped: else one retained message, which anybody with publish right can
// leave, would end every connection as soon as it stands. Any other larger packet is an error.
// Thread: value, any. Errors: malformed_packet, packet_too_large; after one the stream is of no more use.

#include <optional>
#include <span>

#include "core/bytes.hpp"
#include "core/result.hpp"

namespace meterseal::mqtt {

class PacketReader {
 public:
  static constexpr std::size_t kMaxSkipped = std::size_t{16} * 1024 * 1024;

  /// @param memory  must outlive the reader
  explicit PacketReader(std::span<std::uint8_t> memory) : memory_(memory) {}

  struct Step {
    std::size_t taken = 0;        ///< of the bytes given
    std::optional<Bytes> packet;  ///< a whole one, valid while the bytes given are and until the next call
  };
  /// At most one packet; call again with the rest.
  [[nodiscard]] Result<Step> next(Bytes bytes);

  void reset() { size_ = skip_ = 0; }
  [[nodiscard]] bool is_within_packet() const { return size_ != 0 || skip_ != 0; }

 private:
  [[nodiscard]] Result<std::optional<std::size_t>> length_of(Bytes head) const;
  [[nodiscard]] Step skip(Bytes bytes, std::size_t taken);

  std::span<std::uint8_t> memory_;
  std::size_t size_ = 0;  ///< of the packet that is being collected
  std::size_t skip_ = 0;  ///< bytes to come of a packet that is passed over
};

/// Length of the packet that begins with `head`, header included; nullopt: more bytes are needed to know.
/// @return malformed_packet, packet_too_large (longer than `limit`)
[[nodiscard]] Result<std::optional<std::size_t>> packet_length(Bytes head, std::size_t limit);

}  // namespace meterseal::mqtt
