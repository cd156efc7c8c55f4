#pragma once

// Reads one whole packet from a broker. Every rule of the standard that a receiver can check on the packet alone is
// checked: flags, lengths, identifiers, texts, topics, properties. What a client may send only is a violation here.
// Thread: any (pure). Errors: malformed_packet, protocol_error

#include "core/result.hpp"
#include "mqtt/packet.hpp"

namespace meterseal::mqtt {

/// @param packet  as PacketReader cut it out; views in the result point into it
[[nodiscard]] Result<Incoming> decode_packet(Bytes packet, Version version);

}  // namespace meterseal::mqtt
