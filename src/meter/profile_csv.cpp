#include "meter/profile_csv.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "meter/csv_reader.hpp"
#include "meter/errors.hpp"
#include "meter/profile_fields.hpp"

namespace meterseal::meter {
namespace {

using Fields = std::span<const std::string_view>;

constexpr std::size_t kMaxAliases = 16;

// The last column of each kind of file may be missing, with its comma: files from before it existed stay valid.
constexpr std::array<std::string_view, 11> kRegisterColumns = {
    "model", "table", "address_hex", "words", "type", "scale", "name", "unit", "access", "notes", "group"};
enum RegisterColumn : std::uint8_t {
  kRegisterModel,
  kTable,
  kAddressHex,
  kWords,
  kType,
  kScale,
  kRegisterName,
  kUnit,
  kAccess,
  kRegisterNotes,
  kGroup
};

constexpr std::array<std::string_view, 19> kModelColumns = {
    "model",        "aliases",      "phases",        "functions", "max_words", "holes",         "timeout_ms",
    "gap_ms",       "slave_gap_ms", "baud",          "frame",     "address",   "not_available", "max_current_a",
    "rollover_kwh", "meter_code",   "voltage_check", "notes",     "slow_s"};
enum ModelColumn : std::uint8_t {
  kModel,
  kAliases,
  kPhases,
  kFunctions,
  kMaxWords,
  kHoles,
  kTimeout,
  kGap,
  kSlaveGap,
  kBaud,
  kFrame,
  kAddress,
  kNotAvailable,
  kMaxCurrent,
  kRollover,
  kMeterCode,
  kVoltageCheck,
  kModelNotes,
  kSlow
};

/// Reads the fields of one row and remembers the first one that is wrong.
class Row {
 public:
  Row(Fields fields, std::span<const std::string_view> columns) : fields_(fields), columns_(columns) {}

  /// Empty where the file does not have the column.
  [[nodiscard]] std::string_view text(std::size_t column) const {
    return column < fields_.size() ? fields_[column] : std::string_view{};
  }

  template <class T>
  T required(std::size_t column, std::optional<T> (*parse)(std::string_view), std::string_view expected) {
    const std::optional<T> value = parse(text(column));
    require(value.has_value(), column, expected);
    return value.value_or(T{});
  }

  /// An empty field keeps the default.
  template <class T>
  void optional(std::size_t column, std::optional<T> (*parse)(std::string_view), std::string_view expected, T& target) {
    if (!text(column).empty()) target = required(column, parse, expected);
  }

  std::uint64_t number(std::size_t column, std::uint64_t low, std::uint64_t high, std::uint64_t if_empty) {
    std::uint64_t value = if_empty;
    if (text(column).empty()) return value;
    Text<64> expected("a whole number, ");
    expected.add_uint(low).add(" to ").add_uint(high);
    require(parse_decimal(text(column), low, high, value), column, expected);
    return value;
  }

  void require(bool holds, std::size_t column, std::string_view expected) {
    if (holds || !fault_.empty()) return;
    fault_.assign(columns_[column]);
    fault_.add(" \"").add(text(column).substr(0, 48)).add("\": expected ").add(expected);
  }

  [[nodiscard]] const Text<224>& fault() const { return fault_; }

