#pragma once

// What a broker that is no free MQTT broker makes of topics and flags. The rest of the program speaks plain MQTT with
// the device's own topics; the dialect translates at the edge of the connection.
//
// azure_iot_hub: a device may publish on one topic only and is spoken to on one only. The own topic travels as the
// property `topic` of the message, and a cloud-to-device message is a command: its property `cmnd` names it, or the
// body is the whole line. Nothing is retained there.
// aws_iot: plain topics, with limits that are checked at start (fault_for_aws).
// Value; thread: loop thread. @source Azure IoT Hub, "Communicate with IoT Hub using the MQTT protocol"; AWS IoT Core
// quotas (topic 256 bytes, 7 slashes, client id 128 bytes)

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt/message.hpp"
#include "mqtt/topics.hpp"

namespace meterseal::mqtt {

enum class Preset : std::uint8_t {
  none,
  aws_iot,
  azure_iot_hub
};

class BrokerDialect {
 public:
  BrokerDialect() = default;
  BrokerDialect(Preset preset, std::string_view client_id);

  /// As it goes to the broker. Also the will.
  [[nodiscard]] Message outgoing(Message message) const;
  /// As the device's own topics would have it; nullopt: nothing for this device.
  [[nodiscard]] std::optional<Message> incoming(Message message, const Topics& topics) const;
  [[nodiscard]] std::vector<std::string> filters(const Topics& topics) const;

 private:
  Preset preset_ = Preset::none;
  std::string events_topic_;  ///< ends with '/', like the next
  std::string commands_topic_;
};

/// Percent-encoding of everything but unreserved characters. @source RFC 3986, 2.1 and 2.3
[[nodiscard]] std::string percent_encoded(std::string_view text);
/// nullopt: a '%' without two hex digits, or a byte that no text holds.
[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text);

/// What AWS IoT Core would close the connection for; empty: nothing.
[[nodiscard]] std::string fault_for_aws(const Topics& topics, std::string_view client_id);

}  // namespace meterseal::mqtt
