#include "trust/host/chain_check.hpp"

#include <algorithm>
#include <new>
#include <string>
#include <vector>

#include "trust/host/certificate_facts.hpp"
#include "trust/host/certificate_rules.hpp"

namespace meterseal::trust::host {

namespace {

constexpr std::size_t kMaxAboveLeaf = 8;
constexpr int kMaxChains = 64;
constexpr int kMaxSteps = 512;  ///< of the search, where names lead round and round

using Stack = CertificateStack;
using StoreContext = std::unique_ptr<X509_STORE_CTX, FreedBy<&X509_STORE_CTX_free>>;

std::string text_of(const X509_NAME* name) {
  const Bio out(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string("(no name)");
}

Text<96> detail_of(const X509* certificate, std::string_view what) {
  return Text<96>(text_of(X509_get_subject_name(certificate)).substr(0, 48)).add(": ").add(what);
}

ChainFinding refused(ChainState state, const X509* about, std::string_view what) {
  ChainFinding finding;
  finding.state = state;
  finding.detail = detail_of(about, what);
  return finding;
}

ChainState state_of(int error) {
  switch (error) {
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE:
    case X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY: return ChainState::bad_signature;
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_INVALID_NON_CA:
    case X509_V_ERR_INVALID_PURPOSE:
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN: return ChainState::not_a_ca;
    case X509_V_ERR_PATH_LENGTH_EXCEEDED: return ChainState::path_too_long;
    case X509_V_ERR_CERT_CHAIN_TOO_LONG: return ChainState::too_large;
    case X509_V_ERR_PERMITTED_VIOLATION:
    case X509_V_ERR_EXCLUDED_VIOLATION:
    case X509_V_ERR_SUBTREE_MINMAX:
    case X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE:
    case X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX:
    case X509_V_ERR_UNSUPPORTED_NAME_SYNTAX:
    case X509_V_ERR_NO_EXPLICIT_POLICY:
    case X509_V_ERR_INVALID_POLICY_EXTENSION: return ChainState::constraint_violated;
    case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION: return ChainState::unknown_critical_extension;
    case X509_V_ERR_CERT_REVOKED: return ChainState::revoked;
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE:
    case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
    case X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION:
    case X509_V_ERR_DIFFERENT_CRL_SCOPE:
    case X509_V_ERR_CRL_PATH_VALIDATION_ERROR: return ChainState::crl_missing;
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK: return ChainState::weak_issuer;
    default: return ChainState::other;
  }
}

bool is_about_crls(int error) {
  return state_of(error) == ChainState::crl_missing;
}

/// Faults of the leaf that are facts of their own, and CRLs that only the leaf's issuer must have: the anchor needs
/// none about itself, and one about an intermediate counts where there is one.
int tolerate(int ok, X509_STORE_CTX* context) {
  if (ok == 1) return 1;
  const int error = X509_STORE_CTX_get_error(context);
  const int depth = X509_STORE_CTX_get_error_depth(context);
  if (depth == 0) {
    return error == X509_V_ERR_INVALID_PURPOSE || error == X509_V_ERR_EE_KEY_TOO_SMALL ||
                   error == X509_V_ERR_CA_MD_TOO_WEAK
               ? 1
               : 0;
  }
  const bool is_anchor = depth + 1 == sk_X509_num(X509_STORE_CTX_get0_chain(context));
  return error == X509_V_ERR_UNABLE_TO_GET_CRL || (is_anchor && is_about_crls(error)) ? 1 : 0;
}

void push(STACK_OF(X509) * list, X509* certificate) {
  if (sk_X509_push(list, certificate) == 0) throw std::bad_alloc();
}

class Search {
 public:
  Search(X509* leaf, STACK_OF(X509) * sent, const Anchors& anchors, const CrlList& crls, std::optional<UtcTime> now)
      : sent_(sent), anchors_(anchors), checks_crls_(crls.is_demanded()), crls_(crls.usable_at(now)), now_(now) {
    path_.push_back(leaf);
  }

  ChainFinding run() {
    step();
    if (found_) return std::move(*found_);
    if (first_fault_) return std::move(*first_fault_);
    return no_way();
  }

 private:
  /// @return false: the search is over
  bool step() {
    if (++steps_ > kMaxSteps) return false;
    X509* last = path_.back();
    for (const Certificate& same : anchors_.with_subject(X509_get_subject_name(last))) {
      if (X509_cmp(same.get(), last) != 0) continue;
      if (!judge_path()) return false;
      break;
    }
    if (path_.size() > kMaxAboveLeaf) {
      note(refused(ChainState::too_large, last, "the chain is longer than 8 certificates"));
      return true;
    }
    for (const Certificate& anchor : anchors_.with_subject(X509_get_issuer_name(last))) {
      if (!can_issue(anchor.get(), last)) continue;
      path_.push_back(anchor.get());
      const bool goes_on = judge_path();
      path_.pop_back();
      if (!goes_on) return false;
    }
    for (int i = 0; i < sk_X509_num(sent_); ++i) {
      X509* candidate = sk_X509_value(sent_, i);
      if (is_in_path(candidate) || !can_issue(candidate, last)) continue;
      path_.push_back(candidate);
      const bool goes_on = step();
      if (goes_on) path_.pop_back();
      if (!goes_on) return false;
    }
    if (path_.size() > highest_.size()) highest_ = path_;
    return true;
  }

  [[nodiscard]] static bool can_issue(X509* issuer, X509* subject) {
    if (X509_NAME_cmp(X509_get_subject_name(issuer), X509_get_issuer_name(subject)) != 0) return false;
    const int answer = X509_check_issued(issuer, subject);
    // Whether it may issue is for the verifier to say, with its own reason.
    return answer != X509_V_ERR_AKID_SKID_MISMATCH && answer != X509_V_ERR_AKID_ISSUER_SERIAL_MISMATCH &&
           answer != X509_V_ERR_SUBJECT_ISSUER_MISMATCH;
  }

  [[nodiscard]] bool is_in_path(const X509* candidate) const {
    return std::any_of(path_.begin(), path_.end(), [&](const X509* used) {
      return X509_cmp(used, candidate) == 0 ||
             (X509_NAME_cmp(X509_get_subject_name(used), X509_get_subject_name(candidate)) == 0 &&
              key_digest(used) == key_digest(candidate));
    });
  }

  void note(ChainFinding fault) {
    if (!first_fault_) first_fault_ = std::move(fault);
  }

  /// The path ends in an anchor. @return false: the search is over
  bool judge_path() {
    ChainFinding finding = verify();
    if (finding.state == ChainState::good) {
      found_ = std::move(finding);
      return false;
    }
    note(std::move(finding));
    return ++chains_ < kMaxChains;
  }

  /// Whatever chain OpenSSL makes of it, it is of certificates of the path and ends in the only anchor that it gets.
  ChainFinding verify() {
    if (auto fault = broken_rule()) return std::move(*fault);
    X509* anchor = path_.back();
    const Stack trusted(sk_X509_new_null());
    const Stack untrusted(sk_X509_new_null());
    const StoreContext context(X509_STORE_CTX_new());
    if (!trusted || !untrusted || !context) throw std::bad_alloc();
    push(trusted.get(), anchor);
    for (std::size_t i = 1; i + 1 < path_.size(); ++i) push(untrusted.get(), path_[i]);
    if (X509_STORE_CTX_init(context.get(), nullptr, path_.front(), untrusted.get()) != 1) throw std::bad_alloc();
    X509_STORE_CTX_set0_trusted_stack(context.get(), trusted.get());
    set_parameters(context.get(), anchor);
    X509_STORE_CTX_set_verify_cb(context.get(), tolerate);
    const bool is_verified = X509_verify_cert(context.get()) == 1;
    const int error = X509_STORE_CTX_get_error(context.get());
    X509* about = X509_STORE_CTX_get_current_cert(context.get());
    if (!is_verified) {
      if (error == X509_V_ERR_OUT_OF_MEM) throw std::bad_alloc();
      return refused(state_of(error), about != nullptr ? about : path_.front(), X509_verify_cert_error_string(error));
    }
    ChainFinding good;
    good.state = ChainState::good;
    good.anchor = key_digest(anchor);
    X509* issuer = path_[path_.size() > 1 ? 1 : 0];
    good.issuer = shared(issuer);
    if (checks_crls_) good.crl_from = newest_crl_of(issuer);
    return good;
  }

  [[nodiscard]] std::optional<UtcTime> newest_crl_of(const X509* issuer) const {
    std::optional<UtcTime> newest;
    for (int i = 0; i < sk_X509_CRL_num(crls_.get()); ++i) {
      X509_CRL* list = sk_X509_CRL_value(crls_.get(), i);
      const bool is_named = X509_NAME_cmp(X509_CRL_get_issuer(list), X509_get_subject_name(issuer)) == 0;
      if (!is_named || X509_CRL_verify(list, X509_get0_pubkey(issuer)) != 1) continue;
      newest = std::max(newest, time_of(X509_CRL_get0_lastUpdate(list)));
    }
    return newest;
  }

  void set_parameters(X509_STORE_CTX* context, X509* anchor) const {
    X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context);
    unsigned long flags = X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_NO_CHECK_TIME | X509_V_FLAG_POLICY_CHECK;
    if (checks_crls_) {
      flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
      X509_STORE_CTX_set0_crls(context, crls_.get());
    }
    // Only where an intermediate, or the peer's own certificate, was named as the anchor: with this flag the verifier
    // asks less of what stands above.
    if (X509_self_signed(anchor, 0) != 1) flags |= X509_V_FLAG_PARTIAL_CHAIN;
    X509_VERIFY_PARAM_set_flags(parameters, flags);
    X509_VERIFY_PARAM_set_depth(parameters, static_cast<int>(kMaxAboveLeaf));
    X509_VERIFY_PARAM_set_auth_level(parameters, 2);
    X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_SERVER);
    // Name constraints are not applied to the CN, because the CN is never taken for a name.
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  }

