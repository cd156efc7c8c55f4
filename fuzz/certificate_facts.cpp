// A certificate that a peer sends, in DER: the first thing of a stranger that is looked at.

#include <openssl/x509.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "trust/host/certificate_facts.hpp"
#include "trust/host/certificate_rules.hpp"
#include "trust/host/report_on.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace meterseal::trust;
  static const host::PeerName name = *host::parse_peer_name("broker.example.com");
  const unsigned char* at = data;
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(d2i_X509(nullptr, &at, static_cast<long>(size)),
                                                                &X509_free);
  if (!certificate) return 0;
  const Facts facts = host::facts_of(certificate.get(), name);
  // Names come from a stranger and go into logs.
  for (const char c : facts.names.view()) {
    if (c < ' ' || c > '~') std::abort();
  }
  (void)host::leaf_fault(certificate.get());
  (void)host::issuer_fault(certificate.get());
  (void)host::constrained_names_fault(certificate.get(), certificate.get());
  (void)host::report_on(certificate.get());
  return 0;
}
