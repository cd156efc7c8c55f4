#pragma once

// Error codes of the room mqtt. 300-349 connection and protocol, 350-399 topics and payloads. Rows: docs/errors.md

#include "core/result.hpp"

namespace meterseal::mqtt {

// 350-399: topics and payloads
inline constexpr Code topic_invalid{350, ErrorClass::refuse, "mqtt_topic_invalid",
                                    "use letters, digits, '-', '_' and single '/' between the levels"};
inline constexpr Code full_topic_invalid{351, ErrorClass::refuse, "mqtt_full_topic_invalid",
                                         "use the form %prefix%/%topic%/ with levels of your own where wanted"};
inline constexpr Code payload_too_large{352, ErrorClass::refuse, "mqtt_payload_too_large",
                                        "read fewer registers (read = \"telemetry\") or use a second device topic"};

}  // namespace meterseal::mqtt
