#include "trust/host/certificate_facts.hpp"

#include <arpa/inet.h>
#include <openssl/core_names.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include "trust/host/openssl.hpp"
#include "trust/host/tasmota_key.hpp"

namespace meterseal::trust::host {

namespace {

/// @source RFC 7633, 4.1 (status_request), RFC 6961, 2.2 (status_request_v2)
constexpr long kStatusRequest = 5;
constexpr long kStatusRequestV2 = 17;

using AlternativeNames = std::unique_ptr<GENERAL_NAMES, FreedBy<&GENERAL_NAMES_free>>;

AlternativeNames alternative_names_of(const X509* certificate) {
  return AlternativeNames(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
}

void add_printable(Text<96>& text, const ASN1_STRING* from) {
  const unsigned char* bytes = ASN1_STRING_get0_data(from);
  for (int i = 0; i < ASN1_STRING_length(from); ++i) {
    const char c = static_cast<char>(bytes[i]);
    text.add(c > ' ' && c <= '~' ? std::string_view(&c, 1) : "?");
  }
}

void add_address(Text<96>& text, const ASN1_STRING* from) {
  std::array<char, INET6_ADDRSTRLEN> address{};
  const int size = ASN1_STRING_length(from);
  if ((size != 4 && size != 16) || ::inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(from),
                                               address.data(), address.size()) == nullptr) {
    text.add("?");
    return;
  }
  text.add(address.data());
}

Text<96> names_text(const GENERAL_NAMES* names) {
  Text<96> text;
  for (int i = 0; i < sk_GENERAL_NAME_num(names) && !text.truncated(); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type != GEN_DNS && name->type != GEN_IPADD) continue;
    if (!text.empty()) text.add(", ");
    if (name->type == GEN_DNS) {
      text.add("DNS:");
      add_printable(text, name->d.dNSName);
    } else {
      text.add("IP:");
      add_address(text, name->d.iPAddress);
    }
  }
  return text;
}

/// OpenSSL would also take Microsoft's and Netscape's step-up purposes of the 1990s.
bool allows_server(X509* certificate) {
  if ((X509_get_extension_flags(certificate) & EXFLAG_XKUSAGE) != 0 &&
      (X509_get_extended_key_usage(certificate) & XKU_SSL_SERVER) == 0) {
    return false;
  }
  return X509_check_purpose(certificate, X509_PURPOSE_SSL_SERVER, 0) == 1;
}

bool demands_staple(const X509* certificate) {
  const std::unique_ptr<TLS_FEATURE, FreedBy<&TLS_FEATURE_free>> features(
      static_cast<TLS_FEATURE*>(X509_get_ext_d2i(certificate, NID_tlsfeature, nullptr, nullptr)));
  if (!features) return X509_get_ext_by_NID(certificate, NID_tlsfeature, -1) >= 0;  // what cannot be read is demanded
  for (int i = 0; i < sk_ASN1_INTEGER_num(features.get()); ++i) {
    const long feature = ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features.get(), i));
    if (feature == kStatusRequest || feature == kStatusRequestV2) return true;
  }
  return false;
}

KeyType type_of(EVP_PKEY* key) {
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS: return KeyType::rsa;
    case EVP_PKEY_EC: {
      int spelt_out = 1;
      EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &spelt_out);
      return spelt_out == 0 ? KeyType::ec : KeyType::other;
    }
    case EVP_PKEY_ED25519: return KeyType::ed25519;
    case EVP_PKEY_ED448: return KeyType::ed448;
    case EVP_PKEY_DSA: return KeyType::dsa;
    default: return KeyType::other;
  }
}

bool has_digits(std::string_view text, std::size_t count) {
  return text.size() == count + 1 && text.back() == 'Z' &&
         std::all_of(text.begin(), text.end() - 1, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::optional<UtcTime> time_of(const ASN1_TIME* time) {
  if (time == nullptr) return std::nullopt;
  const std::string_view text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(time)),
                              static_cast<std::size_t>(ASN1_STRING_length(time)));
  const bool is_short = ASN1_STRING_type(time) == V_ASN1_UTCTIME;
  std::tm parts{};
  if (!has_digits(text, is_short ? 12 : 14) || ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
  CivilTime civil;
  civil.date = {parts.tm_year + 1900, static_cast<std::uint8_t>(parts.tm_mon + 1),
                static_cast<std::uint8_t>(parts.tm_mday)};
  civil.hour = static_cast<std::uint8_t>(parts.tm_hour);
  civil.minute = static_cast<std::uint8_t>(parts.tm_min);
  civil.second = static_cast<std::uint8_t>(parts.tm_sec);
  return utc_from_civil_utc(civil);
}

Sha256 key_digest(const X509* certificate) {
  Sha256 digest{};
  unsigned char* spki = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &spki);
  if (size <= 0) return digest;
  EVP_Digest(spki, static_cast<std::size_t>(size), digest.data(), nullptr, EVP_sha256(), nullptr);
  OPENSSL_free(spki);
  return digest;
}

KeyStrength key_of(const X509* certificate) {
  EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (key == nullptr) return {};
  const int bits = EVP_PKEY_get_bits(key);
  return {type_of(key), bits > 0 ? static_cast<std::uint32_t>(bits) : 0};
}

Digest signature_digest_of(X509* certificate) {
  int digest = NID_undef;
  int key = NID_undef;
  int bits = 0;
  std::uint32_t flags = 0;
  if (X509_get_signature_info(certificate, &digest, &key, &bits, &flags) != 1) return Digest::other;
  switch (digest) {
    case NID_md5: return Digest::md5;
    case NID_sha1: return Digest::sha1;
    case NID_sha224: return Digest::sha224;
    case NID_sha256: return Digest::sha256;
    case NID_sha384: return Digest::sha384;
    case NID_sha512: return Digest::sha512;
    case NID_undef: return key == NID_ED25519 || key == NID_ED448 ? Digest::none : Digest::other;
    default: return Digest::other;
  }
}

Facts facts_of(X509* leaf, const PeerName& name) {
  Facts facts;
  X509_digest(leaf, EVP_sha256(), facts.certificate.data(), nullptr);
  X509_digest(leaf, EVP_sha1(), facts.certificate_sha1.data(), nullptr);
  facts.key = key_digest(leaf);
  facts.tasmota_key = tasmota_key_digest(X509_get0_pubkey(leaf));
  const KeyStrength key = key_of(leaf);
  facts.key_type = key.type;
  facts.key_bits = key.bits;
  facts.signature_digest = signature_digest_of(leaf);
  const auto not_before = time_of(X509_get0_notBefore(leaf));
  const auto not_after = time_of(X509_get0_notAfter(leaf));
  if (not_before && not_after) {
    facts.not_before = *not_before;
    facts.not_after = *not_after;
  } else {
    facts.chain = ChainState::malformed;
    facts.chain_detail = "the dates are not encoded as they must be";
  }
  const AlternativeNames names = alternative_names_of(leaf);
  facts.name_matches = matches(name, names.get());
  facts.names = names_text(names.get());
  facts.server_purpose = allows_server(leaf);
  facts.must_staple = demands_staple(leaf);
  forget_openssl_errors();
  return facts;
}

}  // namespace meterseal::trust::host
