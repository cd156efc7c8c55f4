#include "secrets/token.hpp"

#include "core/text.hpp"

namespace meterseal::secrets {

namespace {

/// @source RFC 4648, 5
constexpr std::string_view kBase64Url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// @source Douglas Crockford, "Base 32"
constexpr std::string_view kCodeAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::string_view kHex = "0123456789abcdef";

constexpr std::size_t kTokenCharacters = 43;
constexpr std::size_t kCodeCharacters = 20;
constexpr std::size_t kCodeGroup = 5;
constexpr std::size_t kPasswordCharacters = 24;

/// One byte for each character: the alphabets have 32 and 64 letters, so that a mask leaves no bias.
template <std::size_t N>
std::string random_letters(Cryptography& cryptography, std::string_view alphabet) {
  std::array<std::uint8_t, N> random{};
  cryptography.fill_random(random);
  std::string text;
  for (const std::uint8_t byte : random) text += alphabet[byte & (alphabet.size() - 1)];
  return text;
}

std::string grouped(std::string_view letters) {
  std::string text;
  for (std::size_t i = 0; i < letters.size(); ++i) {
    if (i > 0 && i % kCodeGroup == 0) text += '-';
    text += letters[i];
  }
  return text;
}

char meant(char c) {
  c = to_upper(c);
  if (c == 'O') return '0';
  if (c == 'I' || c == 'L') return '1';
  return c;
}

}  // namespace

bool equal_in_constant_time(Bytes a, Bytes b) {
  if (a.size() != b.size() || a.empty()) return false;
  // volatile: else the compiler may leave the loop at the first difference.
  volatile std::uint8_t difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference = static_cast<std::uint8_t>(difference | (a[i] ^ b[i]));
  return difference == 0;
}

std::string make_token(Cryptography& cryptography) {
  return random_letters<kTokenCharacters>(cryptography, kBase64Url);
}

std::string make_code(Cryptography& cryptography) {
  return grouped(random_letters<kCodeCharacters>(cryptography, kCodeAlphabet));
}

std::optional<std::string> read_code(std::string_view typed) {
  std::string letters;
  for (const char c : typed) {
    if (c == '-' || c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
    if (letters.size() == kCodeCharacters || kCodeAlphabet.find(meant(c)) == std::string_view::npos)
      return std::nullopt;
    letters += meant(c);
  }
  if (letters.size() != kCodeCharacters) return std::nullopt;
  return grouped(letters);
}

std::string make_password(Cryptography& cryptography) {
  std::string text = random_letters<kPasswordCharacters>(cryptography, kCodeAlphabet);
  for (char& c : text) c = to_lower(c);
  return text;
}

std::string to_hex(Bytes bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  return text;
}

std::optional<Digest> digest_from_hex(std::string_view hex) {
  Digest digest{};
  if (hex.size() != 2 * digest.size()) return std::nullopt;
  for (std::size_t i = 0; i < hex.size(); ++i) {
    const auto nibble = kHex.find(hex[i]);
    if (nibble == std::string_view::npos) return std::nullopt;
    digest[i / 2] = static_cast<std::uint8_t>(digest[i / 2] << 4 | nibble);
  }
  return digest;
}

}  // namespace meterseal::secrets
