#pragma once

// A form of the page before it is kept: the broker, the credentials and the trust as they would be after its console
// lines, to be examined by the doctor beside the running connection. Thread: any (pure).

#include <optional>
#include <string>
#include <vector>

#include "app/toolbox/doctor.hpp"

namespace meterseal::app {

/// @param present  the first broker as it is known now, with the credentials of this device
/// @return nullopt: the lines change nothing that could be proved (neither broker nor credentials nor trust, or the
///         broker is reached in clear), or hold what the console will refuse by itself
[[nodiscard]] std::optional<Patient> proposed(Patient present, const std::vector<std::string>& lines);

/// The broker is trusted, or is to be learned, and took the login. Where it takes the device's own client id only, TLS
/// alone is proved, and the check says so.
[[nodiscard]] bool is_proved(const std::vector<Check>& checks);

}  // namespace meterseal::app
