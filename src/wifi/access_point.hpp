#pragma once

// A Wi-Fi access point that this device opens for a while, so that a phone can reach the page of the first set-up where
// there is no other network. What it is as an interface: NetworkManager does it in host/, tests have a fake. An access
// point without encryption cannot be expressed: there is none without a Key, and no Protection below WPA2.
//
// Ownership: the one who opens it; with the object the access point is gone. Thread: loop thread.

#include <cstdint>
#include <functional>
#include <string>

#include "core/result.hpp"
#include "secrets/cryptography.hpp"

namespace meterseal::wifi {

enum class Protection : std::uint8_t {
  wpa3,  ///< SAE: a key can only be tried at the access point itself
  wpa2   ///< PSK: who records somebody joining can try keys at home; harmless against 100 random bits
};

/// 100 random bits as a person types them into a phone: "7qk3m-0zt9x-...", lower case, without I, L, O and U.
class Key {
 public:
  [[nodiscard]] static Key make(secrets::Cryptography& cryptography);
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  explicit Key(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

struct Opened {
  std::string name;       ///< SSID
  std::string interface;  ///< "wlan0"
  std::string address;    ///< of this device in it, "10.42.0.1"
  Protection protection = Protection::wpa3;
  std::string why_not_wpa3;  ///< empty with WPA3
};

class AccessPoint {
 public:
  using Told = std::function<void(const Result<Opened>&)>;

  /// Closes it.
  virtual ~AccessPoint() = default;
  /// Once per object. `told` is called later: that it is open or why it is not, and where it was open and ended by
  /// itself, once more (wifi::access_point_lost). Never after close().
  virtual void open(const Key& key, Told told) = 0;
  /// Does not wait for the end.
  virtual void close() = 0;
};

}  // namespace meterseal::wifi
