#pragma once

// HOST, HOST:PORT, [IPV6]:PORT as they stand in the configuration file and on the command line. Thread: any (pure).

#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace meterseal::app {

struct HostPort {
  std::string host;  ///< DNS name in lower case, IPv4 literal, or IPv6 literal without brackets
  std::uint16_t port = 0;

  friend bool operator==(const HostPort&, const HostPort&) = default;
};

/// @param default_port  where the text gives none
/// @return or what is wrong with the text, as a clause ("has no host")
[[nodiscard]] tl::expected<HostPort, std::string> parse_host_port(std::string_view text, std::uint16_t default_port);

/// "host:port", an IPv6 address in brackets.
[[nodiscard]] std::string format(const HostPort& address);

}  // namespace meterseal::app
