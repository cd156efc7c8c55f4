#pragma once

// Error codes of the room collect (650-679). Rows: docs/errors.md

#include "core/result.hpp"

namespace meterseal::collect {

inline constexpr Code store_failed{650, ErrorClass::retry, "collect_store_failed",
                                   "check the disk or the database server; nothing is confirmed until it is mended"};
inline constexpr Code store_unusable{651, ErrorClass::refuse, "collect_store_unusable",
                                     "name a file of this program or an empty one, or a database that may be written"};
inline constexpr Code full_topic_ambiguous{652, ErrorClass::refuse, "collect_full_topic_ambiguous",
                                           "use the FullTopic of the devices, such as %prefix%/%topic%/"};
inline constexpr Code message_malformed{653, ErrorClass::refuse, "collect_message_malformed",
                                        "look at what publishes on this topic: it is no telemetry of a device"};

}  // namespace meterseal::collect
