#include "trust/pin.hpp"

#include <gtest/gtest.h>

#include <string>

#include "trust/errors.hpp"

namespace meterseal::trust {
namespace {

// The bytes 0xA1, 0xA2 ... 0xC0: each form below is written out so that nothing here is made by the code under test.
const std::string kColons =
    "A1:A2:A3:A4:A5:A6:A7:A8:A9:AA:AB:AC:AD:AE:AF:B0:B1:B2:B3:B4:B5:B6:B7:B8:B9:BA:BB:BC:BD:BE:BF:C0";
const std::string kSpaces =
    "A1 A2 A3 A4 A5 A6 A7 A8 A9 AA AB AC AD AE AF B0 B1 B2 B3 B4 B5 B6 B7 B8 B9 BA BB BC BD BE BF C0";
const std::string kBare = "A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBFC0";
const std::string kBase64 = "sha256//oaKjpKWmp6ipqqusra6vsLGys7S1tre4ubq7vL2+v8A=";
const std::string kShort = "9E 73 95 4B E0 BC 25 F5 F3 F1 BA 4F B8 AC 81 5A 71 FC 36 CB";

Sha256 expected_digest() {
  Sha256 digest{};
  for (std::size_t i = 0; i < digest.size(); ++i) digest.at(i) = static_cast<std::uint8_t>(0xA1 + i);
  return digest;
}

std::string lower(std::string text) {
  for (char& c : text) c = to_lower(c);
  return text;
}
std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

struct Refusal {
  const char* sentence;
  std::string text;
  const char* detail;
};

void expect_refused(const Refusal& row) {
  SCOPED_TRACE(row.sentence);
  const auto pin = parse_pin(row.text);
  ASSERT_FALSE(pin);
  EXPECT_EQ(pin.error().code, pin_malformed);
  EXPECT_EQ(pin.error().detail.view(), row.detail);
}

TEST(Pin, RefusesWhatIsNoWholeFingerprintAndSaysWhy) {
  std::string nine = "SHA-256 " + kBare;
  for (int i = 0; i < 8; ++i) nine += " SHA-1 " + kShort;
  const Refusal rows[] = {
      {"nothing", "", "is empty: 0 bytes where 32 are needed"},
      {"blanks", " \r\n\t", "is empty: 0 bytes where 32 are needed"},
      {"a label alone", "sha256 Fingerprint=", "is empty: 0 bytes where 32 are needed"},
      {"one byte", "A1", "is too short: 1 byte where 32 are needed"},
      {"the last byte is missing", kColons.substr(0, 92), "is too short: 31 bytes where 32 are needed"},
      {"one byte too many", kColons + ":C1", "is too long: 33 bytes where 32 are needed"},
      {"a SHA-512 fingerprint", kBare + kBare, "is too long: 64 bytes where 32 are needed"},
      {"cut in the middle of a byte", kColons.substr(0, 94), "holds a single hex digit where two make a byte"},
      {"cut in the middle of bare hex", kBare.substr(0, 63), "holds a single hex digit where two make a byte"},
      {"cut after a colon", kColons.substr(0, 93), "ends with a colon: a part of it is missing"},
      {"begins with a colon", ":" + kColons, "begins with a colon: a part of it is missing"},
      {"digits instead of pairs", "A:1:A:2", "holds a single hex digit where two make a byte"},
      {"one space among colons", replaced(kColons, "A9:AA", "A9 AA"),
       "has mixed separators: use colons, or spaces, or nothing between the bytes"},
      {"one colon among spaces", replaced(kSpaces, "A9 AA", "A9:AA"),
       "has mixed separators: use colons, or spaces, or nothing between the bytes"},
      {"one colon is missing", replaced(kColons, "A9:AA", "A9AA"),
       "has mixed separators: use colons, or spaces, or nothing between the bytes"},
      {"one colon in bare hex", replaced(kBare, "A9AA", "A9:AA"),
       "has mixed separators: use colons, or spaces, or nothing between the bytes"},
      {"two colons in a row", replaced(kColons, "A9:AA", "A9::AA"),
       "has mixed separators: use colons, or spaces, or nothing between the bytes"},
      {"colons with spaces", replaced(kColons, "A9:AA", "A9: AA"),
       "has mixed separators: use colons, or spaces, or nothing between the bytes"},
      {"hyphens", replaced(kColons, "A1:A2", "A1-A2"), "holds '-' as character 3, which is no hex digit"},
      {"a letter that is no hex digit", replaced(kColons, "A9", "G9"),
       "holds 'G' as character 25, which is no hex digit"},
      {"a letter as second digit", replaced(kColons, "A9", "AG"), "holds 'G' as character 26, which is no hex digit"},
      {"0x before it", "0x" + kBare, "holds 'x' as character 2, which is no hex digit"},
      {"a NUL behind it", kColons + std::string(1, '\0'), "holds the byte 0x00 as character 96, which is no hex digit"},
      {"a NUL within it", replaced(kColons, ":AA", std::string(1, '\0') + "AA"),
       "holds the byte 0x00 as character 27, which is no hex digit"},
      {"a no-break space",
       replaced(kSpaces, "A9 AA",
                "A9\xC2\xA0"
                "AA"),
       "holds the byte 0xC2 as character 27, which is no hex digit"},
      {"full-width letters",
       replaced(kColons, "A1",
                "\xEF\xBC\xA1"
                "1"),
       "holds the byte 0xEF as character 1, which is no hex digit"},
      {"a byte order mark", "\xEF\xBB\xBF" + kColons, "holds the byte 0xEF as character 1, which is no hex digit"},
      {"a whole certificate", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
       "holds '-' as character 1, which is no hex digit"},
      {"a password", "secret", "holds 's' as character 1, which is no hex digit"},
      {"all 00", std::string(64, '0'), "is all 00, which is nobody's fingerprint (0 alone clears a slot)"},
      {"all FF", std::string(64, 'f'), "is all FF, which is nobody's fingerprint and never stands for any broker here"},
      {"Tasmota's 'accept any and learn'", std::string(40, '0'),
       "is all 00, which is nobody's fingerprint (0 alone clears a slot)"},
      {"Tasmota's 'accept any'", std::string(40, 'F'),
       "is all FF, which is nobody's fingerprint and never stands for any broker here"},
      {"Tasmota's empty slot 2", "DA 39 A3 EE 5E 6B 4B 0D 32 55 BF EF 95 60 18 90 AF D8 07 09",
       "is the digest of nothing: the command that made it got no certificate"},
      {"sha256sum of nothing", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
       "is the digest of nothing: the command that made it got no certificate"},
      {"two of them", kColons + "\nSHA-256 " + kColons, "holds more than one fingerprint: give one"},
      {"the digits of two keys", "Public key " + kBare + "\nPublic key " + kBare,
       "holds more than one fingerprint: give one"},
      {"nine of them", nine, "holds more than one fingerprint: give one"},
      {"a book", std::string(1025, 'A'), "has 1025 characters, which is no fingerprint of 32 bytes"},
  };
  for (const Refusal& row : rows) expect_refused(row);
}

TEST(Pin, RefusesSha1AndOtherDigestsByTheirLabels) {
  const std::string sha1 = "SHA1 Fingerprint=9E:73:95:4B:E0:BC:25:F5:F3:F1:BA:4F:B8:AC:81:5A:71:FC:36:CB";
  const char* is_sha1 = "is the SHA-1 fingerprint of a certificate (20 bytes): give the one of SHA-256 (32 bytes)";
  const char* is_other = "is labelled as another digest than SHA-256: give the fingerprint of SHA-256 (32 bytes)";
  const Refusal rows[] = {
      {"the line of openssl 1", sha1, is_sha1},
      {"the line of openssl 3", lower(sha1), is_sha1},
      {"a certificate window", "SHA-1 Fingerprint\n" + kShort, is_sha1},
      {"SHA-1 by name but 32 bytes", "SHA1 Fingerprint=" + kColons, is_sha1},
      {"MD5", "MD5 Fingerprint=9E:73:95:4B:E0:BC:25:F5:F3:F1:BA:4F:B8:AC:81:5A", is_other},
      {"SHA-512", "sha512 Fingerprint=" + kColons, is_other},
      {"20 bytes under the name of SHA-256", "sha256 Fingerprint=" + kShort,
       "is too short: 20 bytes where 32 are needed (20 bytes under a label are a SHA-1 fingerprint)"},
      {"20 bytes under a label that names no digest", "Fingerprint: " + kShort,
       "is too short: 20 bytes where 32 are needed (20 bytes under a label are a SHA-1 fingerprint)"},
  };
  for (const Refusal& row : rows) expect_refused(row);
}

TEST(Pin, RefusesBase64ThatIsNotExactly32Bytes) {
  const char* forty_four = " characters after sha256//, where 44 with one '=' at the end make 32 bytes";
  const auto count = [&](const char* number) { return std::string("has ") + number + forty_four; };
  const std::string none = count("0");
  const std::string short_one = count("43");
  const std::string long_one = count("48");
  const std::string two = count("44");
  const Refusal rows[] = {
      {"nothing", "sha256//", none.c_str()},
      {"no padding", kBase64.substr(0, 51), short_one.c_str()},
      {"33 bytes",
       "sha256//oaKjpKWmp6ipqqusra6vsLGys7S1tre4ubq7vL2+v8DB"
       "AAA=",
       long_one.c_str()},
      {"31 bytes", "sha256//oaKjpKWmp6ipqqusra6vsLGys7S1tre4ubq7vL2+vw==", two.c_str()},
      {"32 bytes and more", "sha256//oaKjpKWmp6ipqqusra6vsLGys7S1tre4ubq7vL2+v8DB", two.c_str()},
      {"padding in the middle", "sha256//oaKjpKWmp6ipqqusra6vsLGys7S1tre4ubq7vL2=v8A=", two.c_str()},
      {"a second spelling of the same bytes", "sha256//oaKjpKWmp6ipqqusra6vsLGys7S1tre4ubq7vL2+v8B=",
       "ends in a base64 digit that no encoder writes there: a character is wrong"},
      {"the digits of URLs",
       "sha256//oaKjpKWmp6ipqqusra6vsLGys7S1tre4ubq7vL2-v8A=", "holds '-' as character 48, which is no base64 digit"},
      {"two pins as curl takes them", kBase64 + ";" + kBase64, "holds ';' as character 53, which is no base64 digit"},
      {"a blank within", "sha256//oaKj pKWmp6ipqqusra6vsLGys7S1tre4ubq7vL2+v8A=",
       "holds the byte 0x20 as character 13, which is no base64 digit"},
      {"all zero", "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
       "is all 00, which is nobody's fingerprint (0 alone clears a slot)"},
      {"the prefix in capitals",
       "SHA256//oaKjpKWmp6ipqqusra6vsLGys7S1tre4ubq7vL2+v8A=", "holds '/' as character 7, which is no hex digit"},
  };
  for (const Refusal& row : rows) expect_refused(row);
}

struct Form {
  const char* sentence;
  std::string text;
  PinKind kind = PinKind::certificate_or_key;
};

TEST(Pin, ReadsEveryFormThatAPersonMayPaste) {
  const Form forms[] = {
      {"colons", kColons},
      {"spaces", kSpaces},
      {"nothing between", kBare},
      {"lower case", lower(kColons)},
      {"mixed case", "a1:A2" + kColons.substr(5)},
      {"blanks around", " \t" + kColons + "\r\n"},
      {"the line of openssl 3", "sha256 Fingerprint=" + kColons + "\n"},
      {"the line of openssl 1", "SHA256 Fingerprint=" + kColons + "\n"},
      {"Firefox, a row", "SHA-256\t" + kColons},
      {"Firefox, both rows",
       "Fingerprints\nSHA-256\n" + kColons + "\nSHA-1\n9E:73:95:4B:E0:BC:25:F5:F3:F1:BA:4F:B8:AC:81:5A:71:FC:36:CB\n"},
      {"Firefox, SHA-1 first",
       "SHA-1 Fingerprint\n9E:73:95:4B:E0:BC:25:F5:F3:F1:BA:4F:B8:AC:81:5A:71:FC:36:CB\nSHA-256 Fingerprint\n" +
           kColons},
      {"Chrome", "SHA-256 Fingerprints\nCertificate\n" + lower(kBare)},
      {"Chrome, the key", "SHA-256 Fingerprints\nPublic key\n" + lower(kBare), PinKind::key},
      {"Chrome, both", "SHA-256 Fingerprints\nCertificate\n" + lower(kBare) + "\nPublic key\n" + std::string(64, 'b')},
      {"Chrome before 2023, two lines",
       "SHA-256 Fingerprint\tA1 A2 A3 A4 A5 A6 A7 A8 A9 AA AB AC AD AE AF B0\nB1 B2 B3 B4 B5 B6 B7 B8 B9 BA BB BC BD "
       "BE BF C0"},
      {"wrapped after a colon", replaced(kColons, "AF:B0", "AF:\r\nB0")},
      {"wrapped before a colon", replaced(kColons, "AF:B0", "AF\n:B0")},
      {"wrapped instead of a colon", replaced(kColons, "AF:B0", "AF\nB0")},
      {"wrapped within bare hex", replaced(kBare, "AFB0", "AF\nB0")},
      {"wrapped and indented", replaced(kSpaces, "AF B0", "AF\n    B0")},
      {"label in brackets", "Fingerprint (SHA-256): " + kColons},
      {"curl's form of a key", kBase64, PinKind::key},
      {"curl's form with blanks around", "\t" + kBase64 + "\n", PinKind::key},
  };
  for (const Form& form : forms) {
    SCOPED_TRACE(form.sentence);
    const auto pin = parse_pin(form.text);
    ASSERT_TRUE(pin) << pin.error().detail.view();
    EXPECT_EQ(pin->kind, form.kind);
    EXPECT_EQ(pin->digest, expected_digest());
  }
}

TEST(Pin, Reads20BytesWithoutLabelAsTasmotasDigestOfTheKey) {
  for (const std::string& text : {kShort, lower(kShort), std::string("9E73954BE0BC25F5F3F1BA4FB8AC815A71FC36CB"),
                                  std::string("9E:73:95:4B:E0:BC:25:F5:F3:F1:BA:4F:B8:AC:81:5A:71:FC:36:CB")}) {
    const auto pin = parse_pin(text);
    ASSERT_TRUE(pin) << text;
    EXPECT_EQ(pin->kind, PinKind::tasmota_key);
    EXPECT_EQ(pin->digest[0], 0x9E);
    EXPECT_EQ(pin->digest[19], 0xCB);
    EXPECT_EQ(pin->digest[20], 0);
    EXPECT_EQ(format_pin(*pin).view(), "9E:73:95:4B:E0:BC:25:F5:F3:F1:BA:4F:B8:AC:81:5A:71:FC:36:CB");
  }
}

TEST(Pin, OneByteMoreOrLessThanTasmotasIsNotTasmotas) {
  expect_refused({"19", kShort.substr(0, 56), "is too short: 19 bytes where 32 are needed"});
  expect_refused({"21", kShort + " AA", "is too short: 21 bytes where 32 are needed"});
}

TEST(Pin, IsShownAsThePageShowsIt) {
  EXPECT_EQ(format_pin({PinKind::certificate_or_key, expected_digest()}).view(), kColons);
  EXPECT_EQ(format_pin({PinKind::key, expected_digest()}).view(), kBase64);
  EXPECT_EQ(format_sha256(expected_digest()).view(), kColons);
  EXPECT_EQ(format_key_pin(expected_digest()).view(), kBase64);
  Sha256 high{};
  high.fill(0xFB);  // the digits + and /
  EXPECT_EQ(format_key_pin(high).view(), "sha256//+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=");
}

TEST(Pin, ReadsWhatItShows) {
  for (const PinKind kind : {PinKind::certificate_or_key, PinKind::key}) {
    for (unsigned first = 0; first < 256; ++first) {
      Pin pin{kind, {}};
      for (std::size_t i = 0; i < pin.digest.size(); ++i) pin.digest.at(i) = static_cast<std::uint8_t>(first + 37 * i);
      const auto read = parse_pin(format_pin(pin));
      ASSERT_TRUE(read);
      EXPECT_EQ(*read, pin);
    }
  }
}

TEST(Pin, NeverRepeatsWhatWasPasted) {
  const auto pin = parse_pin("hunter2 hunter2");
  ASSERT_FALSE(pin);
  EXPECT_EQ(pin.error().detail.view().find("hunter"), std::string_view::npos);
}

}  // namespace
}  // namespace meterseal::trust
