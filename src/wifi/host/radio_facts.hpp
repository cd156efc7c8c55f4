#pragma once

// Can a Wi-Fi adapter be a WPA3 access point? NetworkManager does not say; the kernel does (nl80211). Some adapters,
// that of the Raspberry Pi among them, open one that nobody can join. Thread: any. Blocks 1 s at most.

#include <string>

#include "core/bytes.hpp"

namespace meterseal::wifi::host {

struct RadioFacts {
  bool is_known = false;
  bool has_own_sme = false;      ///< the firmware lets stations in, not wpa_supplicant
  bool can_offload_sae = false;  ///< and knows SAE
  bool can_bip = false;          ///< protects management frames, without which there is no WPA3
};

/// One message of the kernel's answer, from its first attribute on.
void take_in(Bytes attributes, RadioFacts& facts);
/// Empty: nothing speaks against it, or nothing is known.
[[nodiscard]] std::string why_not_wpa3(const RadioFacts& facts);
[[nodiscard]] RadioFacts read_radio_facts(const std::string& interface);

}  // namespace meterseal::wifi::host
