#pragma once

// A broker's certificate to talk about in tests of trust: everything about it is right, and each test spoils what it is
// about. Its times are fixed.

#include <string>

#include "trust/continuity.hpp"

namespace meterseal::test {

inline trust::Sha256 digest(std::uint8_t first) {
  trust::Sha256 digest{};
  for (std::size_t i = 0; i < digest.size(); ++i) digest.at(i) = static_cast<std::uint8_t>(first + i);
  return digest;
}
inline trust::Sha1 short_digest(std::uint8_t first) {
  trust::Sha1 digest{};
  for (std::size_t i = 0; i < digest.size(); ++i) digest.at(i) = static_cast<std::uint8_t>(first + i);
  return digest;
}

inline UtcTime utc(std::int32_t year, std::uint8_t month, std::uint8_t day) {
  return utc_from_civil_utc(CivilTime{{year, month, day}, 0, 0, 0, 0, 0});
}

constexpr std::uint8_t kCertificate = 0x10;
constexpr std::uint8_t kKey = 0x20;
constexpr std::uint8_t kAnchor = 0x30;
constexpr std::uint8_t kTasmota = 0x40;
constexpr std::uint8_t kSha1OfCertificate = 0x50;
constexpr std::uint8_t kOther = 0xA0;  ///< and upwards: belongs to somebody else

/// Valid in January and February 2026, seen on the first of February.
inline trust::Facts broker_facts() {
  trust::Facts facts;
  facts.certificate = digest(kCertificate);
  facts.certificate_sha1 = short_digest(kSha1OfCertificate);
  facts.key = digest(kKey);
  facts.tasmota_key = short_digest(kTasmota);
  facts.key_type = trust::KeyType::rsa;
  facts.key_bits = 2048;
  facts.signature_digest = trust::Digest::sha256;
  facts.not_before = utc(2026, 1, 1);
  facts.not_after = utc(2026, 2, 28);
  facts.name_matches = true;
  facts.server_purpose = true;
  facts.chain = trust::ChainState::good;
  facts.anchor = digest(kAnchor);
  facts.names = "DNS:broker.example.com";
  facts.staple = trust::StapleState::absent;
  facts.now = utc(2026, 2, 1);
  return facts;
}

inline trust::Pin bare_pin(std::uint8_t first) {
  return {trust::PinKind::certificate_or_key, digest(first)};
}
inline trust::Pin key_pin(std::uint8_t first) {
  return {trust::PinKind::key, digest(first)};
}
inline trust::Pin tasmota_pin(std::uint8_t first) {
  trust::Pin pin{trust::PinKind::tasmota_key, {}};
  for (std::size_t i = 0; i < 20; ++i) pin.digest.at(i) = static_cast<std::uint8_t>(first + i);
  return pin;
}

inline trust::Policy pinned(const trust::Pin& first, std::optional<trust::Pin> second = std::nullopt) {
  trust::Policy policy;
  policy.mode = trust::Mode::fingerprint;
  policy.pins = {first, second};
  return policy;
}

/// What stands in the lineage after `pin` has matched a certificate with this key under this anchor.
inline trust::SlotRecord record(const trust::Pin& pin, std::uint8_t certificate, std::uint8_t key,
                                std::optional<std::uint8_t> anchor = kAnchor) {
  trust::SlotRecord record;
  record.declared = pin;
  record.certificate = digest(certificate);
  record.key = digest(key);
  if (anchor) record.anchor = digest(*anchor);
  return record;
}

/// What is there; a test that is wrong about it ends with an exception that names it.
template <class T>
T& the(std::optional<T>& value) {
  return value.value();  // NOLINT(bugprone-unchecked-optional-access): it throws
}
template <class T>
const T& the(const std::optional<T>& value) {
  return value.value();  // NOLINT(bugprone-unchecked-optional-access)
}

inline std::string_view name_of(trust::TrustedBy by) {
  switch (by) {
    case trust::TrustedBy::pin_certificate: return "pin_certificate";
    case trust::TrustedBy::pin_key: return "pin_key";
    case trust::TrustedBy::pin_tasmota_key: return "pin_tasmota_key";
    case trust::TrustedBy::same_key: return "same_key";
    case trust::TrustedBy::same_ca: return "same_ca";
    case trust::TrustedBy::learned: return "learned";
    case trust::TrustedBy::ca: return "ca";
    case trust::TrustedBy::ca_and_pin: return "ca_and_pin";
  }
  return {};
}

/// "pin_key 2 warn", "Learnable", "Refused expired", "ClockUnknown"
inline std::string text_of(const trust::Verdict& verdict) {
  if (const auto* trusted = std::get_if<trust::Trusted>(&verdict)) {
    std::string text(name_of(trusted->by()));
    text += " " + std::to_string(trusted->slot());
    return trusted->outside_dates() ? text + " warn" : text;
  }
  if (const auto* refused = std::get_if<trust::Refused>(&verdict)) {
    return "Refused " + std::string(code_of(refused->reason).name.substr(6));
  }
  return std::holds_alternative<trust::Learnable>(verdict) ? "Learnable" : "ClockUnknown";
}
inline std::string text_of(const trust::CertificateVerdict& verdict) {
  if (const auto* refused = std::get_if<trust::Refused>(&verdict)) {
    return "Refused " + std::string(code_of(refused->reason).name.substr(6));
  }
  if (std::holds_alternative<trust::Acceptable>(verdict)) return "Acceptable";
  return std::holds_alternative<trust::Learnable>(verdict) ? "Learnable" : "ClockUnknown";
}

}  // namespace meterseal::test
