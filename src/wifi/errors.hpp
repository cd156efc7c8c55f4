#pragma once

// Error codes of the room wifi (680-699). Rows: docs/errors.md

#include "core/result.hpp"

namespace meterseal::wifi {

inline constexpr Code bus_unreachable{680, ErrorClass::refuse, "wifi_bus_unreachable",
                                      "install dbus and network-manager, or reach the page by cable"};
inline constexpr Code manager_missing{
    681, ErrorClass::refuse, "wifi_manager_missing",
    "start NetworkManager (systemctl start NetworkManager), or reach the page by cable"};
inline constexpr Code no_device{
    682, ErrorClass::refuse, "wifi_no_device",
    "plug in a Wi-Fi adapter that NetworkManager manages (nmcli device), or reach the page by cable"};
inline constexpr Code not_capable{
    683, ErrorClass::refuse, "wifi_not_capable",
    "take a Wi-Fi adapter that can be an access point (iw list: AP, CCMP), or use the cable"};
inline constexpr Code device_in_use{684, ErrorClass::refuse, "wifi_device_in_use",
                                    "reach the page over the network that this device has already"};
inline constexpr Code device_not_ready{685, ErrorClass::refuse, "wifi_device_not_ready",
                                       "check rfkill, the package wpasupplicant and the firmware of the Wi-Fi adapter"};
inline constexpr Code not_allowed{686, ErrorClass::refuse, "wifi_not_allowed",
                                  "give the user of the service the polkit rule of docs/web.md, First set-up by Wi-Fi"};
inline constexpr Code start_failed{687, ErrorClass::retry, "wifi_start_failed",
                                   "read journalctl -u NetworkManager; sharing needs the package dnsmasq-base"};
inline constexpr Code access_point_lost{688, ErrorClass::retry, "wifi_access_point_lost",
                                        "start the program again: it then opens one with a new key"};
inline constexpr Code page_elsewhere{689, ErrorClass::refuse, "wifi_page_elsewhere",
                                     "serve the page of the set-up on 0.0.0.0 (--setup-listen)"};

}  // namespace meterseal::wifi
