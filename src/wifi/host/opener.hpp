#pragma once

// The whole course of an access point at NetworkManager: waits until it has started, chooses the device, tries WPA3,
// falls back to WPA2, reads the address, later looks whether it still stands. Blocks, and ends soon after `stop` can be
// read. The bus and what the radio can do are given, so that a test has its own.
//
// Thread: the worker of access_point.cpp.

#include <functional>
#include <string>

#include "wifi/access_point.hpp"
#include "wifi/device_choice.hpp"
#include "wifi/host/bus.hpp"

namespace meterseal::wifi::host {

class Opener {
 public:
  /// @return why an interface cannot do WPA3 as an access point; empty: it may be able to
  using Radio = std::function<std::string(const std::string& interface)>;

  /// @param stop  a descriptor that can be read once it shall end
  Opener(Bus& bus, Radio radio, int stop) : bus_(bus), radio_(std::move(radio)), stop_(stop) {}

  [[nodiscard]] Result<Opened> open(const Key& key);
  /// Waits 5 s, or until `stop`. @return access_point_lost: somebody has ended it
  [[nodiscard]] Result<void> look_after();
  void close();
  [[nodiscard]] bool is_stopped() const;

 private:
  [[nodiscard]] Result<void> await_start_up();
  [[nodiscard]] Result<Device> find_device();
  [[nodiscard]] Result<std::vector<Device>> devices();
  [[nodiscard]] Result<Opened> start(const Device& device, const Key& key, Protection protection);
  [[nodiscard]] Result<void> await_activation(const Device& device);
  [[nodiscard]] Result<std::string> await_address(const Device& device);

  // constant after construction
  Bus& bus_;
  const Radio radio_;
  const int stop_;

  // worker only
  std::string active_;  ///< the active connection's object; empty: none
};

}  // namespace meterseal::wifi::host
