#include "wifi/network_settings.hpp"

namespace meterseal::wifi {

namespace {

/// Protection of management frames. @source NetworkManager 1.42, NMSettingWirelessSecurityPmf
constexpr std::int32_t kPmfOff = 1;
constexpr std::int32_t kPmfRequired = 3;
/// @source NetworkManager 1.42, NMSettingWirelessSecurityWpsMethod: a push button lets in whoever is there at that time
constexpr std::uint32_t kWpsOff = 1;

}  // namespace

// WPA2 without protected management frames on purpose: with them NetworkManager offers SAE beside PSK (transition
// mode), and phones choose it, on just the radio that cannot do it. @source NetworkManager 1.42, nm-supplicant-config.c
std::vector<SettingGroup> network_settings(const std::string& name, const std::string& interface, const Key& key,
                                           Protection protection) {
  const bool is_wpa3 = protection == Protection::wpa3;
  const std::vector<std::string> ccmp{"ccmp"};
  return {
      {"connection",
       {{"id", name}, {"type", std::string("802-11-wireless")}, {"interface-name", interface}, {"autoconnect", false}}},
      {"802-11-wireless", {{"ssid", RawBytes{name}}, {"mode", std::string("ap")}}},
      {"802-11-wireless-security",
       {{"key-mgmt", std::string(is_wpa3 ? "sae" : "wpa-psk")},
        {"psk", key.text()},
        {"proto", std::vector<std::string>{"rsn"}},
        {"pairwise", ccmp},
        {"group", ccmp},
        {"pmf", is_wpa3 ? kPmfRequired : kPmfOff},
        {"wps-method", kWpsOff}}},
      {"ipv4", {{"method", std::string("shared")}}},
      {"ipv6", {{"method", std::string("disabled")}}},
  };
}

}  // namespace meterseal::wifi
