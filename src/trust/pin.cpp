#include "trust/pin.hpp"

#include <algorithm>
#include <optional>

#include "core/bytes.hpp"
#include "core/inline_vector.hpp"
#include "trust/errors.hpp"

namespace meterseal::trust {

namespace {

constexpr std::size_t kLongestText = 1024;  ///< a certificate window pasted whole has some 400 characters
constexpr std::size_t kTasmotaSize = 20;
constexpr std::string_view kKeyPrefix = "sha256//";  ///< @source curl, --pinnedpubkey
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kMixed = "has mixed separators: use colons, or spaces, or nothing between the bytes";

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_word(char c) {
  return (to_lower(c) >= 'a' && to_lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '-';
}
int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

tl::unexpected<Error> malformed(std::string_view detail) {
  return fail(pin_malformed, "fingerprint", detail);
}

/// The text itself is never echoed: it may be hostile, or a password pasted into the wrong field.
tl::unexpected<Error> foreign_character(std::string_view text, const char* at, std::string_view expected) {
  Text<224> detail("holds ");
  if (*at > ' ' && *at < 0x7F) {
    detail.add("'").add({at, 1}).add("'");
  } else {
    detail.add("the byte 0x").add_hex(static_cast<unsigned char>(*at), 2);
  }
  detail.add(" as character ")
      .add_uint(static_cast<std::size_t>(at - text.data()) + 1)
      .add(", which is no ")
      .add(expected)
      .add(" digit");
  return malformed(detail);
}

/// What a label says about the digits after it.
enum class Digest : std::uint8_t {
  unsaid,
  sha256,
  sha1,
  other
};
struct LabelWord {
  std::string_view text;
  std::optional<Digest> digest;
  bool is_public_key = false;
};
/// @source openssl x509 -fingerprint; the certificate windows of Chrome, Edge, Firefox and Safari
constexpr LabelWord kLabelWords[] = {
    {"sha256", Digest::sha256}, {"sha-256", Digest::sha256}, {"sha1", Digest::sha1},     {"sha-1", Digest::sha1},
    {"md5", Digest::other},     {"sha384", Digest::other},   {"sha-384", Digest::other}, {"sha512", Digest::other},
    {"sha-512", Digest::other}, {"fingerprint", {}},         {"fingerprints", {}},       {"certificate", {}},
    {"public key", {}, true},
};

/// The label that begins here and ends where a word ends; nullptr: none.
const LabelWord* label_of(std::string_view text) {
  for (const LabelWord& word : kLabelWords) {
    const std::size_t size = word.text.size();
    if (!equals_ignoring_case(text.substr(0, size), word.text)) continue;
    if (text.size() == size || !is_word(text[size])) return &word;
  }
  return nullptr;
}

/// The digits between two labels.
struct Section {
  std::string_view text;
  Digest digest = Digest::unsaid;
  bool is_public_key = false;
};
struct Sections {
  InlineVector<Section, 8> list;
  bool labelled = false;
  bool too_many = false;
};

/// Cuts pasted text at its labels. The name of a digest holds until another one is named.
Sections sections_of(std::string_view text) {
  Sections found;
  Section section;
  std::size_t begin = 0;
  const auto close = [&](std::size_t end) {
    section.text = trim(text.substr(begin, end - begin));
    if (!section.text.empty()) found.too_many = !found.list.push_back(section) || found.too_many;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts_word = i == 0 || !is_word(text[i - 1]);
    const LabelWord* label = starts_word ? label_of(text.substr(i)) : nullptr;
    if (label == nullptr) continue;
    close(i);
    found.labelled = true;
    if (label->digest) section.digest = *label->digest;
    section.is_public_key = label->is_public_key;
    begin = i + label->text.size();
    // "sha256 Fingerprint=", "Fingerprint (SHA-256): ", a label on a line of its own
    while (begin < text.size() &&
           (is_blank(text[begin]) || std::string_view(":=()").find(text[begin]) != std::string_view::npos))
      ++begin;
    i = begin - 1;
  }
  close(text.size());
  return found;
}

/// Which separator stands in the gap before a byte. A line break may stand for any of them or beside one: windows wrap.
enum class Separator : std::uint8_t {
  line_break,
  nothing,
  blank,
  colon,
  mixed
};
Separator separator_of(std::string_view gap) {
  const bool wrapped = gap.find_first_of("\r\n") != std::string_view::npos;
  const auto colons = std::count(gap.begin(), gap.end(), ':');
  if (colons > 1 || (colons == 1 && gap.size() > 1 && !wrapped)) return Separator::mixed;
  if (colons == 1) return Separator::colon;
  if (wrapped) return Separator::line_break;
  return gap.empty() ? Separator::nothing : Separator::blank;
}

struct HexBytes {
  Sha256 bytes{};
  std::size_t count = 0;  ///< of all pairs; what exceeds `bytes` is not kept
};

/// @param whole  what was pasted, to say where a fault is
Result<HexBytes> read_hex(std::string_view text, std::string_view whole) {
  HexBytes hex;
  Separator style = Separator::line_break;
  std::size_t i = 0;
  while (i < text.size()) {
    const std::size_t gap = i;
    while (i < text.size() && (is_blank(text[i]) || text[i] == ':')) ++i;
    if (i == text.size()) return malformed("ends with a colon: a part of it is missing");
    if (hex_value(text[i]) < 0) return foreign_character(whole, &text[i], "hex");
    if (hex.count > 0) {
      const Separator separator = separator_of(text.substr(gap, i - gap));
      if (separator == Separator::mixed) return malformed(kMixed);
      if (separator != Separator::line_break && style != Separator::line_break && separator != style)
        return malformed(kMixed);
      if (separator != Separator::line_break) style = separator;
    } else if (i > gap) {
      return malformed("begins with a colon: a part of it is missing");
    }
    if (i + 1 == text.size() || is_blank(text[i + 1]) || text[i + 1] == ':') {
      return malformed("holds a single hex digit where two make a byte");
    }
    if (hex_value(text[i + 1]) < 0) return foreign_character(whole, &text[i + 1], "hex");
    if (hex.count < hex.bytes.size()) {
      hex.bytes.at(hex.count) = static_cast<std::uint8_t>(hex_value(text[i]) * 16 + hex_value(text[i + 1]));
    }
    ++hex.count;
    i += 2;
  }
  return hex;
}

/// Digests that only a mistake can have made, or that stand for 'anybody' elsewhere.
Result<Pin> without_known_mistakes(const Pin& pin) {
  // @source FIPS 180-4: SHA-256 and SHA-1 of no bytes at all. The second is the default of Tasmota's slot 2.
  static constexpr Sha256 kSha256OfNothing{0xE3, 0xB0, 0xC4, 0x42, 0x98, 0xFC, 0x1C, 0x14, 0x9A, 0xFB, 0xF4,
                                           0xC8, 0x99, 0x6F, 0xB9, 0x24, 0x27, 0xAE, 0x41, 0xE4, 0x64, 0x9B,
                                           0x93, 0x4C, 0xA4, 0x95, 0x99, 0x1B, 0x78, 0x52, 0xB8, 0x55};
  static constexpr Sha256 kSha1OfNothing{0xDA, 0x39, 0xA3, 0xEE, 0x5E, 0x6B, 0x4B, 0x0D, 0x32, 0x55,
                                         0xBF, 0xEF, 0x95, 0x60, 0x18, 0x90, 0xAF, 0xD8, 0x07, 0x09};
  const std::size_t size = pin.kind == PinKind::tasmota_key ? kTasmotaSize : pin.digest.size();
  const auto digest = Bytes(pin.digest).first(size);
  const auto all = [&](std::uint8_t value) {
    return std::all_of(digest.begin(), digest.end(), [&](std::uint8_t byte) { return byte == value; });
  };
  if (all(0x00)) return malformed("is all 00, which is nobody's fingerprint (0 alone clears a slot)");
  if (all(0xFF)) return malformed("is all FF, which is nobody's fingerprint and never stands for any broker here");
  if (pin.digest == kSha256OfNothing || pin.digest == kSha1OfNothing) {
    return malformed("is the digest of nothing: the command that made it got no certificate");
  }
  return pin;
}

Result<Pin> read_base64(std::string_view text, std::string_view whole) {
  Pin pin{PinKind::key, {}};
  constexpr std::size_t kDigits = 43;  // 32 bytes, then one '='
  for (const char& c : text) {
    if (kBase64.find(c) == std::string_view::npos && c != '=') return foreign_character(whole, &c, "base64");
  }
  if (text.size() != kDigits + 1 || text.find('=') != kDigits) {
    return malformed(Text<224>("has ")
                         .add_uint(text.size())
                         .add(" characters after sha256//, where 44 with one '=' at the end make 32 bytes"));
  }
  std::uint32_t bits = 0;
  unsigned held = 0;
  std::size_t n = 0;
  for (const char c : text.substr(0, kDigits)) {
    bits = bits << 6 | static_cast<std::uint32_t>(kBase64.find(c));
    held += 6;
    if (held < 8) continue;
    held -= 8;
    pin.digest.at(n++) = static_cast<std::uint8_t>(bits >> held);
  }
  // Two bits are left over. Other values than 0 would be second spellings of one pin.
  if ((bits & 3) != 0) return malformed("ends in a base64 digit that no encoder writes there: a character is wrong");
  return without_known_mistakes(pin);
}

Result<Section> the_one_section(const Sections& sections) {
  const auto& list = sections.list;
  if (list.empty()) return malformed("is empty: 0 bytes where 32 are needed");
  const auto fits = [](const Section& s) { return s.digest == Digest::unsaid || s.digest == Digest::sha256; };
  // Chrome shows the digests of certificate and key below each other.
  const auto is_certificate = [&](const Section& s) { return fits(s) && !s.is_public_key; };
  const auto certificates = std::count_if(list.begin(), list.end(), is_certificate);
  const auto fitting = std::count_if(list.begin(), list.end(), fits);
  if (sections.too_many || certificates > 1 || (certificates == 0 && fitting > 1)) {
    return malformed("holds more than one fingerprint: give one");
  }
  if (certificates == 1) return *std::find_if(list.begin(), list.end(), is_certificate);
  if (fitting == 1) return *std::find_if(list.begin(), list.end(), fits);
  if (list[0].digest == Digest::sha1) {
    return malformed("is the SHA-1 fingerprint of a certificate (20 bytes): give the one of SHA-256 (32 bytes)");
  }
  return malformed("is labelled as another digest than SHA-256: give the fingerprint of SHA-256 (32 bytes)");
}

}  // namespace

Result<Pin> parse_pin(std::string_view text) {
  if (text.size() > kLongestText) {
    return malformed(Text<224>("has ").add_uint(text.size()).add(" characters, which is no fingerprint of 32 bytes"));
  }
  const std::string_view trimmed = trim(text);
  if (trimmed.starts_with(kKeyPrefix)) return read_base64(trimmed.substr(kKeyPrefix.size()), text);

  const Sections sections = sections_of(text);
  const Result<Section> section = the_one_section(sections);
  if (!section) return tl::unexpected<Error>(section.error());
  const Result<HexBytes> hex = read_hex(section->text, text);
  if (!hex) return tl::unexpected<Error>(hex.error());
  if (hex->count == hex->bytes.size()) {
    return without_known_mistakes({section->is_public_key ? PinKind::key : PinKind::certificate_or_key, hex->bytes});
  }
  if (hex->count == kTasmotaSize && !sections.labelled)
    return without_known_mistakes({PinKind::tasmota_key, hex->bytes});
  Text<224> detail(hex->count < hex->bytes.size() ? "is too short: " : "is too long: ");
  detail.add_uint(hex->count).add(hex->count == 1 ? " byte where 32 are needed" : " bytes where 32 are needed");
  if (hex->count == kTasmotaSize) detail.add(" (20 bytes under a label are a SHA-1 fingerprint)");
  return malformed(detail);
}

Text<95> format_digest(std::span<const std::uint8_t> digest) {
  Text<95> text;
  for (const std::uint8_t byte : digest) {
    if (!text.empty()) text.add(":");
    text.add_hex(byte, 2);
  }
  return text;
}

Text<52> format_key_pin(const Sha256& key) {
  Text<52> text(kKeyPrefix);
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const std::uint8_t byte : key) {
    bits = bits << 8 | byte;
    held += 8;
    for (; held >= 6; held -= 6) text.add(kBase64.substr(bits >> (held - 6) & 63, 1));
  }
  // 256 bits are 42 digits and 4 bits.
  return text.add(kBase64.substr(bits << 2 & 63, 1)).add("=");
}

Text<95> format_pin(const Pin& pin) {
  switch (pin.kind) {
    case PinKind::certificate_or_key: return format_sha256(pin.digest);
    case PinKind::key: return Text<95>(format_key_pin(pin.digest).view());
    case PinKind::tasmota_key: return format_digest(Bytes(pin.digest).first(kTasmotaSize));
  }
  return {};
}

}  // namespace meterseal::trust
