#pragma once

// What was set about one broker at run time (MqttFingerprint1, TlsMode, ...), as it is kept between starts. What the
// file declares wins at each start. Pure; thread: any.

#include <string>
#include <string_view>

#include "console/trust_control.hpp"
#include "core/result.hpp"
#include "trust/policy.hpp"

namespace meterseal::app {

[[nodiscard]] std::string encode_trust_setting(const trust::Policy& policy);

/// `declared` with what was set and is not fixed. @return trust_setting_damaged: then the declared one holds
[[nodiscard]] Result<trust::Policy> with_trust_setting(const trust::Policy& declared, const console::FixedByFile& fixed,
                                                       std::string_view setting);

}  // namespace meterseal::app
