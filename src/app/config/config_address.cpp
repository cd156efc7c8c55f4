#include "app/config/config_address.hpp"

#include <arpa/inet.h>

#include <algorithm>

#include "core/text.hpp"

namespace meterseal::app {

namespace {

using Fault = tl::unexpected<std::string>;

bool is_ipv6(const std::string& text) {
  in6_addr address{};
  return inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

bool is_ipv4(const std::string& text) {
  in_addr address{};
  return inet_pton(AF_INET, text.c_str(), &address) == 1;
}

bool is_label_character(char c) {
  // The underscore is no host-name character, but names of container networks have it.
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/// @source RFC 1123, 2.1 and RFC 1035, 2.3.4: labels of 1 to 63, 253 altogether
bool is_dns_name(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  while (true) {
    const std::size_t dot = name.find('.');
    const std::string_view label = name.substr(0, dot);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    if (!std::all_of(label.begin(), label.end(), is_label_character)) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

/// Digits and dots only: meant as an address, never looked up as a name.
bool looks_like_ipv4(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

tl::expected<std::uint16_t, std::string> port_of(std::string_view text) {
  std::uint64_t port = 0;
  if (!parse_decimal(text, 1, 65'535, port)) return Fault("has no port between 1 and 65535 after the colon");
  return static_cast<std::uint16_t>(port);
}

tl::expected<HostPort, std::string> bracketed(std::string_view text, std::uint16_t default_port) {
  const std::size_t end = text.find(']');
  if (end == std::string_view::npos) return Fault("has an opening bracket without a closing one");
  HostPort address{std::string(text.substr(1, end - 1)), default_port};
  if (!is_ipv6(address.host)) return Fault("has no IPv6 address in its brackets");
  const std::string_view rest = text.substr(end + 1);
  if (rest.empty()) return address;
  if (rest.front() != ':') return Fault("has text behind the brackets that is no port");
  return port_of(rest.substr(1)).map([&](std::uint16_t port) { return HostPort{address.host, port}; });
}

}  // namespace

tl::expected<HostPort, std::string> parse_host_port(std::string_view text, std::uint16_t default_port) {
  if (text.empty()) return Fault("is empty");
  if (text.find("://") != std::string_view::npos) return Fault("is a URL; write HOST:PORT only");
  if (text.front() == '[') return bracketed(text, default_port);
  const std::size_t colon = text.find(':');
  if (colon != text.rfind(':'))
    return Fault("has several colons; write an IPv6 address in brackets: [2001:db8::1]:8883");

  HostPort address{{}, default_port};
  for (const char c : text.substr(0, colon)) address.host.push_back(to_lower(c));
  if (address.host.empty()) return Fault("has no host");
  const bool good = looks_like_ipv4(address.host) ? is_ipv4(address.host) : is_dns_name(address.host);
  if (!good) return Fault("is neither a host name nor an IP address");
  if (colon == std::string_view::npos) return address;
  const auto port = port_of(text.substr(colon + 1));
  if (!port) return Fault(port.error());
  address.port = *port;
  return address;
}

std::string format(const HostPort& address) {
  const bool ipv6 = address.host.find(':') != std::string::npos;
  return (ipv6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

}  // namespace meterseal::app
