#include "trust/host/certificate_rules.hpp"

#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>

#include "core/text.hpp"
#include "trust/host/certificate_facts.hpp"
#include "trust/host/openssl.hpp"
#include "trust/host/peer_name.hpp"

namespace meterseal::trust::host {

namespace {

using Found = std::optional<RuleFault>;
using Constraints = std::unique_ptr<NAME_CONSTRAINTS, FreedBy<&NAME_CONSTRAINTS_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, FreedBy<&GENERAL_NAMES_free>>;
using Access = std::unique_ptr<AUTHORITY_INFO_ACCESS, FreedBy<&AUTHORITY_INFO_ACCESS_free>>;
using Usage = std::unique_ptr<EXTENDED_KEY_USAGE, FreedBy<&EXTENDED_KEY_USAGE_free>>;

Found fault(ChainState state, std::string_view what) {
  return RuleFault{state, what};
}

bool has(const X509* certificate, int nid) {
  return X509_get_ext_by_NID(certificate, nid, -1) >= 0;
}

bool is_critical(const X509* certificate, int nid) {
  const int at = X509_get_ext_by_NID(certificate, nid, -1);
  return at >= 0 && X509_EXTENSION_get_critical(X509_get_ext(certificate, at)) == 1;
}

template <class T>
T decoded(const X509* certificate, int nid) {
  return T(static_cast<typename T::pointer>(X509_get_ext_d2i(certificate, nid, nullptr, nullptr)));
}

bool has_twice(const X509* certificate) {
  const int count = X509_get_ext_count(certificate);
  for (int i = 0; i < count; ++i) {
    const ASN1_OBJECT* id = X509_EXTENSION_get_object(X509_get_ext(certificate, i));
    if (X509_get_ext_by_OBJ(certificate, id, i) >= 0) return true;
  }
  return false;
}

std::string_view view_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

/// An address and a mask of the same length whose ones stand in front. @source RFC 5280, 4.1.2.10; RFC 4632, 3.1
bool is_subnet(std::string_view bytes) {
  if (bytes.size() != 8 && bytes.size() != 32) return false;
  bool ended = false;
  for (const char c : bytes.substr(bytes.size() / 2)) {
    for (unsigned bit = 0x80; bit != 0; bit >>= 1) {
      const bool is_one = (static_cast<unsigned char>(c) & bit) != 0;
      if (is_one && ended) return false;
      ended = ended || !is_one;
    }
  }
  return true;
}

bool is_usable_base(const GENERAL_NAME* base) {
  // An empty DNS base is every name; a leading dot has no meaning in RFC 5280, and verifiers differ in what they make
  // of it.
  if (base->type == GEN_DNS) {
    const std::string_view name = view_of(base->d.dNSName);
    return name.empty() || (!is_wildcard(name) && is_dns_name(name));
  }
  if (base->type == GEN_IPADD) return is_subnet(view_of(base->d.iPAddress));
  return true;
}

bool are_usable(const STACK_OF(GENERAL_SUBTREE) * subtrees) {
  for (int i = 0; i < sk_GENERAL_SUBTREE_num(subtrees); ++i) {
    if (!is_usable_base(sk_GENERAL_SUBTREE_value(subtrees, i)->base)) return false;
  }
  return true;
}

Found constraints_fault(const X509* issuer) {
  if (!has(issuer, NID_name_constraints)) return std::nullopt;
  const auto constraints = decoded<Constraints>(issuer, NID_name_constraints);
  if (!constraints) return fault(ChainState::constraint_violated, "its name constraints cannot be read");
  const bool has_permitted = sk_GENERAL_SUBTREE_num(constraints->permittedSubtrees) > 0;
  const bool has_excluded = sk_GENERAL_SUBTREE_num(constraints->excludedSubtrees) > 0;
  if (!has_permitted && !has_excluded) return fault(ChainState::constraint_violated, "its name constraints are empty");
  if (!are_usable(constraints->permittedSubtrees) || !are_usable(constraints->excludedSubtrees)) {
    return fault(ChainState::constraint_violated, "a name constraint of it is no name or subnet");
  }
  return std::nullopt;
}

bool is_well_formed(const GENERAL_NAME* name) {
  if (name->type == GEN_DNS) return is_dns_name(view_of(name->d.dNSName));
  if (name->type != GEN_IPADD) return true;
  const int size = ASN1_STRING_length(name->d.iPAddress);
  return size == 4 || size == 16;
}

/// Whether a wildcard stands for a name that is excluded, although its own text is not below it.
bool covers_excluded(std::string_view presented, const STACK_OF(GENERAL_SUBTREE) * excluded) {
  if (!is_wildcard(presented)) return false;
  presented.remove_prefix(1);  // ".example.com"
  for (int i = 0; i < sk_GENERAL_SUBTREE_num(excluded); ++i) {
    const GENERAL_NAME* base = sk_GENERAL_SUBTREE_value(excluded, i)->base;
    if (base->type != GEN_DNS) continue;
    const std::string_view name = view_of(base->d.dNSName);
    const std::size_t dot = name.find('.');
    if (dot != std::string_view::npos && equals_ignoring_case(name.substr(dot), presented)) return true;
  }
  return false;
}

Found encoding_fault(X509* certificate) {
  if (has_twice(certificate)) return fault(ChainState::other, "it has an extension twice");
  if (X509_get_ext_count(certificate) > 0 && X509_get_version(certificate) != X509_VERSION_3) {
    return fault(ChainState::other, "it has extensions and is not of version 3");
  }
  if (!time_of(X509_get0_notBefore(certificate)) || !time_of(X509_get0_notAfter(certificate))) {
    return fault(ChainState::other, "its dates are not encoded as they must be");
  }
  if (X509_NAME_entry_count(X509_get_issuer_name(certificate)) == 0) {
    return fault(ChainState::other, "it names no issuer");
  }
  if (has(certificate, NID_subject_alt_name) &&
      sk_GENERAL_NAME_num(decoded<Names>(certificate, NID_subject_alt_name).get()) <= 0) {
    return fault(ChainState::other, "its subjectAltName is empty or cannot be read");
  }
  if (has(certificate, NID_info_access) &&
      sk_ACCESS_DESCRIPTION_num(decoded<Access>(certificate, NID_info_access).get()) <= 0) {
    return fault(ChainState::other, "its authority information access is empty or cannot be read");
  }
  if (has(certificate, NID_ext_key_usage) &&
      sk_ASN1_OBJECT_num(decoded<Usage>(certificate, NID_ext_key_usage).get()) <= 0) {
    return fault(ChainState::other, "its extended key usage is empty or cannot be read");
  }
  if ((X509_get_extension_flags(certificate) & EXFLAG_INVALID) != 0) {
    return fault(ChainState::other, "an extension of it cannot be read");
  }
  for (const int nid : {NID_authority_key_identifier, NID_subject_key_identifier, NID_info_access}) {
    if (is_critical(certificate, nid)) return fault(ChainState::other, "an extension of it must not be critical");
  }
  // OpenSSL 3.0 loses the memory of policy constraints that stand alone.
  if (has(certificate, NID_policy_constraints) && !has(certificate, NID_certificate_policies)) {
    return fault(ChainState::constraint_violated, "it constrains policies and has none");
  }
  for (const int nid : {NID_policy_constraints, NID_inhibit_any_policy}) {
    if (has(certificate, nid) && !is_critical(certificate, nid)) {
      return fault(ChainState::constraint_violated, "a policy constraint of it must be critical");
    }
  }
  return std::nullopt;
}

/// @source OpenSSL's level 2, applied to anchors as well: who can forge the anchor's key can forge everything below it
bool is_weak(const KeyStrength& key) {
  switch (key.type) {
    case KeyType::rsa: return key.bits < 2048;
    case KeyType::ec: return key.bits < 224;
    case KeyType::ed25519:
    case KeyType::ed448: return false;
    case KeyType::dsa:
    case KeyType::other: return true;
  }
  return true;
}

Found authority_fault(X509* issuer) {
  if (auto found = encoding_fault(issuer)) return found;
  if (is_weak(key_of(issuer))) return fault(ChainState::weak_issuer, "its key is too weak");
  if (X509_NAME_entry_count(X509_get_subject_name(issuer)) == 0) {
    return fault(ChainState::not_a_ca, "it issues certificates and has no name");
  }
  // OpenSSL would take a key usage of its own for it. A root of version 1 cannot say it and was named by a person.
  if (X509_get_version(issuer) == X509_VERSION_3 && (X509_get_extension_flags(issuer) & EXFLAG_CA) == 0) {
    return fault(ChainState::not_a_ca, "it does not say that it is a CA");
  }
  return constraints_fault(issuer);
}

}  // namespace

std::optional<RuleFault> leaf_fault(X509* leaf) {
  if (auto found = encoding_fault(leaf)) return found;
  const bool is_ca = (X509_get_extension_flags(leaf) & EXFLAG_CA) != 0;
  if (!is_ca && has(leaf, NID_name_constraints)) {
    return fault(ChainState::constraint_violated, "it is no CA and has name constraints");
  }
  if (X509_NAME_entry_count(X509_get_subject_name(leaf)) == 0 && !is_critical(leaf, NID_subject_alt_name)) {
    return fault(ChainState::other, "it has no subject, so its subjectAltName must be critical");
  }
  if (!is_ca && (X509_get_extension_flags(leaf) & EXFLAG_KUSAGE) != 0 &&
      (X509_get_key_usage(leaf) & KU_KEY_CERT_SIGN) != 0) {
    return fault(ChainState::not_a_ca, "it is no CA and claims to sign certificates");
  }
  return is_ca ? constraints_fault(leaf) : std::nullopt;
}

std::optional<RuleFault> issuer_fault(X509* issuer) {
  if (auto found = authority_fault(issuer)) return found;
  switch (signature_digest_of(issuer)) {
    case Digest::md5:
    case Digest::sha1:
    case Digest::other: return fault(ChainState::weak_issuer, "its signature is too weak");
    case Digest::none:
    case Digest::sha224:
    case Digest::sha256:
    case Digest::sha384:
    case Digest::sha512: break;
  }
  return std::nullopt;
}

std::optional<RuleFault> anchor_fault(X509* anchor) {
  return authority_fault(anchor);
}

std::optional<RuleFault> constrained_names_fault(X509* leaf, X509* issuer) {
  if (!has(issuer, NID_name_constraints) || !has(leaf, NID_subject_alt_name)) return std::nullopt;
  const auto constraints = decoded<Constraints>(issuer, NID_name_constraints);
  const auto names = decoded<Names>(leaf, NID_subject_alt_name);
  if (!constraints || !names) return fault(ChainState::constraint_violated, "its constrained names cannot be read");
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (!is_well_formed(name)) return fault(ChainState::constraint_violated, "a constrained name of it is malformed");
    if (name->type == GEN_DNS && covers_excluded(view_of(name->d.dNSName), constraints->excludedSubtrees)) {
      return fault(ChainState::constraint_violated, "its wildcard covers a name that its CA excludes");
    }
  }
  return std::nullopt;
}

}  // namespace meterseal::trust::host
