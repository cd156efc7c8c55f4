// An OCSP answer that a peer staples, in DER. The certificate that it is about and its issuer are fixed, so that the
// corpus holds answers that are good.

#include <openssl/pem.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "trust/host/staple_check.hpp"

namespace {

constexpr std::string_view kLeaf = R"(-----BEGIN CERTIFICATE-----
MIIBtzCCAV2gAwIBAgICA+swCgYIKoZIzj0EAwIwMDESMBAGA1UECgwJVGVzdCBz
aXRlMRowGAYDVQQDDBFUZXN0IGludGVybWVkaWF0ZTAeFw0yNjAxMDEwMDAwMDBa
Fw0yNjAyMjgwMDAwMDBaMCUxEjAQBgNVBAoMCVRlc3Qgc2l0ZTEPMA0GA1UEAwwG
YnJva2VyMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAERMjzfBl14q93M9ECSaBV
u2O3DYqLsBvVLIK9sK9I7UQhtRJXCN0RZP9EpPK8ksfM5HjbaiIhpL/jWQgTyYvU
7aNyMHAwCQYDVR0TBAIwADAOBgNVHQ8BAf8EBAMCB4AwEwYDVR0lBAwwCgYIKwYB
BQUHAwEwHwYDVR0jBBgwFoAUu7okwjzR/RUCBNtLSjocKeUFrZcwHQYDVR0RBBYw
FIISYnJva2VyLmV4YW1wbGUuY29tMAoGCCqGSM49BAMCA0gAMEUCIQDCcFE+xD6k
MUMtEltAzb/S+GZXWO/jzR42R1zepzLt3AIgUEXyB3U3O3yrq8/A4HbBnSQZqs6T
xNAM+HrB80fqwdE=
-----END CERTIFICATE-----
)";
constexpr std::string_view kIssuer = R"(-----BEGIN CERTIFICATE-----
MIIBqjCCAVGgAwIBAgICA+owCgYIKoZIzj0EAwIwKDESMBAGA1UECgwJVGVzdCBz
aXRlMRIwEAYDVQQDDAlUZXN0IHJvb3QwHhcNMjAwMTAxMDAwMDAwWhcNMzAwMTAx
MDAwMDAwWjAwMRIwEAYDVQQKDAlUZXN0IHNpdGUxGjAYBgNVBAMMEVRlc3QgaW50
ZXJtZWRpYXRlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAENezG/3zdtZdvPelP
2+YcwWre7495KWrGBVOGpN6wzfMg1TcwX5lv6Sb0D1Wg4owItjJV0MwQhX0V96L5
ptZzSqNjMGEwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAQYwHQYDVR0O
BBYEFLu6JMI80f0VAgTbS0o6HCnlBa2XMB8GA1UdIwQYMBaAFIlX//CssD9z+kef
tpJdLgbFDxVLMAoGCCqGSM49BAMCA0cAMEQCIBrrfWgZsG3wE11NvzQvf+BbDaxf
VGy2JNECxGYkRtCXAiAXZQIKRtOhR9In4N5mpDO4K7riUAOd4XdPsNBmT9AWhw==
-----END CERTIFICATE-----
)";

meterseal::trust::host::Certificate read(std::string_view pem) {
  const meterseal::trust::host::Bio in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return meterseal::trust::host::Certificate(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace meterseal;
  static const auto leaf = read(kLeaf);
  static const auto issuer = read(kIssuer);
  const UtcTime now{seconds(1'769'904'000)};  // 2026-02-01
  const auto found = trust::host::check_staple({data, size}, leaf.get(), issuer.get(), now);
  if (found.state == trust::StapleState::good && (!found.until || *found.until < now)) std::abort();
  return 0;
}
