#pragma once

// What a person looks at to see that a meter is read as it should be. Thread: loop thread.

#include <string>

#include "app/agent/meter_reader.hpp"

namespace meterseal::app {

/// {"answers":true,"values":[{"name":"Voltage","value":"231.4 V"},...]}
[[nodiscard]] std::string values_json(MeterReader& reader, Instant now);

}  // namespace meterseal::app
