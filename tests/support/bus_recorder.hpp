#pragma once

// Keeps what a bus reports.

#include <vector>

#include "meter/host/bus_driver.hpp"

namespace meterseal::test {

class BusRecorder : public meter::host::BusObserver {
 public:
  struct Block {
    std::size_t meter;
    std::size_t request;
    Instant at;
    std::vector<std::uint16_t> words;
  };

  void on_block(std::size_t meter, std::size_t request, Instant at, std::span<const std::uint16_t> words) override {
    blocks.push_back({meter, request, at, {words.begin(), words.end()}});
  }
  void on_identity(std::size_t meter, std::size_t request, Instant at, std::span<const std::uint16_t> words) override {
    identities.push_back({meter, request, at, {words.begin(), words.end()}});
  }
  void on_meter_state(std::size_t, meter::Health health) override { healths.push_back(health); }
  void on_port_state(meter::host::PortState state) override { ports.push_back(state); }

  std::vector<Block> blocks;
  std::vector<Block> identities;
  std::vector<meter::Health> healths;
  std::vector<meter::host::PortState> ports;
};

}  // namespace meterseal::test
