#include "trust/host/chain_verifier.hpp"

#include <algorithm>

#include <openssl/pem.h>

#include <new>
#include <vector>

#include "trust/errors.hpp"
#include "trust/explain.hpp"
#include "trust/host/certificate_facts.hpp"
#include "trust/host/chain_check.hpp"
#include "trust/host/errors.hpp"
#include "trust/host/openssl.hpp"
#include "trust/host/staple_check.hpp"

namespace meterseal::trust::host {

namespace {

constexpr std::size_t kMaxText = std::size_t{4} * 1024 * 1024;
constexpr std::size_t kMaxCertificates = 256;

Result<std::vector<Certificate>> read_chain(std::string_view pem) {
  if (pem.size() > kMaxText) return fail(certificate_unreadable, "chain", "is larger than 4 MiB");
  std::vector<Certificate> chain;
  const Bio in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  while (Certificate next{PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)}) {
    if (chain.size() == kMaxCertificates)
      return fail(certificate_unreadable, "chain", "has more than 256 certificates");
    chain.push_back(std::move(next));
  }
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const bool ended_well = ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
  if (!ended_well) return fail(certificate_malformed, "chain", "a certificate of it cannot be read");
  if (chain.empty()) return fail(certificate_unreadable, "chain", "holds no certificate in PEM");
  return chain;
}

Result<ChainAnswer> verify(const ChainQuestion& question) {
  const auto name = parse_peer_name(question.host);
  if (!name) return fail(host_unusable, question.host, "is neither a DNS name nor an address");
  const auto chain = read_chain(question.chain);
  if (!chain) return tl::unexpected(chain.error());
  const auto anchors = Anchors::parse(question.ca, "CA");
  if (!anchors) return tl::unexpected(anchors.error());
  const auto crls = question.crl.empty() ? Result<CrlList>(CrlList()) : CrlList::parse(question.crl, "CRL");
  if (!crls) return tl::unexpected(crls.error());

  X509* leaf = chain->front().get();
  const CertificateStack sent(sk_X509_new_null());
  for (const Certificate& certificate : *chain) sk_X509_push(sent.get(), certificate.get());
  Facts facts = facts_of(leaf, *name);
  facts.now = question.time;
  facts.staple = StapleState::absent;
  if (facts.chain == ChainState::unchecked) {
    const ChainFinding found = check_chain(leaf, sent.get(), *anchors, *crls, question.time);
    facts.chain = found.state;
    facts.chain_detail = found.detail;
    facts.anchor = found.anchor;
    facts.not_revoked_at = found.crl_from;
    const StapleFinding staple = check_staple(as_bytes(question.ocsp), leaf, found.issuer.get(), question.time);
    facts.staple = staple.state;
    facts.staple_until = staple.until;
    facts.not_revoked_at = std::max(facts.not_revoked_at, staple.from);
  }
  Policy policy;
  policy.mode = Mode::ca;
  ChainAnswer answer{judge(policy, {}, facts), facts, std::nullopt};
  if (const auto* refused = std::get_if<Refused>(&answer.verdict)) {
    answer.refusal = refusal(policy, {}, facts, refused->reason, question.host);
  }
  return answer;
}

}  // namespace

Result<ChainAnswer> verify_chain(const ChainQuestion& question) {
  try {
    return verify(question);
  } catch (const std::bad_alloc&) {
    return fail(out_of_memory, question.host, "no memory to judge the chain");
  }
}

}  // namespace meterseal::trust::host
