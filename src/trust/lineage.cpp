#include "trust/lineage.hpp"

#include <algorithm>
#include <utility>

#include "core/bytes.hpp"
#include "trust/errors.hpp"

namespace meterseal::trust {

namespace {

constexpr std::string_view kHeader = "lineage 1";
constexpr std::string_view kEnd = "end";
constexpr std::string_view kNone = "-";
constexpr std::string_view kOfKey = "of-key";
constexpr std::string_view kFollowed = "followed";
constexpr std::string_view kConfirmed = "confirmed";
constexpr std::uint64_t kLatestTime = 253'402'300'799'999;  ///< ms, end of the year 9999, the last that X.509 can say

struct Word {
  PinKind kind;
  std::string_view text;
};
constexpr Word kKinds[] = {
    {PinKind::certificate_or_key, "bare"}, {PinKind::key, "key"}, {PinKind::tasmota_key, "tasmota"}};

/// The swap holds only between the two pins between which it was made.
bool is_swapped(const Policy& policy, const Lineage& lineage) {
  const auto& [first, second] = policy.pins;
  return lineage.swapped && first && second && lineage.previous == first && record_of(lineage, *second);
}

void add_field(std::string& line, std::string_view text) {
  if (!line.empty()) line += ' ';
  line += text;
}
void add_digest(std::string& line, const Sha256& digest) {
  Text<64> hex;
  for (const std::uint8_t byte : digest) hex.add_hex(byte, 2);
  add_field(line, hex);
}
void add_digest(std::string& line, const std::optional<Sha256>& digest) {
  if (digest) {
    add_digest(line, *digest);
  } else {
    add_field(line, kNone);
  }
}
void add_time(std::string& line, const std::optional<UtcTime>& time) {
  const std::int64_t ms = time ? time->time_since_epoch().count() : -1;
  if (ms < 0) {
    add_field(line, kNone);
  } else {
    add_field(line, Text<20>().add_int(ms));
  }
}
void add_pin(std::string& line, const Pin& pin) {
  for (const Word& word : kKinds) {
    if (word.kind == pin.kind) add_field(line, word.text);
  }
  add_digest(line, pin.digest);
}

std::string slot_line(const SlotRecord& record) {
  std::string line;
  add_pin(line, record.declared);
  add_digest(line, record.certificate);
  add_digest(line, record.key);
  add_digest(line, record.anchor);
  add_field(line, record.is_key_pin ? kOfKey : "of-certificate");
  add_field(line, record.followed ? kFollowed : "as-declared");
  add_time(line, record.since);
  return line;
}

std::string learned_line(const Learned& learned) {
  std::string line;
  add_digest(line, learned.certificate);
  add_digest(line, learned.key);
  add_digest(line, learned.anchor);
  add_time(line, learned.seen);
  add_digest(line, learned.conflict);
  add_field(line, learned.confirmed ? kConfirmed : "unconfirmed");
  return line;
}

/// Takes a line apart, word by word. It complains of nothing: what it misreads is not written again as it stood, which
/// decode_lineage() sees.
class Line {
 public:
  explicit Line(std::string_view text) : rest_(text) {}

  std::string_view word() {
    const std::string_view taken = rest_.substr(0, rest_.find(' '));
    rest_.remove_prefix(std::min(rest_.size(), taken.size() + 1));
    return taken;
  }
  Sha256 digest() { return digest_of(word()); }
  std::optional<Sha256> optional_digest() {
    const std::string_view text = word();
    if (text == kNone) return std::nullopt;
    return digest_of(text);
  }
  std::optional<UtcTime> optional_time() {
    std::uint64_t ms = 0;
    if (!parse_decimal(word(), 0, kLatestTime, ms)) return std::nullopt;
    return UtcTime(milliseconds(static_cast<std::int64_t>(ms)));
  }
  Pin pin() {
    const std::string_view name = word();
    const auto* kind =
        std::find_if(std::begin(kKinds), std::end(kKinds), [&](const Word& w) { return w.text == name; });
    return {kind == std::end(kKinds) ? PinKind::certificate_or_key : kind->kind, digest()};
  }

