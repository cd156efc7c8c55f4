#pragma once

// The topics of this device, built from FullTopic and Topic as Tasmota builds them: `%prefix%/%topic%/` gives
// `cmnd/emon_1/STATUS`, `stat/emon_1/RESULT`, `tele/emon_1/SENSOR`. The last level is upper case.
//
// Where Tasmota repairs a text silently ('#' removed, ' ' replaced, "//" collapsed), this refuses it: a topic that is
// not the one in the file would be noticed by nobody but the dashboard that stays empty.
// Owner: values. Thread: any. Bounds: 150 bytes a topic. Errors: topic_invalid, full_topic_invalid.

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/result.hpp"
#include "core/text.hpp"

namespace meterseal::mqtt {

/// @source Tasmota 15.2: topic buffer 151 bytes with its end mark, FullTopic 100 characters, command name 23 characters
inline constexpr std::size_t kMaxTopic = 150;
inline constexpr std::size_t kMaxFullTopic = 100;
inline constexpr std::size_t kMaxCommandName = 23;
using TopicText = Text<kMaxTopic>;

inline constexpr std::string_view kDefaultFullTopic = "%prefix%/%topic%/";

/// The word that stands for %prefix%.
enum class Prefix : std::uint8_t {
  cmnd,
  stat,
  tele
};

class Topics {
 public:
  /// @param full_topic  levels, %prefix% and %topic%; one '/' at its end is added where missing
  /// @param topic       stands for %topic%; may have several levels
  /// @return topic_invalid or full_topic_invalid with what is wrong in the detail
  [[nodiscard]] static Result<Topics> make(std::string_view full_topic, std::string_view topic);

  /// `of(Prefix::tele, "Sensor")` is "tele/emon_1/SENSOR".
  /// @param name  at most kMaxCommandName characters
  [[nodiscard]] TopicText of(Prefix prefix, std::string_view name) const;

  /// The one filter to subscribe: commands to this device. There is no group and no fall-back topic, which anybody
  /// with publish right could guess.
  [[nodiscard]] TopicText command_filter() const;

  /// The command in an incoming topic: "STATUS0" of "cmnd/emon_1/STATUS0"; nullopt when it is none of this device's.
  /// @param topic  the result points into it
  [[nodiscard]] std::optional<std::string_view> command_in(std::string_view topic) const;

  [[nodiscard]] std::string_view topic() const { return topic_; }
  [[nodiscard]] std::string_view full_topic() const { return full_topic_; }  ///< ends with '/'

  /// False: cmnd, stat and tele share their levels, which Home Assistant refuses.
  [[nodiscard]] bool is_prefixed() const;

 private:
  Topics(std::string_view full_topic, std::string_view topic) : full_topic_(full_topic), topic_(topic) {}
  [[nodiscard]] TopicText base(Prefix prefix) const;

  Text<kMaxFullTopic> full_topic_;
  Text<kMaxFullTopic> topic_;
};

}  // namespace meterseal::mqtt
