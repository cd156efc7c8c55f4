#include "trust/lineage.hpp"

#include <gtest/gtest.h>

#include "support/trust_world.hpp"
#include "trust/errors.hpp"

namespace meterseal::trust {
namespace {

using test::bare_pin;
using test::digest;
using test::kAnchor;
using test::kCertificate;
using test::kKey;
using test::kOther;
using test::record;
using test::the;

Lineage full() {
  Lineage lineage;
  lineage.slots[0] = record(bare_pin(kCertificate), kOther, kKey);
  the(lineage.slots[0]).followed = true;
  the(lineage.slots[0]).since = test::utc(2026, 2, 1);
  lineage.slots[1] = record(test::key_pin(kKey), kCertificate, kKey, std::nullopt);
  the(lineage.slots[1]).is_key_pin = true;
  lineage.swapped = true;
  lineage.previous = test::tasmota_pin(kOther);
  lineage.learned = Learned{digest(1), digest(2), digest(kAnchor), test::utc(2026, 1, 2), digest(3), true};
  return lineage;
}

const std::string kFull =
    "lineage 1\n"
    "slot1 bare 101112131415161718191A1B1C1D1E1F202122232425262728292A2B2C2D2E2F "
    "A0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBF "
    "202122232425262728292A2B2C2D2E2F303132333435363738393A3B3C3D3E3F "
    "303132333435363738393A3B3C3D3E3F404142434445464748494A4B4C4D4E4F of-certificate followed 1769904000000\n"
    "slot2 key 202122232425262728292A2B2C2D2E2F303132333435363738393A3B3C3D3E3F "
    "101112131415161718191A1B1C1D1E1F202122232425262728292A2B2C2D2E2F "
    "202122232425262728292A2B2C2D2E2F303132333435363738393A3B3C3D3E3F - of-key as-declared -\n"
    "swapped\n"
    "previous tasmota A0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3000000000000000000000000\n"
    "learned 0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20 "
    "02030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F2021 "
    "303132333435363738393A3B3C3D3E3F404142434445464748494A4B4C4D4E4F 1767312000000 "
    "030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F202122 confirmed\n"
    "end\n";

TEST(Lineage, IsKeptAsText) {
  EXPECT_EQ(encode(full()), kFull);
  EXPECT_EQ(encode({}), "lineage 1\nend\n");
}

TEST(Lineage, ComesBackAsItWas) {
  EXPECT_EQ(decode_lineage(kFull).value(), full());
  EXPECT_EQ(decode_lineage(encode({})).value(), Lineage{});
  Lineage lineage = full();
  the(lineage.learned).conflict.reset();
  the(lineage.learned).anchor.reset();
  the(lineage.learned).seen.reset();
  the(lineage.learned).confirmed = false;
  lineage.slots[0].reset();
  lineage.swapped = false;
  EXPECT_EQ(decode_lineage(encode(lineage)).value(), lineage);
}

TEST(Lineage, KeepsNoTimeBefore1970) {
  Lineage lineage = full();
  the(lineage.slots[0]).since = UtcTime(milliseconds(-1));
  EXPECT_EQ(the(decode_lineage(encode(lineage)).value().slots[0]).since, std::nullopt);
  the(lineage.slots[0]).since = UtcTime{};
  EXPECT_EQ(decode_lineage(encode(lineage)).value(), lineage);
}

TEST(Lineage, CutAnywhereIsDamaged) {
  for (std::size_t size = 0; size < kFull.size(); ++size) {
    const auto lineage = decode_lineage(std::string_view(kFull).substr(0, size));
    ASSERT_FALSE(lineage) << size;
    EXPECT_EQ(lineage.error().code, lineage_damaged);
  }
}

TEST(Lineage, RefusesWhatItNeverWrites) {
  const auto digits = [](std::uint8_t first) {
    Text<64> text;
    for (const std::uint8_t byte : digest(first)) text.add_hex(byte, 2);
    return std::string(text.view());
  };
  const auto changed = [](const std::string& from, const std::string& to) {
    std::string text = kFull;
    return text.replace(text.find(from), from.size(), to);
  };
  struct Row {
    const char* sentence;
    std::string text;
    const char* detail;
  };
  const Row rows[] = {
      {"nothing", "", "line 1 is not what was written"},
      {"a later format", changed("lineage 1", "lineage 2"), "line 1 is not what was written"},
      {"a word that it does not know", changed("swapped", "trusted"), "line 4 is not what was written"},
      {"a line twice", changed("swapped", "swapped\nswapped"), "line 5 is not what was written"},
      {"slot 1 twice", changed("slot2", "slot1"), "line 2 is not what was written"},
      {"a kind of pin that it does not know", changed("bare", "any"), "line 2 is not what was written"},
      {"a digest that is too short", changed("1112", "12"), "line 2 is not what was written"},
      {"a digest in small letters", changed("191A", "191a"), "line 2 is not what was written"},
      {"no certificate", changed("A0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBF", "-"),
       "line 2 is not what was written"},
      {"two blanks", changed("bare ", "bare  "), "line 2 is not what was written"},
      {"a blank at the end", changed("swapped", "swapped "), "line 4 is not what was written"},
      {"a word too many", changed("followed", "followed followed"), "line 2 is not what was written"},
      {"a word too few", changed("of-key ", ""), "line 3 is not what was written"},
      {"a time with a sign", changed("1769904000000", "+1"), "line 2 is not what was written"},
      {"a time beyond the year 9999", changed("1769904000000", "253402300800000"), "line 2 is not what was written"},
      {"a time with zeros before it", changed("1769904000000", "01769904000000"), "line 2 is not what was written"},
      {"lines in another order", "lineage 1\nprevious key " + digits(1) + "\nswapped\nend\n",
       "line 2 is not what was written"},
      {"something after the end", kFull + "swapped\n", "line 8 is not what was written"},
      {"an empty line", changed("swapped\n", "\n"), "line 4 is not what was written"},
      {"lines of another system", changed("\n", "\r\n"), "line 1 is not what was written"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.sentence);
    const auto lineage = decode_lineage(row.text);
    ASSERT_FALSE(lineage);
    EXPECT_EQ(lineage.error().code, lineage_damaged);
    EXPECT_EQ(lineage.error().detail.view(), row.detail);
  }
}

TEST(Lineage, ShowsPinsInTheirOrderWithFormerAndLearned) {
  const Pin a = bare_pin(1);
  const Pin b = bare_pin(2);
  Lineage promoted;
  promoted.slots[0] = record(a, 1, 10);
  promoted.slots[1] = record(b, 2, 20);
  promoted.previous = a;
  promoted.swapped = true;

  const auto now = pins_in_force(test::pinned(a, b), promoted);
  ASSERT_EQ(now.size(), 2U);
  EXPECT_EQ(now[0].pin, b);
  EXPECT_EQ(now[0].slot, 1);
  EXPECT_FALSE(now[0].is_former);
  EXPECT_EQ(now[1].pin, a);
  EXPECT_EQ(now[1].slot, 2);
  EXPECT_TRUE(now[1].is_former);

  struct Row {
    const char* sentence;
    Policy policy;
    Pin first;
    std::optional<Pin> second;
  };
  const Pin c = bare_pin(3);
  for (const Row& row : {Row{"the owner wrote them in the new order", test::pinned(b, a), b, a},
                         Row{"the owner took the former out", test::pinned(b), b, std::nullopt},
                         Row{"the owner took the successor out", test::pinned(a), a, std::nullopt},
                         Row{"another successor was announced in its place", test::pinned(a, c), a, c},
                         Row{"the former gave way to a new successor", test::pinned(b, c), b, c}}) {
    SCOPED_TRACE(row.sentence);
    const auto pins = pins_in_force(row.policy, promoted);
    ASSERT_EQ(pins.size(), row.second ? 2U : 1U);
    EXPECT_EQ(pins[0].pin, row.first);
    if (row.second) {
      EXPECT_EQ(pins[1].pin, *row.second);
    }
    EXPECT_EQ(pins.size() == 2 && pins[1].is_former, row.second == a);
  }
}

TEST(Lineage, TurnsTheOrderOfTheOwnerRoundOnlyForAPromotion) {
  const Pin a = bare_pin(1);
  const Pin b = bare_pin(2);
  Lineage flipped_back;  // a is served again, and the owner has written b first since
  flipped_back.slots[0] = record(a, 1, 10);
  flipped_back.previous = b;
  const auto as_written = pins_in_force(test::pinned(b, a), flipped_back);
  EXPECT_EQ(as_written[0].pin, b);
  EXPECT_FALSE(as_written[0].is_former);
  EXPECT_FALSE(as_written[1].is_former);

  Lineage of_nothing;  // says swapped, and there is nothing to have swapped with
  of_nothing.slots[0] = record(b, 2, 20);
  of_nothing.swapped = true;
  Policy alone;
  alone.pins[1] = b;
  const auto pins = pins_in_force(alone, of_nothing);
  ASSERT_EQ(pins.size(), 1U);
  EXPECT_EQ(pins[0].slot, 2);
}

TEST(Lineage, CountsALearnedPinOnlyConfirmedAndOnlyAlone) {
  Lineage lineage;
  lineage.learned = Learned{digest(1), digest(2), std::nullopt, std::nullopt, std::nullopt, false};
  EXPECT_TRUE(pins_in_force({}, lineage).empty());
  the(lineage.learned).confirmed = true;
  const auto alone = pins_in_force({}, lineage);
  ASSERT_EQ(alone.size(), 1U);
  EXPECT_EQ(alone[0].pin, bare_pin(1));
  EXPECT_TRUE(alone[0].is_learned);
  const auto beside = pins_in_force(test::pinned(bare_pin(9)), lineage);
  ASSERT_EQ(beside.size(), 1U);
  EXPECT_FALSE(beside[0].is_learned);
}

TEST(Lineage, FindsARecordByItsPinInWhateverSlot) {
  const Lineage lineage = full();
  EXPECT_EQ(record_of(lineage, bare_pin(kCertificate)), lineage.slots[0]);
  EXPECT_EQ(record_of(lineage, test::key_pin(kKey)), lineage.slots[1]);
  EXPECT_EQ(record_of(lineage, bare_pin(kKey)), std::nullopt);  // the same digits, declared in another way
  const auto learned = record_of(lineage, bare_pin(1));
  EXPECT_EQ(the(learned).key, digest(2));
  EXPECT_EQ(the(learned).anchor, digest(kAnchor));
}

}  // namespace
}  // namespace meterseal::trust
