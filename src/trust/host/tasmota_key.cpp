#include "trust/host/tasmota_key.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>

#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "core/bytes.hpp"

namespace meterseal::trust::host {

namespace {

constexpr std::uint32_t kP256 = 23;  ///< @source IANA TLS Supported Groups, as BearSSL numbers curves
constexpr std::size_t kP256PointSize = 65;

class Serialised {
 public:
  Serialised& add(Bytes part) {
    add_number(static_cast<std::uint32_t>(part.size()));
    bytes_.insert(bytes_.end(), part.begin(), part.end());
    return *this;
  }
  Serialised& add_number(std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes_.push_back(static_cast<std::uint8_t>(value >> shift));
    return *this;
  }
  [[nodiscard]] std::optional<Sha1> digest() const {
    Sha1 digest{};
    unsigned size = 0;
    if (EVP_Digest(bytes_.data(), bytes_.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1) return std::nullopt;
    return digest;
  }

 private:
  std::vector<std::uint8_t> bytes_;
};

std::vector<std::uint8_t> number_of(const EVP_PKEY* key, const char* parameter) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, parameter, &number) != 1) return {};
  const std::unique_ptr<BIGNUM, decltype(&BN_free)> owner(number, &BN_free);
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(BN_num_bytes(number)));
  BN_bn2bin(number, bytes.data());
  return bytes;
}

std::optional<Sha1> rsa_digest(const EVP_PKEY* key) {
  const auto exponent = number_of(key, OSSL_PKEY_PARAM_RSA_E);
  const auto modulus = number_of(key, OSSL_PKEY_PARAM_RSA_N);
  if (exponent.empty() || modulus.empty()) return std::nullopt;
  return Serialised().add(as_bytes("ssh-rsa")).add(exponent).add(modulus).digest();
}

/// The point is put together from its coordinates: a key may be encoded compressed.
std::optional<Sha1> p256_digest(const EVP_PKEY* key) {
  std::array<std::uint8_t, kP256PointSize> point{4};
  constexpr std::size_t kHalf = (kP256PointSize - 1) / 2;
  std::size_t at = 1;
  for (const char* parameter : {OSSL_PKEY_PARAM_EC_PUB_X, OSSL_PKEY_PARAM_EC_PUB_Y}) {
    const auto coordinate = number_of(key, parameter);
    if (coordinate.empty() || coordinate.size() > kHalf) return std::nullopt;
    std::copy(coordinate.begin(), coordinate.end(),
              point.begin() + static_cast<std::ptrdiff_t>(at + kHalf - coordinate.size()));
    at += kHalf;
  }
  return Serialised().add(as_bytes("ecdsa")).add_number(4).add_number(kP256).add(point).digest();
}

}  // namespace

std::optional<Sha1> tasmota_key_digest(const EVP_PKEY* key) {
  if (key == nullptr) return std::nullopt;
  if (EVP_PKEY_is_a(key, "RSA") == 1) return rsa_digest(key);
  std::array<char, 32> group{};
  std::size_t size = 0;
  if (EVP_PKEY_is_a(key, "EC") != 1 || EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) != 1 ||
      std::string_view(group.data(), size) != "prime256v1") {
    return std::nullopt;
  }
  return p256_digest(key);
}

}  // namespace meterseal::trust::host
