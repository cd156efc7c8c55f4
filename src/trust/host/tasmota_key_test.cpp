#include "trust/host/tasmota_key.hpp"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/pem.h>

#include <memory>

#include "trust/pin.hpp"

namespace meterseal::trust::host {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

Key key_of(const std::string& body) {
  const std::string pem = "-----BEGIN PUBLIC KEY-----\n" + body + "-----END PUBLIC KEY-----\n";
  const std::unique_ptr<BIO, decltype(&BIO_free)> in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                     &BIO_free);
  return {PEM_read_bio_PUBKEY(in.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free};
}

// Confirmed with the certificate decoder that Tasmota bundles.
TEST(TasmotaKey, OfAnRsaKeyIsWhatTasmotaComputes) {
  const Key key = key_of(
      "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAot0ENmXaN6vvLe4RlQ7/\n"
      "oicBe8nn3//vTrVvKLBahexu1iqnNhKRTWJzB/jjqHe9B9fB2j2BMXn4xq3xfOA2\n"
      "J/W9gYrlszITNCthAV/9IuL6mHRMUrdwu7dMlf7UO+6TZLXgVrtsRx+E9GPTqML3\n"
      "DE1WNwyb7War2nqx8BxFg1HvQI/O6tHaVmKLlbQeTCismQMKIcGITa9tsrD1uTBW\n"
      "LEHvCZpGZwH8UDcnibzgEYDqmAvl1OWZAW1D/V0Z6f67CAGuz29/V9Y0HcJl+pa4\n"
      "/yLGfu89UodNDcQm+LkwRznhfVhta8SOpCW4cKcDRNgG6za3WemtLVGX/L1F6VHK\n"
      "VQIDAQAB\n");
  ASSERT_TRUE(key);
  EXPECT_EQ(format_digest(tasmota_key_digest(key.get()).value_or(Sha1{})).view(),
            "9E:73:95:4B:E0:BC:25:F5:F3:F1:BA:4F:B8:AC:81:5A:71:FC:36:CB");
}

TEST(TasmotaKey, OfAP256KeyIsWhatTasmotaComputes) {
  const Key key = key_of(
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaqdRR1aJp2a25qe3/TBcVMwB+eeQ\n"
      "NjOOq6PArbrai0HtAeihVkaMaSNghbLMZB8iUnCi0dxsdXQfDN4JDxqoVQ==\n");
  ASSERT_TRUE(key);
  EXPECT_EQ(format_digest(tasmota_key_digest(key.get()).value_or(Sha1{})).view(),
            "D2:33:DD:C1:5F:B6:6F:45:DA:F6:B1:89:15:B4:41:9A:FF:50:D2:D2");
}

TEST(TasmotaKey, DoesNotExistForOtherKeys) {
  EXPECT_FALSE(tasmota_key_digest(nullptr));
  EXPECT_FALSE(tasmota_key_digest(Key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), &EVP_PKEY_free).get()));
  EXPECT_FALSE(tasmota_key_digest(Key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-384"), &EVP_PKEY_free).get()));
}

}  // namespace
}  // namespace meterseal::trust::host