 private:
  static Sha256 digest_of(std::string_view text) {
    static constexpr std::string_view kHex = "0123456789ABCDEF";
    Sha256 digest{};
    for (std::size_t i = 0; i < std::min(digest.size(), text.size() / 2); ++i) {
      digest.at(i) = static_cast<std::uint8_t>(kHex.find(text[2 * i]) * 16 + kHex.find(text[2 * i + 1]));
    }
    return digest;
  }

  std::string_view rest_;
};

SlotRecord read_slot(Line& line) {
  SlotRecord record;
  record.declared = line.pin();
  record.certificate = line.digest();
  record.key = line.digest();
  record.anchor = line.optional_digest();
  record.is_key_pin = line.word() == kOfKey;
  record.followed = line.word() == kFollowed;
  record.since = line.optional_time();
  return record;
}

Learned read_learned(Line& line) {
  Learned learned;
  learned.certificate = line.digest();
  learned.key = line.digest();
  learned.anchor = line.optional_digest();
  learned.seen = line.optional_time();
  learned.conflict = line.optional_digest();
  learned.confirmed = line.word() == kConfirmed;
  return learned;
}

}  // namespace

InlineVector<PinInForce, 2> pins_in_force(const Policy& policy, const Lineage& lineage) {
  InlineVector<PinInForce, 2> pins;
  const bool swapped = is_swapped(policy, lineage);
  for (const std::uint8_t slot : {std::uint8_t{1}, std::uint8_t{2}}) {
    const auto& pin = policy.pins.at(swapped ? 2U - slot : slot - 1U);
    if (pin) pins.push_back({*pin, slot, false, slot == 2 && lineage.previous == pin});
  }
  if (pins.empty() && lineage.learned && lineage.learned->confirmed) {
    pins.push_back({Pin{PinKind::certificate_or_key, lineage.learned->certificate}, 1, true, false});
  }
  return pins;
}

std::optional<SlotRecord> record_of(const Lineage& lineage, const Pin& pin) {
  for (const auto& slot : lineage.slots) {
    if (slot && slot->declared == pin) return slot;
  }
  const auto& learned = lineage.learned;
  if (learned && pin == Pin{PinKind::certificate_or_key, learned->certificate}) {
    return SlotRecord{pin, learned->certificate, learned->key, learned->anchor, false, false, learned->seen};
  }
  return std::nullopt;
}

std::string encode(const Lineage& lineage) {
  std::string text(kHeader);
  const auto add_line = [&](std::string_view name, std::string_view rest) {
    text += '\n';
    text += name;
    if (!rest.empty()) text += ' ';
    text += rest;
  };
  const auto& [slot1, slot2] = lineage.slots;
  if (slot1) add_line("slot1", slot_line(*slot1));
  if (slot2) add_line("slot2", slot_line(*slot2));
  if (lineage.swapped) add_line("swapped", {});
  if (lineage.previous) {
    std::string line;
    add_pin(line, *lineage.previous);
    add_line("previous", line);
  }
  if (lineage.learned) add_line("learned", learned_line(*lineage.learned));
  add_line(kEnd, {});
  return text += '\n';
}

Result<Lineage> decode_lineage(std::string_view text) {
  Lineage lineage;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    Line line(text.substr(begin, end - begin));
    begin = end + 1;
    const std::string_view name = line.word();
    if (name == "slot1") lineage.slots[0] = read_slot(line);
    if (name == "slot2") lineage.slots[1] = read_slot(line);
    if (name == "swapped") lineage.swapped = true;
    if (name == "previous") lineage.previous = line.pin();
    if (name == "learned") lineage.learned = read_learned(line);
  }
  // The one check: what was read is exactly what would be written. No other spelling, order, version or addition.
  const std::string written = encode(lineage);
  if (written == text) return lineage;
  const auto differs = std::mismatch(written.begin(), written.end(), text.begin(), text.end()).first;
  const auto line = 1 + std::count(written.begin(), differs, '\n');
  return fail(lineage_damaged, "lineage", Text<224>("line ").add_int(line).add(" is not what was written"));
}

}  // namespace meterseal::trust
