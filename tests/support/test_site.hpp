#pragma once

// A small valid configuration, one setting a line, so that a test can spoil exactly one of them and name the line.

#include <string>
#include <string_view>
#include <vector>

namespace meterseal::test {

inline const std::string kSite = R"([device]
topic = "emon_1"
[mqtt]
hosts = ["broker.example.com:8883"]
[mqtt.tls]
mode = "ca"
[[bus]]
device = "/dev/ttyUSB0"
[[bus.meter]]
address = 1
profile = "sdm630"
name = "main"
)";

inline const std::string kPin =
    "AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99";

inline const std::vector<std::string> kProfiles{"SDM630", "SDM630-Modbus", "SDM120", "PZEM-004T-V3"};

/// `text` with the first `from` replaced; `from` must be there.
inline std::string changed(std::string text, std::string_view from, std::string_view to) {
  return text.replace(text.find(from), from.size(), to);
}

}  // namespace meterseal::test
