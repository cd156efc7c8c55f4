#include "trust/host/staple_check.hpp"

#include <new>

#include "trust/host/certificate_facts.hpp"

namespace meterseal::trust::host {

namespace {

using Response = std::unique_ptr<OCSP_RESPONSE, FreedBy<&OCSP_RESPONSE_free>>;
using Basic = std::unique_ptr<OCSP_BASICRESP, FreedBy<&OCSP_BASICRESP_free>>;
using Id = std::unique_ptr<OCSP_CERTID, FreedBy<&OCSP_CERTID_free>>;
using Stack = CertificateStack;

constexpr seconds kClockSkew{300};
constexpr seconds kWithoutNextUpdate{24 * 3600};
constexpr std::size_t kMaxStaple = std::size_t{64} * 1024;
constexpr int kMaxAnswers = 64;
constexpr int kMaxDelegates = 8;

bool is_strong(const OCSP_BASICRESP* basic) {
  int digest = NID_undef;
  int key = NID_undef;
  const X509_ALGOR* algorithm = OCSP_resp_get0_tbs_sigalg(basic);
  if (OBJ_find_sigid_algs(OBJ_obj2nid(algorithm->algorithm), &digest, &key) != 1) return false;
  return digest != NID_md5 && digest != NID_sha1;
}

/// Also true where OpenSSL finds the key of `signer` under another responder's name: the signature decides.
bool is_signed_by(OCSP_BASICRESP* basic, X509* signer) {
  const Stack only(sk_X509_new_null());
  if (!only || sk_X509_push(only.get(), signer) == 0) throw std::bad_alloc();
  const bool holds = OCSP_basic_verify(basic, only.get(), nullptr, OCSP_NOINTERN | OCSP_TRUSTOTHER) == 1;
  forget_openssl_errors();
  return holds;
}

bool is_delegate(X509* candidate, X509* issuer, std::optional<UtcTime> now) {
  if ((X509_get_extension_flags(candidate) & (EXFLAG_INVALID | EXFLAG_CRITICAL)) != 0) return false;
  if ((X509_get_extension_flags(candidate) & EXFLAG_XKUSAGE) == 0 ||
      (X509_get_extended_key_usage(candidate) & XKU_OCSP_SIGN) == 0) {
    return false;
  }
  const auto from = time_of(X509_get0_notBefore(candidate));
  const auto until = time_of(X509_get0_notAfter(candidate));
  if (!from || !until || (now && (*now < *from || *now - seconds{1} >= *until))) return false;
  const Digest digest = signature_digest_of(candidate);
  if (digest == Digest::md5 || digest == Digest::sha1 || digest == Digest::other) return false;
  const KeyStrength key = key_of(candidate);
  if (key.type == KeyType::dsa || key.type == KeyType::other || (key.type == KeyType::rsa && key.bits < 2048)) {
    return false;
  }
  return X509_check_issued(issuer, candidate) == X509_V_OK && X509_verify(candidate, X509_get0_pubkey(issuer)) == 1;
}

bool is_signed_for(OCSP_BASICRESP* basic, X509* issuer, std::optional<UtcTime> now) {
  if (!is_strong(basic)) return false;
  if (is_signed_by(basic, issuer)) return true;
  const STACK_OF(X509)* sent = OCSP_resp_get0_certs(basic);
  for (int i = 0; i < sk_X509_num(sent) && i < kMaxDelegates; ++i) {
    X509* candidate = sk_X509_value(sent, i);
    if (is_delegate(candidate, issuer, now) && is_signed_by(basic, candidate)) return true;
  }
  return false;
}

bool is_about(OCSP_SINGLERESP* single, X509* leaf, X509* issuer) {
  const OCSP_CERTID* id = OCSP_SINGLERESP_get0_id(single);
  ASN1_OBJECT* digest = nullptr;
  // Only reads.
  OCSP_id_get0_info(nullptr, &digest, nullptr, nullptr, const_cast<OCSP_CERTID*>(id));  // NOLINT
  const EVP_MD* method = EVP_get_digestbyobj(digest);
  if (method == nullptr) return false;
  const Id expected(OCSP_cert_to_id(method, leaf, issuer));
  return expected && OCSP_id_cmp(id, expected.get()) == 0;
}

StapleFinding read(OCSP_SINGLERESP* single, std::optional<UtcTime> now) {
  ASN1_GENERALIZEDTIME* this_update = nullptr;
  ASN1_GENERALIZEDTIME* next_update = nullptr;
  const int status = OCSP_single_get0_status(single, nullptr, nullptr, &this_update, &next_update);
  const auto from = time_of(this_update);
  auto until = time_of(next_update);
  if (!from || (next_update != nullptr && !until)) return {StapleState::malformed, {}, {}};
  if (!until) until = *from + kWithoutNextUpdate;
  // Withdrawn is withdrawn, however old the news.
  if (status == V_OCSP_CERTSTATUS_REVOKED) return {StapleState::revoked, {}, {}};
  if (now && (*from - kClockSkew > *now || *now - seconds{1} >= *until)) return {StapleState::stale, {}, {}};
  if (status != V_OCSP_CERTSTATUS_GOOD) return {StapleState::unknown, {}, {}};
  return {StapleState::good, until, from};
}

}  // namespace

StapleFinding check_staple(Bytes der, X509* leaf, X509* issuer, std::optional<UtcTime> now) {
  if (der.empty()) return {};
  if (issuer == nullptr) return {StapleState::unchecked, {}, {}};
  if (der.size() > kMaxStaple) return {StapleState::malformed, {}, {}};
  const unsigned char* at = der.data();
  const Response response(d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(der.size())));
  const bool is_whole = response && at == der.data() + der.size() &&
                        OCSP_response_status(response.get()) == OCSP_RESPONSE_STATUS_SUCCESSFUL;
  const Basic basic(is_whole ? OCSP_response_get1_basic(response.get()) : nullptr);
  forget_openssl_errors();
  if (!basic || OCSP_resp_count(basic.get()) <= 0) return {StapleState::malformed, {}, {}};
  if (!is_signed_for(basic.get(), issuer, now)) return {StapleState::bad_signature, {}, {}};
  StapleFinding finding{StapleState::foreign, {}, {}};
  for (int i = 0; i < OCSP_resp_count(basic.get()) && i < kMaxAnswers; ++i) {
    OCSP_SINGLERESP* single = OCSP_resp_get0(basic.get(), i);
    if (!is_about(single, leaf, issuer)) continue;
    const StapleFinding answer = read(single, now);
    // Of several answers about one certificate the worst counts, and a good one never mends another.
    if (finding.state == StapleState::foreign || answer.state != StapleState::good) finding = answer;
    if (answer.state == StapleState::revoked) break;
  }
  forget_openssl_errors();
  return finding;
}

}  // namespace meterseal::trust::host
