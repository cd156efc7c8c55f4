#pragma once

// Who has a device open, for the error message of a device that is busy. Thread: the loop thread, some milliseconds.

#include <string>

namespace meterseal::meter::host {

/// "mbusd (process 812)", or empty when nobody is seen: processes of other users show only to root.
[[nodiscard]] std::string holder_of_device(const std::string& path);

}  // namespace meterseal::meter::host
