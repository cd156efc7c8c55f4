#pragma once

// The name under which a peer is configured, and whether a certificate holds it. Only subjectAltName counts: a DNS name
// equals a dNSName label by label, an address equals an iPAddress byte for byte, and neither ever equals the other
// kind. A wildcard is a whole left-most label, stands for exactly one label and leaves at least two. @source RFC 9525,
// 6 Thread: values, any.

#include <openssl/x509v3.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meterseal::trust::host {

struct PeerName {
  std::string dns;                     ///< lower case, without a final dot; empty: it is an address
  std::vector<unsigned char> address;  ///< 4 or 16 bytes; empty: it is a DNS name
};

/// @return nullopt where the text is neither a DNS name in ASCII nor an address
[[nodiscard]] std::optional<PeerName> parse_peer_name(std::string_view host);

[[nodiscard]] bool matches(const PeerName& name, const GENERAL_NAMES* alternative_names);

/// Whether `presented`, as it stands in a certificate, is a DNS name or a wildcard that may name a server.
[[nodiscard]] bool is_dns_name(std::string_view presented);
[[nodiscard]] bool is_wildcard(std::string_view presented);

}  // namespace meterseal::trust::host
