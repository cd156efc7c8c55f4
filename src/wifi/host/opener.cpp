#include "wifi/host/opener.hpp"

#include <poll.h>

#include "wifi/errors.hpp"

namespace meterseal::wifi::host {

namespace {

constexpr const char* kManagerPath = "/org/freedesktop/NetworkManager";
/// @source NetworkManager 1.42, nm-dbus-interface.h, NM_DEVICE_TYPE_WIFI
constexpr std::uint32_t kWifi = 2;
/// @source NetworkManager 1.42, nm-dbus-interface.h, NMActiveConnectionState
constexpr std::uint32_t kActive = 2;

constexpr milliseconds kStep{250};
constexpr int kStartUpSteps = 240;     // 60 s: at boot it looks for its own networks first
constexpr int kDeviceSteps = 80;       // 20 s: the adapter of a host that has just started
constexpr int kActivationSteps = 240;  // 60 s: wpa_supplicant gives up after 25 s
constexpr int kAddressSteps = 40;
constexpr milliseconds kLookAfter{5000};

/// @source NetworkManager 1.42, nm-dbus-interface.h, NMDeviceStateReason
std::string reason_text(std::uint32_t reason) {
  switch (reason) {
    case 0: return "NetworkManager has ended it";
    case 4: return "the device could not be configured";
    case 5:
    case 18:
    case 19: return "no addresses could be shared: dnsmasq cannot be started";
    case 8:
    case 9:
    case 10:
    case 11: return "wpa_supplicant could not open it";
    case 35: return "the firmware of the adapter is missing";
    default: return "NetworkManager gives reason " + std::to_string(reason);
  }
}

bool is_about_this_try(const Error& error) {
  return error.code == start_failed;
}

}  // namespace

bool Opener::is_stopped() const {
  pollfd asked{stop_, POLLIN, 0};
  return ::poll(&asked, 1, 0) > 0;
}

Result<Opened> Opener::open(const Key& key) {
  if (auto started = await_start_up(); !started) return tl::unexpected(started.error());
  auto device = find_device();
  if (!device) return tl::unexpected(device.error());
  if (auto watched = bus_.watch(device->path); !watched) return tl::unexpected(watched.error());
  std::string why_not = radio_(device->interface);
  if (why_not.empty()) {
    auto opened = start(*device, key, Protection::wpa3);
    if (opened || !is_about_this_try(opened.error()) || is_stopped()) return opened;
    why_not = opened.error().detail.view();
  }
  auto opened = start(*device, key, Protection::wpa2);
  if (opened) opened->why_not_wpa3 = why_not;
  return opened;
}

Result<void> Opener::await_start_up() {
  for (int i = 0;; ++i) {
    const auto is_starting = bus_.flag(kManagerPath, "", "Startup");
    if (!is_starting) return tl::unexpected(is_starting.error());
    // A device that never comes up must not keep the others waiting for ever.
    if (!*is_starting || i == kStartUpSteps || is_stopped()) return {};
    bus_.wait(stop_, kStep);
  }
}

Result<Device> Opener::find_device() {
  for (int i = 0;; ++i) {
    const auto found = devices();
    if (!found) return tl::unexpected(found.error());
    auto chosen = choose(*found);
    if (chosen || chosen.error().code != device_not_ready || i == kDeviceSteps || is_stopped()) return chosen;
    bus_.wait(stop_, kStep);
  }
}

Result<std::vector<Device>> Opener::devices() {
  const auto all = bus_.paths(kManagerPath, "", "Devices");
  if (!all) return tl::unexpected(all.error());
  std::vector<Device> wifi;
  for (const std::string& path : *all) {
    // One that was unplugged between two questions is left out.
    if (bus_.number(path, ".Device", "DeviceType").value_or(0) != kWifi) continue;
    Device device{path,
                  bus_.text(path, ".Device", "Interface").value_or(""),
                  bus_.text(path, ".Device", "HwAddress").value_or(""),
                  bus_.number(path, ".Device", "State").value_or(0),
                  bus_.number(path, ".Device.Wireless", "WirelessCapabilities").value_or(0),
                  bus_.paths(path, ".Device", "AvailableConnections").value_or(std::vector<std::string>{""}).size()};
    wifi.push_back(std::move(device));
  }
  return wifi;
}

Result<Opened> Opener::start(const Device& device, const Key& key, Protection protection) {
  const std::string name = network_name(device.mac);
  auto active = bus_.activate(network_settings(name, device.interface, key, protection), device.path);
  if (!active) return tl::unexpected(active.error());
  active_ = *active;
  if (auto activated = await_activation(device); !activated) {
    close();
    return tl::unexpected(activated.error());
  }
  const auto address = await_address(device);
  if (!address) {
    close();
    return tl::unexpected(address.error());
  }
  return Opened{name, device.interface, *address, protection, {}};
}

Result<void> Opener::await_activation(const Device& device) {
  for (int i = 0; i < kActivationSteps && !is_stopped(); ++i) {
    const auto state = bus_.number(active_, ".Connection.Active", "State");
    if (state && *state == kActive) return {};
    // Its object goes with it.
    if (!state || *state > kActive) {
      bus_.wait(stop_, milliseconds{0});
      return fail(start_failed, device.interface, reason_text(bus_.failure_of_device()));
    }
    bus_.wait(stop_, kStep);
  }
  return fail(start_failed, device.interface,
              is_stopped() ? "it was not waited for" : "it did not open within a minute");
}

Result<std::string> Opener::await_address(const Device& device) {
  for (int i = 0; i < kAddressSteps && !is_stopped(); ++i) {
    const auto config = bus_.path(active_, ".Connection.Active", "Ip4Config");
    if (config && *config != "/") {
      if (auto address = bus_.first_address(*config); address && !address->empty()) return address;
    }
    bus_.wait(stop_, kStep);
  }
  return fail(start_failed, device.interface, "it has no address");
}

Result<void> Opener::look_after() {
  bus_.wait(stop_, kLookAfter);
  if (is_stopped()) return {};
  const auto state = bus_.number(active_, ".Connection.Active", "State");
  if (state && *state == kActive) return {};
  active_.clear();
  return fail(access_point_lost, "NetworkManager", reason_text(bus_.failure_of_device()));
}

void Opener::close() {
  if (!active_.empty()) bus_.deactivate(active_);
  active_.clear();
}

}  // namespace meterseal::wifi::host
