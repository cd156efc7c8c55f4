#include "app/host_facts.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <system_error>
#include <thread>

namespace meterseal::app {

namespace {

std::string first_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  while (!line.empty() && (line.back() == '\0' || line.back() == ' ')) line.pop_back();
  return line;
}

/// The number behind `key` in a file of "Key:   123 kB" lines.
std::uint64_t number_after(const char* path, const std::string& key) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind(key, 0) == 0) return std::strtoull(line.c_str() + key.size(), nullptr, 10);
  }
  return 0;
}

/// The frequency that the processor can reach; of one that has no scaling, as on virtual machines, its only one.
std::uint32_t read_cpu_mhz() {
  const std::string khz = first_line("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq");
  if (!khz.empty()) return static_cast<std::uint32_t>(std::strtoull(khz.c_str(), nullptr, 10) / 1000);
  return static_cast<std::uint32_t>(number_after("/proc/cpuinfo", "cpu MHz\t\t:"));
}

struct DefaultRoute {
  std::string interface;
  std::string gateway;
};

/// @source proc(5), /proc/net/route: interface, destination, gateway, ... in hex, host byte order
DefaultRoute read_default_route() {
  std::ifstream file("/proc/net/route");
  std::string line;
  std::getline(file, line);  // headings
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    std::string name;
    std::string destination;
    std::string gateway;
    fields >> name >> destination >> gateway;
    if (destination != "00000000") continue;
    std::uint32_t raw = 0;
    std::from_chars(gateway.data(), gateway.data() + gateway.size(), raw, 16);
    in_addr address{};
    address.s_addr = raw;
    char text[INET_ADDRSTRLEN] = "";
    inet_ntop(AF_INET, &address, text, sizeof text);
    return {name, text};
  }
  return {};
}

std::string text_of(const sockaddr* address) {
  char text[INET_ADDRSTRLEN] = "";
  if (address != nullptr && address->sa_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, text, sizeof text);
  }
  return text;
}

void read_address(const std::string& interface, NetworkTexts& network) {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return;
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, &freeifaddrs);
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || entry->ifa_addr->sa_family != AF_INET) continue;
    const bool is_wanted = interface.empty() ? (entry->ifa_flags & IFF_LOOPBACK) == 0 : interface == entry->ifa_name;
    if (!is_wanted) continue;
    network.ip_address = text_of(entry->ifa_addr);
    network.netmask = text_of(entry->ifa_netmask);
    return;
  }
}

void read_name_servers(NetworkTexts& network) {
  std::ifstream file("/etc/resolv.conf");
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    std::string keyword;
    std::string server;
    fields >> keyword >> server;
    if (keyword != "nameserver") continue;
    (network.dns1.empty() ? network.dns1 : network.dns2) = server;
    if (!network.dns2.empty()) return;
  }
}

}  // namespace

MachineTexts read_machine_texts() {
  MachineTexts texts;
  utsname names{};
  if (uname(&names) == 0) {
    texts.hostname = names.nodename;
    texts.kernel = names.release;
    texts.hardware = std::string(names.machine) + ", " + std::to_string(std::thread::hardware_concurrency()) + " cores";
  }
  texts.cpu_mhz = read_cpu_mhz();
  texts.model = first_line("/proc/device-tree/model");
  if (texts.model.empty()) texts.model = first_line("/sys/class/dmi/id/product_name");
  if (texts.model.empty()) texts.model = "Linux gateway";
  return texts;
}

NetworkTexts read_network_texts() {
  NetworkTexts network;
  const DefaultRoute route = read_default_route();
  network.gateway = route.gateway;
  read_address(route.interface, network);
  read_name_servers(network);
  return network;
}

MachineLoad read_machine_load() {
  MachineLoad load;
  load.available_memory_kb = number_after("/proc/meminfo", "MemAvailable:");
  load.program_memory_kb = number_after("/proc/self/status", "VmRSS:");
  double one_minute = 0;
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  if (getloadavg(&one_minute, 1) == 1) load.load_percent = static_cast<std::uint32_t>(one_minute * 100.0 / cores);
  return load;
}

std::uint64_t free_kb(const std::filesystem::path& folder) {
  std::error_code error;
  const auto space = std::filesystem::space(folder, error);
  return error ? 0 : space.available / 1024;
}

}  // namespace meterseal::app
