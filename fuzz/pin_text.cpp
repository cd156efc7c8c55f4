// Any text as a fingerprint: it is refused with a reason that can be printed and repeats nothing of it but one
// character, or it is a pin that nobody's certificate has by default and that is shown in a form which reads back.

#include <algorithm>
#include <cstdlib>

#include "trust/errors.hpp"
#include "trust/pin.hpp"

namespace {

using namespace meterseal;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_refusal(const Error& error) {
  require(error.code == trust::pin_malformed && !error.detail.empty() && !error.detail.truncated());
  const std::string_view detail = error.detail.view();
  require(std::all_of(detail.begin(), detail.end(), [](char c) { return c >= ' ' && c <= '~'; }));
}

void check_pin(const trust::Pin& pin) {
  const std::size_t size = pin.kind == trust::PinKind::tasmota_key ? 20 : 32;
  const auto begin = pin.digest.begin();
  const auto end = begin + static_cast<std::ptrdiff_t>(size);
  require(!std::all_of(begin, end, [](std::uint8_t byte) { return byte == 0; }));
  require(!std::all_of(begin, end, [](std::uint8_t byte) { return byte == 0xFF; }));
  require(std::all_of(end, pin.digest.end(), [](std::uint8_t byte) { return byte == 0; }));
  const auto shown = trust::format_pin(pin);
  require(!shown.truncated());
  const auto again = trust::parse_pin(shown);
  require(again && *again == pin);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto pin = trust::parse_pin({reinterpret_cast<const char*>(data), size});
  if (!pin) {
    check_refusal(pin.error());
  } else {
    check_pin(*pin);
  }
  return 0;
}
