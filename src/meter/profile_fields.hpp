#pragma once

// The fields of profile files, each from its text: nullopt when the text is not one of its values. No field is guessed:
// no blanks, no sign, no other case. Thread: functions, any. Format: docs/formats/profiles.md

#include <cstdint>
#include <optional>
#include <string_view>

#include "meter/profile.hpp"

namespace meterseal::meter {

[[nodiscard]] std::optional<Table> parse_table(std::string_view text);
[[nodiscard]] std::optional<RegisterType> parse_register_type(std::string_view text);
[[nodiscard]] std::optional<Unit> parse_unit(std::string_view text);
[[nodiscard]] std::optional<Access> parse_access(std::string_view text);
[[nodiscard]] std::optional<Group> parse_group(std::string_view text);
[[nodiscard]] std::optional<std::int8_t> parse_scale(std::string_view text);    ///< "0.01" is -2; 10^-6 to 10^6
[[nodiscard]] std::optional<std::uint16_t> parse_hex16(std::string_view text);  ///< "0x001E"
[[nodiscard]] std::optional<Name> parse_register_name(std::string_view text);
[[nodiscard]] std::optional<Name> parse_model_name(std::string_view text);

[[nodiscard]] std::optional<std::uint64_t> parse_functions(std::string_view text);  ///< "3 4 16" as a set of bits
[[nodiscard]] std::optional<Holes> parse_holes(std::string_view text);
[[nodiscard]] std::optional<CharacterFrame> parse_frame(std::string_view text);  ///< "8E1"
[[nodiscard]] std::optional<std::uint8_t> parse_not_available(std::string_view text);
[[nodiscard]] std::optional<std::int64_t> parse_kilowatt_hours(std::string_view text);  ///< in mWh

/// `times=ct_ratio*vt_ratio` among the notes, as a set of Multiplier; 0 without it.
[[nodiscard]] std::optional<std::uint8_t> parse_times(std::string_view notes);
[[nodiscard]] bool names_a_source(std::string_view notes);  ///< `src=` and something behind it
[[nodiscard]] bool forbids_polling(std::string_view notes);
[[nodiscard]] bool is_identity_name(std::string_view register_name);
/// The Multiplier that a register of this name is; 0 for all others.
[[nodiscard]] std::uint8_t multiplier_of(std::string_view register_name);

/// The unit that everything behind the decoder expects of a register with this name; nullopt: any.
[[nodiscard]] std::optional<Unit> unit_of_name(std::string_view register_name);

/// Cuts the next blank-separated word off `text`; empty at the end.
[[nodiscard]] std::string_view next_word(std::string_view& text);

}  // namespace meterseal::meter
