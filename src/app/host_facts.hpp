#pragma once

// What the machine says about itself for STATE, INFO and Status: read from /proc, /sys and the resolver's file, never
// from a command. Everything is best effort: what cannot be read is empty or 0, and no reading depends on it.
// Thread: any. Texts are bounded by what the kernel gives.

#include <cstdint>
#include <filesystem>
#include <string>

#include "core/time.hpp"

namespace meterseal::app {

/// Constant while the program runs.
struct MachineTexts {
  std::string hostname;
  std::string model;     ///< "Raspberry Pi 4 Model B", or the machine architecture
  std::string hardware;  ///< "x86_64, 2 cores"
  std::string kernel;
  std::uint32_t cpu_mhz = 0;
};
[[nodiscard]] MachineTexts read_machine_texts();

/// The interface that leads to the default route.
struct NetworkTexts {
  std::string ip_address;
  std::string gateway;
  std::string netmask;
  std::string dns1;
  std::string dns2;
};
[[nodiscard]] NetworkTexts read_network_texts();

struct MachineLoad {
  std::uint64_t available_memory_kb = 0;
  std::uint64_t program_memory_kb = 0;  ///< resident set of this process
  std::uint32_t load_percent = 0;       ///< of all cores, over the last minute
};
[[nodiscard]] MachineLoad read_machine_load();
[[nodiscard]] std::uint64_t free_kb(const std::filesystem::path& folder);

}  // namespace meterseal::app
