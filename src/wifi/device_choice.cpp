#include "wifi/device_choice.hpp"

#include "core/text.hpp"
#include "wifi/errors.hpp"

namespace meterseal::wifi {

namespace {

constexpr std::string_view kHexDigits = "0123456789ABCDEF";
constexpr std::uint32_t kNeeded = kCanBeAccessPoint | kCanRsn | kCanCcmp;

/// From what is nearest to an access point to what is farthest.
enum class Fit : std::uint8_t {
  fits,
  in_use,
  not_ready,
  not_capable,
  not_managed
};

Fit fit_of(const Device& device) {
  if (device.state <= kUnmanaged) return Fit::not_managed;
  // Before it is ready NetworkManager may not know what it can do.
  if (device.state <= kUnavailable) return Fit::not_ready;
  if ((device.capabilities & kNeeded) != kNeeded) return Fit::not_capable;
  if (device.state > kActivated) return Fit::not_ready;  // something is just ending
  if (device.state != kDisconnected || device.networks_in_reach > 0) return Fit::in_use;
  return Fit::fits;
}

Error refusal(Fit fit, const Device& device) {
  switch (fit) {
    case Fit::fits: break;
    case Fit::in_use:
      return make_error(device_in_use, device.interface,
                        device.state == kDisconnected ? "a Wi-Fi network that NetworkManager knows is in reach"
                                                      : "this Wi-Fi device has a connection, which is not taken away");
    case Fit::not_ready:
      return make_error(device_not_ready, device.interface, "this Wi-Fi device is switched off or not ready");
    case Fit::not_capable:
      return make_error(not_capable, device.interface, "this Wi-Fi device cannot be an encrypted access point");
    case Fit::not_managed:
      return make_error(no_device, device.interface, "NetworkManager does not manage this Wi-Fi device");
  }
  return make_error(no_device, "NetworkManager", "there is no Wi-Fi device");
}

}  // namespace

Result<Device> choose(std::span<const Device> devices) {
  const Device* nearest = nullptr;
  for (const Device& device : devices) {
    if (fit_of(device) == Fit::fits) return device;
    if (nearest == nullptr || fit_of(device) < fit_of(*nearest)) nearest = &device;
  }
  return tl::unexpected(
      refusal(nearest == nullptr ? Fit::fits : fit_of(*nearest), nearest == nullptr ? Device{} : *nearest));
}

std::string network_name(std::string_view mac) {
  std::string digits;
  for (const char c : mac) {
    if (kHexDigits.find(to_upper(c)) != std::string_view::npos) digits += to_upper(c);
  }
  return digits.size() == 12 ? "Meterseal-" + digits.substr(8) : "Meterseal";
}

}  // namespace meterseal::wifi
