#include "trust/host/peer_name.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "core/text.hpp"

namespace meterseal::trust::host {

namespace {

constexpr std::size_t kMaxName = 253;  ///< @source RFC 1035, 2.3.4
constexpr std::size_t kMaxLabel = 63;
constexpr std::string_view kWildcard = "*.";

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > kMaxLabel || label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(), [](char c) {
    // The underscore is no letter of host names, but of names that people give to machines.
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

bool are_labels(std::string_view name) {
  if (name.empty() || name.size() > kMaxName) return false;
  while (true) {
    const std::size_t dot = name.find('.');
    if (!is_label(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

bool is_number(std::string_view label) {
  return !label.empty() && std::all_of(label.begin(), label.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view view_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

bool matches_dns(std::string_view dns, std::string_view presented) {
  if (!is_dns_name(presented)) return false;
  if (!is_wildcard(presented)) return equals_ignoring_case(dns, presented);
  const std::size_t dot = dns.find('.');
  return dot != std::string_view::npos && equals_ignoring_case(dns.substr(dot), presented.substr(1));
}

}  // namespace

std::optional<PeerName> parse_peer_name(std::string_view host) {
  const std::string text(host);
  std::array<unsigned char, 16> bytes{};
  if (text.size() != std::char_traits<char>::length(text.c_str())) return std::nullopt;
  if (::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return PeerName{{}, {bytes.begin(), bytes.begin() + 4}};
  if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return PeerName{{}, {bytes.begin(), bytes.end()}};
  if (host.ends_with('.')) host.remove_suffix(1);
  if (!are_labels(host)) return std::nullopt;
  // "127.1" and "10.0.0.256" are addresses to some resolvers and names to others.
  if (is_number(host.substr(host.find_last_of('.') + 1))) return std::nullopt;
  PeerName name;
  name.dns.assign(host);
  std::transform(name.dns.begin(), name.dns.end(), name.dns.begin(), to_lower);
  return name;
}

bool is_wildcard(std::string_view presented) {
  return presented.starts_with(kWildcard);
}

bool is_dns_name(std::string_view presented) {
  if (!is_wildcard(presented)) return are_labels(presented);
  presented.remove_prefix(kWildcard.size());
  return are_labels(presented) && presented.find('.') != std::string_view::npos;
}

bool matches(const PeerName& name, const GENERAL_NAMES* alternative_names) {
  for (int i = 0; i < sk_GENERAL_NAME_num(alternative_names); ++i) {
    const GENERAL_NAME* candidate = sk_GENERAL_NAME_value(alternative_names, i);
    if (candidate->type == GEN_DNS && !name.dns.empty() && matches_dns(name.dns, view_of(candidate->d.dNSName))) {
      return true;
    }
    if (candidate->type == GEN_IPADD && !name.address.empty()) {
      const std::string_view presented = view_of(candidate->d.iPAddress);
      if (std::equal(presented.begin(), presented.end(), name.address.begin(), name.address.end(),
                     [](char a, unsigned char b) { return static_cast<unsigned char>(a) == b; })) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace meterseal::trust::host
