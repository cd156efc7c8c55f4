#pragma once

// Error codes of the room outbox, 400-499. Rows: docs/errors.md

#include "core/result.hpp"

namespace meterseal::outbox {

// 400-419: while running
inline constexpr Code store_busy{400, ErrorClass::retry, "outbox_store_busy",
                                 "check the disk under the state directory: it takes seconds for one write"};
inline constexpr Code disk_full{401, ErrorClass::retry, "outbox_disk_full",
                                "free space on the file system of the state directory"};
inline constexpr Code store_failed{402, ErrorClass::retry, "outbox_store_failed",
                                   "check that the file system of the state directory is writable and its disk sound"};
inline constexpr Code record_too_large{403, ErrorClass::bug, "outbox_record_too_large", "report this as a bug"};
inline constexpr Code confirm_malformed{404, ErrorClass::refuse, "outbox_confirm_malformed",
                                        "see who else publishes on the device's CONFIRM topic"};

// 420-439: at the start
inline constexpr Code store_locked{420, ErrorClass::refuse, "outbox_store_locked",
                                   "stop the other meterseal that uses this state directory, or give each its own"};
inline constexpr Code store_newer{421, ErrorClass::refuse, "outbox_store_newer",
                                  "install the newer version again, or move meterseal.db aside to start afresh"};
inline constexpr Code state_unusable{422, ErrorClass::refuse, "outbox_state_unusable",
                                     "give the service a state directory that it owns and nobody else can write to"};

}  // namespace meterseal::outbox