 private:
  Fields fields_;
  std::span<const std::string_view> columns_;
  Text<224> fault_;
};

void parse_limits(Row& row, Limits& limits) {
  limits.functions = row.required(kFunctions, parse_functions, "function codes separated by blanks");
  limits.max_words = static_cast<std::uint16_t>(row.number(kMaxWords, 1, 125, limits.max_words));
  row.optional(kHoles, parse_holes, "zero, ones or exception", limits.holes);
  limits.timeout = milliseconds(row.number(kTimeout, 20, 60000, 1000));
  limits.gap = milliseconds(row.number(kGap, 0, 10000, 60));
  limits.slave_gap = milliseconds(row.number(kSlaveGap, 0, 10000, 100));
  limits.slave_gap = std::max(limits.slave_gap, limits.gap);
  limits.slow_interval = seconds(row.number(kSlow, 1, 3600, 60));
  limits.baud = static_cast<std::uint32_t>(row.number(kBaud, 300, 1000000, limits.baud));
  row.optional(kFrame, parse_frame, "8N1, 8E1, 8O1, 8N2, 8E2 or 8O2", limits.frame);
  limits.address = static_cast<std::uint8_t>(row.number(kAddress, 1, 247, limits.address));
  row.optional(kNotAvailable, parse_not_available, "unsigned_ones, signed_max, signed_min", limits.not_available);
  limits.max_current_ma = static_cast<std::int64_t>(row.number(kMaxCurrent, 1, 100000, 6000)) * 1000;
  if (!row.text(kRollover).empty()) {
    limits.rollover_at_mwh = row.required(kRollover, parse_kilowatt_hours, "kWh above 0 with at most six decimals");
  }
  if (!row.text(kMeterCode).empty()) limits.meter_code = row.required(kMeterCode, parse_hex16, "hex like 0x0020");
  row.require(row.text(kVoltageCheck).empty() || row.text(kVoltageCheck) == "decade", kVoltageCheck,
              "decade or nothing");
  limits.has_doubtful_scale = row.text(kVoltageCheck) == "decade";
}

Profile parse_model(Row& row) {
  Profile profile;
  profile.model = row.required(kModel, parse_model_name, "letters, digits, - _ . (at most 40)");
  std::string_view aliases = row.text(kAliases);
  for (std::string_view alias = next_word(aliases); !alias.empty(); alias = next_word(aliases)) {
    const auto name = parse_model_name(alias);
    row.require(name && profile.aliases.size() < kMaxAliases, kAliases, "at most 16 names separated by blanks");
    if (!name || !row.fault().empty()) break;
    profile.aliases.push_back(*name);
  }
  row.require(row.text(kPhases) == "1" || row.text(kPhases) == "3", kPhases, "1 or 3");
  profile.phases = row.text(kPhases) == "3" ? 3 : 1;
  parse_limits(row, profile.limits);
  row.require(names_a_source(row.text(kModelNotes)), kModelNotes, "src= and the source");
  return profile;
}

/// What the fields of a register must be to each other and to the model.
void check_register(Row& row, const Register& entry, const Profile& profile) {
  row.require(entry.words == words_of(entry.type) || !is_number(entry.type), kWords, "the words of this type");
  row.require(entry.words <= profile.limits.max_words, kWords, "no more words than max_words of the model");
  row.require(entry.end() <= 0x10000, kAddressHex, "an address whose last word is not above 0xFFFF");
  row.require(is_number(entry.type) || entry.name == std::string_view("serial_number"), kType,
              "a number: text is for serial_number only");
  const auto unit = unit_of_name(entry.name);
  row.require(!unit || *unit == entry.unit, kUnit, "the unit of this quantity");
  const std::uint64_t needed = std::uint64_t{1} << read_function(entry.table);
  row.require((profile.limits.functions & needed) != 0, kTable, "a table that one of the functions of the model reads");

  for (const Register& other : profile.registers) {
    if (other.table != entry.table) continue;
    row.require(other.end() <= entry.address, kAddressHex, "rows in the order of addresses, without overlap");
    row.require(other.name != entry.name, kRegisterName, "a name that stands once in its table");
  }
}

Register parse_register(Row& row, const Profile& profile) {
  Register entry;
  entry.table = row.required(kTable, parse_table, "input or holding");
  entry.address = row.required(kAddressHex, parse_hex16, "hex like 0x001E");
  entry.words = static_cast<std::uint8_t>(row.number(kWords, 1, 125, 0));
  row.require(entry.words != 0, kWords, "a whole number, 1 to 125");
  entry.type = row.required(kType, parse_register_type, "u16, s32be, f32be, ... (docs/formats/profiles.md)");
  entry.scale = row.required(kScale, parse_scale, "a power of ten, 0.000001 to 1000000");
  entry.name = row.required(kRegisterName, parse_register_name, "a-z 0-9 _ (at most 40)");
  entry.unit = row.required(kUnit, parse_unit, "a known unit");
  entry.access = row.required(kAccess, parse_access, "r, w or rw");
  row.optional(kGroup, parse_group, "fast or slow", entry.group);
  const std::string_view notes = row.text(kRegisterNotes);
  row.require(names_a_source(notes), kRegisterNotes, "src= and the source");
  const auto times = parse_times(notes);
  row.require(times.has_value(), kRegisterNotes, "times=ct_ratio*vt_ratio, or one of them, or energy_unit_prefix");
  entry.times = times.value_or(std::uint8_t{0});
  entry.is_polled = !forbids_polling(notes);
  entry.is_identity = is_identity_name(entry.name);
  entry.what = measurand_of(entry.name);
  check_register(row, entry, profile);
  return entry;
}

class Loader {
 public:
  [[nodiscard]] Result<void> load_models(const ProfileText& text);
  [[nodiscard]] Result<void> load_registers(const ProfileText& text);
  [[nodiscard]] Result<std::vector<Profile>> finish();

 private:
  [[nodiscard]] Result<void> add_model(Row& row, std::string_view where);
  [[nodiscard]] Result<void> add_register(Row& row, std::string_view where);

