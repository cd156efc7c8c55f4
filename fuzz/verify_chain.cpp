// A whole chain, the CA that it may end in, CRLs and an OCSP answer, all from the same hand: parts of two bytes of
// length each. The first part is the peer's certificate, the last of the certificates is the anchor.

#include <openssl/evp.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "trust/host/chain_verifier.hpp"

namespace {

std::string pem_of(const char* label, meterseal::Bytes der) {
  std::string text(der.size() * 2 + 16, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), der.data(), static_cast<int>(der.size()));
  text.resize(static_cast<std::size_t>(size));
  for (std::size_t at = 64; at < text.size(); at += 65) text.insert(at, "\n");
  return "-----BEGIN " + std::string(label) + "-----\n" + text + "\n-----END " + label + "-----\n";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace meterseal;
  ByteReader in({data, size});
  const std::uint8_t extras = in.u8();  // 1: a CRL follows, 2: an OCSP answer follows
  const auto part = [&] { return in.take(in.u16()); };
  trust::host::ChainQuestion question;
  question.host = "broker.example.com";
  question.time = UtcTime(seconds(1'769'904'000));  // 2026-02-01
  if ((extras & 1) != 0) question.crl = pem_of("X509 CRL", part());
  if ((extras & 2) != 0) question.ocsp = as_text(part());
  std::vector<Bytes> certificates;
  while (in.left() > 0 && certificates.size() < 12) certificates.push_back(part());
  for (const Bytes certificate : certificates) question.chain += pem_of("CERTIFICATE", certificate);
  if (!certificates.empty()) question.ca = pem_of("CERTIFICATE", certificates.back());
  const auto answer = trust::host::verify_chain(question);
  if (!answer || !std::holds_alternative<trust::Trusted>(answer->verdict)) return 0;
  if (answer->facts.chain != trust::ChainState::good || !answer->facts.name_matches || answer->refusal) std::abort();
  return 0;
}
