// Any bytes as a certificate file for `meterseal tls fingerprint`: refused, or shown on exactly nine lines of printable
// ASCII, whatever stands in its names.

#include <algorithm>
#include <cstdlib>

#include "app/certificate_text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace meterseal;
  const auto report = trust::host::read_certificate({data, size}, "file");
  if (!report) return 0;
  const std::string lines = app::certificate_lines(*report, UtcTime{});
  const auto is_shown = [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); };
  if (std::count(lines.begin(), lines.end(), '\n') != 9) std::abort();
  if (!std::all_of(lines.begin(), lines.end(), is_shown)) std::abort();
  if (app::json_line([&](JsonWriter& json) { app::add_certificate(json, *report, UtcTime{}); }).empty()) std::abort();
  return 0;
}
