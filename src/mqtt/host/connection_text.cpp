#include "mqtt/host/connection_text.hpp"

#include "trust/pin.hpp"

namespace meterseal::mqtt::host {

namespace {

std::string text_of(const trust::Trusted& trusted) {
  const std::string slot = trusted.slot() == 0 ? "" : " (slot " + std::to_string(trusted.slot()) + ")";
  switch (trusted.by()) {
    case trust::TrustedBy::pin_certificate: return "certificate fingerprint" + slot;
    case trust::TrustedBy::pin_key: return "key fingerprint" + slot;
    case trust::TrustedBy::pin_tasmota_key: return "Tasmota's key fingerprint" + slot;
    case trust::TrustedBy::same_key: return "the same key as the fingerprint's former certificate" + slot;
    case trust::TrustedBy::same_ca: return "the same CA and name as the fingerprint's former certificate" + slot;
    case trust::TrustedBy::learned: return "learned fingerprint";
    case trust::TrustedBy::ca: return "CA and name";
    case trust::TrustedBy::ca_and_pin: return "CA, name and fingerprint" + slot;
  }
  return {};
}

std::string date_of(UtcTime time) {
  const CivilDate date = civil_utc(time).date;
  std::array<char, 24> memory{};
  TextWriter text(memory);
  text.add_int(date.year).add('-').add_padded(date.month, 2).add('-').add_padded(date.day, 2);
  return std::string(text.view());
}

}  // namespace

std::string connected_text(const std::string& broker, const trust::host::TlsClient* tls) {
  return "Connected to " + broker + (tls != nullptr ? " (TLS)" : "");
}

std::string sealed_text(const trust::Trusted& trusted, const trust::host::TlsSummary& summary) {
  std::string text = summary.version + ", " + summary.suite + (summary.resumed ? ", resumed" : "");
  text += ", trusted by " + text_of(trusted) + ", certificate ";
  return text.append(trust::format_sha256(summary.facts.certificate).view());
}

std::optional<std::string> dates_text(const std::string& broker, const trust::Trusted& trusted,
                                      const trust::Facts& facts) {
  if (!trusted.outside_dates()) return std::nullopt;
  const bool too_early = facts.now && *facts.now < facts.not_before;
  return broker + ": the certificate " +
         (too_early ? "is valid only from " + date_of(facts.not_before) + " on"
                    : "has expired on " + date_of(facts.not_after)) +
         "; it is taken because its fingerprint is pinned";
}

std::string plaintext_text(const std::string& broker) {
  return "connecting to " + broker +
         " WITHOUT TLS: user name, password and readings can be read and changed by anyone on the way";
}

std::optional<std::string> served_text(const trust::host::TlsClient* tls) {
  if (tls == nullptr) return std::nullopt;
  const trust::Sha256& served = tls->summary().facts.certificate;
  if (served == trust::Sha256{}) return std::nullopt;
  return "served certificate SHA-256 " + std::string(trust::format_sha256(served).view());
}

}  // namespace meterseal::mqtt::host
