#include "trust/host/plaintext_peer.hpp"

namespace meterseal::trust::host {

namespace {

/// Record types of a server that answers a ClientHello: handshake, or alert. Major version 3 stands in every record.
/// @source RFC 8446, 5.1
constexpr std::uint8_t kAlert = 21;
constexpr std::uint8_t kHandshake = 22;
constexpr std::uint8_t kMajorVersion = 3;

bool begins(Bytes bytes, std::string_view with) {
  return as_text(bytes).substr(0, with.size()) == with;
}

}  // namespace

std::optional<std::string_view> plaintext_in(Bytes first) {
  if (first.empty()) return std::nullopt;
  const bool is_record =
      (first[0] == kAlert || first[0] == kHandshake) && (first.size() == 1 || first[1] == kMajorVersion);
  if (is_record) return std::nullopt;
  // CONNACK, DISCONNECT and PINGRESP. @source MQTT 5, 2.1.2
  if (first[0] == 0x20 || first[0] == 0xE0 || first[0] == 0xD0) return "speaks MQTT without TLS";
  if (begins(first, "HTTP/")) return "speaks HTTP without TLS";
  if (begins(first, "SSH-")) return "speaks SSH";
  if (begins(first, "AMQP")) return "speaks AMQP without TLS";
  if (begins(first, "220 ") || begins(first, "220-")) return "speaks SMTP or FTP without TLS";
  return "does not speak TLS";
}

}  // namespace meterseal::trust::host