  [[nodiscard]] std::optional<ChainFinding> broken_rule() const {
    X509* leaf = path_.front();
    if (const auto fault = leaf_fault(leaf)) return refused(fault->state, leaf, fault->what);
    for (std::size_t i = 1; i < path_.size(); ++i) {
      X509* issuer = path_[i];
      const auto fault = i + 1 == path_.size() ? anchor_fault(issuer) : issuer_fault(issuer);
      if (fault) return refused(fault->state, issuer, fault->what);
      if (const auto names = constrained_names_fault(leaf, issuer)) return refused(names->state, leaf, names->what);
      if (const auto outside = outside_dates(issuer)) return refused(ChainState::expired_issuer, issuer, *outside);
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<std::string_view> outside_dates(const X509* issuer) const {
    const auto from = time_of(X509_get0_notBefore(issuer));
    const auto until = time_of(X509_get0_notAfter(issuer));
    if (!now_ || !from || !until) return std::nullopt;
    if (*now_ < *from) return "not yet valid";
    if (*now_ - seconds{1} >= *until) return "has expired";
    return std::nullopt;
  }

  [[nodiscard]] ChainFinding out_of_memory() const {
    return refused(ChainState::other, path_.front(), "out of memory");
  }

  /// No chain reached an anchor. Whether the owner forgot an intermediate at the broker or the CA here cannot be known
  /// from outside; which is likelier decides between the two remedies, and nothing else.
  [[nodiscard]] ChainFinding no_way() const {
    X509* leaf = path_.front();
    X509* last = highest_.empty() ? leaf : highest_.back();
    if (X509_self_signed(leaf, 1) == 1) return refused(ChainState::self_signed, leaf, "signed by itself");
    const std::string issuer = "issued by " + text_of(X509_get_issuer_name(last));
    if (!anchors_.with_subject(X509_get_issuer_name(last)).empty()) {
      return refused(ChainState::unknown_issuer, last, "a CA of its issuer's name is known, with another key");
    }
    const bool is_missing = X509_self_signed(last, 0) != 1 && is_intermediate(last);
    return refused(is_missing ? ChainState::missing_intermediate : ChainState::unknown_issuer, last, issuer);
  }

  /// Whether the issuer of `certificate` is an intermediate rather than a root.
  [[nodiscard]] bool is_intermediate(X509* certificate) const {
    for (const X509* below : highest_) {
      if (X509_NAME_cmp(X509_get_subject_name(below), X509_get_issuer_name(certificate)) == 0)
        return false;  // a circle
    }
    if (X509_get_ext_by_NID(certificate, NID_info_access, -1) >= 0) return true;  // it says where its issuer is found
    if (anchors_.has_organisation_of(X509_get_issuer_name(certificate))) return true;
    std::string name = text_of(X509_get_issuer_name(certificate));
    std::transform(name.begin(), name.end(), name.begin(), to_lower);
    return name.find("intermediate") != std::string::npos || name.find("issuing") != std::string::npos ||
           name.find("sub ca") != std::string::npos;
  }

  STACK_OF(X509) * sent_;
  const Anchors& anchors_;
  const bool checks_crls_;
  const CrlStack crls_;
  const std::optional<UtcTime> now_;
  std::vector<X509*> path_;     ///< leaf first
  std::vector<X509*> highest_;  ///< the longest that reached no anchor
  int chains_ = 0;
  int steps_ = 0;
  std::optional<ChainFinding> found_;
  std::optional<ChainFinding> first_fault_;
};

}  // namespace

ChainFinding check_chain(X509* leaf, STACK_OF(X509) * sent, const Anchors& anchors, const CrlList& crls,
                         std::optional<UtcTime> now) {
  if (anchors.empty()) return {};
  ChainFinding finding = Search(leaf, sent, anchors, crls, now).run();
  forget_openssl_errors();
  return finding;
}

}  // namespace meterseal::trust::host
