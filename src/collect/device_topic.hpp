#pragma once

// Which device a telemetry topic belongs to: the reverse of mqtt::Topics for any device of one FullTopic.
// Value; thread: any (pure). Errors: collect::full_topic_ambiguous.

#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace meterseal::collect {

struct DeviceMessage {
  std::string device;  ///< what stands for %topic%
  std::string name;    ///< last level: "SENSOR", "HISTORY", "LOSS"
};

class DeviceTopic {
 public:
  /// @param full_topic  "%prefix%/%topic%/": both tokens, each once, each a whole level
  [[nodiscard]] static Result<DeviceTopic> make(std::string_view full_topic);

  /// Of a topic under the prefix tele; nullopt: it is none of this form.
  [[nodiscard]] std::optional<DeviceMessage> read(std::string_view topic) const;
  /// The one filter that catches them all.
  [[nodiscard]] std::string filter() const;
  /// `cmnd/<device>/<name>`
  [[nodiscard]] std::string command(std::string_view device, std::string_view name) const;

 private:
  DeviceTopic(std::string before, std::string after) : before_(std::move(before)), after_(std::move(after)) {}
  [[nodiscard]] static std::string with_prefix(std::string_view part, std::string_view prefix);

  std::string before_;  ///< up to %topic%, with %prefix% or without
  std::string after_;   ///< from behind %topic%, begins and ends with '/'
};

}  // namespace meterseal::collect
