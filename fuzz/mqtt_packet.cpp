// Hostile bytes to the MQTT codec, whole and in pieces. Whatever comes: the same packets are cut from pieces of any
// size, what is read lies within the packet, and what this client could have written itself reads back the same.

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "mqtt/packet_decode.hpp"
#include "mqtt/packet_encode.hpp"
#include "mqtt/packet_reader.hpp"

namespace {

using namespace meterseal;
using namespace meterseal::mqtt;

constexpr std::size_t kMemory = 4096;

void require(bool condition) {
  if (!condition) std::abort();
}

void require_within(std::string_view view, Bytes packet) {
  const auto* begin = reinterpret_cast<const char*>(packet.data());
  require(view.empty() || (view.data() >= begin && view.data() + view.size() <= begin + packet.size()));
}

void require_same(Bytes packet, const std::vector<std::uint8_t>& memory, const ByteWriter& out) {
  require(!out.failed() && out.size() <= memory.size());
  // A length may be longer than it must be in 3.1.1; ours never is.
  if (out.size() == packet.size()) require(std::equal(packet.begin(), packet.end(), out.written().begin()));
  require(out.size() <= packet.size());
}

void look_at(Bytes packet, Version version) {
  const auto decoded = decode_packet(packet, version);
  if (!decoded) return;
  std::vector<std::uint8_t> memory(packet.size() + 8);
  ByteWriter out(memory);
  if (const auto* publish = std::get_if<Publish>(&*decoded)) {
    require_within(publish->topic, packet);
    require_within(publish->payload, packet);
    require(is_topic_name(publish->topic) && (publish->packet_id != 0) == (publish->qos != Qos::at_most_once));
    encode_publish(out, *publish, version);
    require(out.size() == publish_size(*publish, version));
    require_same(packet, memory, out);
  } else if (const auto* ack = std::get_if<Ack>(&*decoded)) {
    require_within(ack->reason, packet);
    require(ack->packet_id != 0);
    if (version == Version::v3_1_1) {
      encode_ack(out, *ack, version);
      require_same(packet, memory, out);
    }
  } else if (const auto* suback = std::get_if<SubAck>(&*decoded)) {
    require_within(as_text(suback->codes), packet);
    require_within(suback->reason, packet);
  } else if (const auto* connack = std::get_if<ConnAck>(&*decoded)) {
    require_within(connack->reason, packet);
    require(connack->receive_maximum > 0 && connack->maximum_packet_size > 0);
  } else if (const auto* disconnect = std::get_if<Disconnect>(&*decoded)) {
    require(version == Version::v5);
    require_within(disconnect->reason, packet);
  }
}

struct Cut {
  std::vector<std::vector<std::uint8_t>> packets;
  std::string error;
};

Cut cut(Bytes input, std::size_t piece) {
  std::vector<std::uint8_t> memory(kMemory);
  PacketReader reader(memory);
  Cut result;
  for (std::size_t at = 0; at < input.size();) {
    const Bytes offered = input.subspan(at, std::min(piece, input.size() - at));
    const auto step = reader.next(offered);
    if (!step) {
      result.error = step.error().code.name;
      return result;
    }
    require(step->taken > 0 && step->taken <= offered.size());
    at += step->taken;
    if (step->packet) {
      require(step->packet->size() <= kMemory);
      result.packets.emplace_back(step->packet->begin(), step->packet->end());
    }
  }
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const Version version = (data[0] & 1) != 0 ? Version::v5 : Version::v3_1_1;
  const Bytes input = Bytes(data, size).subspan(2);
  const Cut whole = cut(input, std::max<std::size_t>(input.size(), 1));
  const Cut pieces = cut(input, 1 + data[1]);
  require(whole.packets == pieces.packets && whole.error == pieces.error);
  for (const auto& packet : whole.packets) look_at(packet, version);
  return 0;
}