  std::vector<Profile> profiles_;
  std::vector<Text<96>> origins_;  // file:line of each model
};

Text<96> place(std::string_view file, std::uint32_t line) {
  // The end of a long path says more than its beginning.
  constexpr std::size_t kMost = 80;
  Text<96> where(file.size() > kMost ? "..." : "");
  where.add(file.size() > kMost ? file.substr(file.size() - kMost + 3) : file);
  where.add(":").add_uint(line);
  return where;
}

bool is_header(Fields fields, std::span<const std::string_view> columns) {
  return std::ranges::equal(fields, columns) || std::ranges::equal(fields, columns.first(columns.size() - 1));
}

/// Calls `take(row, where)` for each record behind the header of a text with these columns; another text is left alone.
template <class F>
Result<void> for_each_row(const ProfileText& text, std::span<const std::string_view> columns, F take) {
  CsvReader reader(text.text);
  if (!reader.next() || !is_header(reader.fields(), columns)) return {};
  const std::size_t fields = reader.fields().size();
  while (reader.next()) {
    const Text<96> where = place(text.file, reader.line());
    if (reader.fields().size() != fields) {
      Text<224> detail("expected ");
      detail.add_uint(fields).add(" fields, found ").add_uint(reader.fields().size());
      return fail(csv_malformed, where, detail);
    }
    Row row(reader.fields(), columns);
    if (Result<void> done = take(row, where.view()); !done) return done;
  }
  if (!reader.fault().empty()) return fail(csv_malformed, place(text.file, reader.line()), reader.fault());
  return {};
}

Result<void> check_text(const ProfileText& text) {
  if (text.text.size() > kMaxText) return fail(profile_too_large, text.file, "more than 1 MiB of text");
  CsvReader reader(text.text);
  const bool has_header = reader.next();
  if (!reader.fault().empty()) return fail(csv_malformed, place(text.file, reader.line()), reader.fault());
  if (has_header && (is_header(reader.fields(), kModelColumns) || is_header(reader.fields(), kRegisterColumns))) {
    return {};
  }
  return fail(csv_malformed, place(text.file, 1), "the first line is not the header of a models or a registers file");
}

Result<void> Loader::load_models(const ProfileText& text) {
  return for_each_row(text, kModelColumns, [this](Row& row, std::string_view where) { return add_model(row, where); });
}

Result<void> Loader::load_registers(const ProfileText& text) {
  return for_each_row(text, kRegisterColumns,
                      [this](Row& row, std::string_view where) { return add_register(row, where); });
}

Result<void> Loader::add_model(Row& row, std::string_view where) {
  Profile profile = parse_model(row);
  if (!row.fault().empty()) return fail(profile_row_invalid, where, row.fault());
  std::vector<Name> names = profile.aliases;
  names.push_back(profile.model);
  for (const Name& name : names) {
    if (const auto other = find_profile(profiles_, name)) {
      Text<224> detail(name.view());
      detail.add(" is already ")
          .add((*other)->model)
          .add(" of ")
          .add(origins_[static_cast<std::size_t>(*other - profiles_.data())]);
      return fail(profile_duplicate, where, detail);
    }
  }
  if (profiles_.size() == kMaxModels) return fail(profile_too_large, where, "more than 128 models");
  profiles_.push_back(std::move(profile));
  origins_.emplace_back(where);
  return {};
}

Result<void> Loader::add_register(Row& row, std::string_view where) {
  const auto owner = std::ranges::find_if(
      profiles_, [&](const Profile& profile) { return profile.model == row.text(kRegisterModel); });
  if (owner == profiles_.end()) {
    Text<224> detail("no models file has \"");
    return fail(profile_model_unknown, where, detail.add(row.text(kRegisterModel).substr(0, 48)).add("\""));
  }
  if (owner->registers.size() == kMaxRegisters) return fail(profile_too_large, where, "more than 512 registers");
  const Register entry = parse_register(row, *owner);
  if (!row.fault().empty()) return fail(profile_row_invalid, where, row.fault());
  owner->registers.push_back(entry);
  return {};
}

/// Multipliers that a register of this model needs and none provides; empty: complete.
std::string_view missing_multiplier(const Profile& profile) {
  unsigned needed = 0;
  unsigned present = 0;
  for (const Register& entry : profile.registers) {
    needed |= entry.times;
    present |= multiplier_of(entry.name);
  }
  const unsigned missing = needed & ~present;
  return missing == 0                     ? std::string_view{}
         : (missing & kTimesCtRatio) != 0 ? "ct_ratio"
         : (missing & kTimesVtRatio) != 0 ? "vt_ratio"
                                          : "energy_unit_prefix";
}

Result<std::vector<Profile>> Loader::finish() {
  for (std::size_t i = 0; i < profiles_.size(); ++i) {
    complete(profiles_[i]);
    Text<224> detail(profiles_[i].model.view());
    if (profiles_[i].all.empty()) {
      return fail(profile_row_invalid, origins_[i], detail.add(": the model has no register that is read"));
    }
    if (const auto missing = missing_multiplier(profiles_[i]); !missing.empty()) {
      return fail(profile_row_invalid, origins_[i],
                  detail.add(": times= names a register it does not have: ").add(missing));
    }
  }
  return std::move(profiles_);
}

}  // namespace

Result<std::vector<Profile>> load_profiles(std::span<const ProfileText> texts) {
  Loader loader;
  for (const ProfileText& text : texts) {
    if (const auto good = check_text(text); !good) return tl::unexpected(good.error());
  }
  for (const ProfileText& text : texts) {
    if (const auto good = loader.load_models(text); !good) return tl::unexpected(good.error());
  }
  for (const ProfileText& text : texts) {
    if (const auto good = loader.load_registers(text); !good) return tl::unexpected(good.error());
  }
  return loader.finish();
}

}  // namespace meterseal::meter
