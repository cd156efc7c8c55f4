#pragma once

// Which program this is. Thread: any.

#include <string_view>

namespace meterseal::app {

[[nodiscard]] std::string_view program_version();      ///< "0.1.0"
[[nodiscard]] std::string_view tls_library_version();  ///< of OpenSSL, as it was when this was built: "3.0.17"

}  // namespace meterseal::app
