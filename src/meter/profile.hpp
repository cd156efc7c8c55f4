#pragma once

// What a meter model is: its registers, its limits, and which registers are read for what. Made from CSV texts by
// profile_csv.hpp (docs/formats/profiles.md), then constant. Plain values: a Profile may be copied and outlives the
// text.
//
// Units are in the names; a decoded value counts thousandths of its register's unit (measurand.hpp).
// Thread: values, any. Memory: allocated while loading, never afterwards.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"
#include "meter/register.hpp"

namespace meterseal::meter {

/// What the meter does when a request covers words that no document names.
enum class Holes : std::uint8_t {
  unknown,    ///< never bridged, like exception
  zero,       ///< answers zero
  ones,       ///< answers FFFF
  exception,  ///< refuses the whole request with exception 02
};

/// Patterns that mean "not available" (set). Floats that are not finite always do.
enum NotAvailable : std::uint8_t {
  kUnsignedOnes = 1,  ///< FFFF...
  kSignedMax = 2,     ///< 7FFF...
  kSignedMin = 4,     ///< 8000...
};

enum class Parity : std::uint8_t {
  none,
  even,
  odd
};
struct CharacterFrame {
  Parity parity = Parity::none;
  std::uint8_t stop_bits = 1;
  /// Bits on the wire per character: start, eight data bits, parity, stop.
  [[nodiscard]] std::uint8_t bits() const {
    return static_cast<std::uint8_t>(9 + (parity == Parity::none ? 0 : 1) + stop_bits);
  }
};

/// Columns of a models file. The initial values are the defaults of an empty field.
struct Limits {
  std::uint64_t functions = 0;  ///< bit n: the meter knows function n
  std::uint16_t max_words = 32;
  Holes holes = Holes::unknown;
  milliseconds timeout{1000};
  milliseconds gap{60};         ///< silence before the next request to the same meter
  milliseconds slave_gap{100};  ///< silence after another meter was addressed
  seconds slow_interval{60};    ///< between two readings of the slow group
  std::uint32_t baud = 9600;
  CharacterFrame frame;
  std::uint8_t address = 1;
  std::uint8_t not_available = 0;         ///< set of NotAvailable
  std::int64_t max_current_ma = 6000000;  ///< per phase: no common transformer has more than 6000 A
  std::optional<std::int64_t> rollover_at_mwh;
  std::optional<std::uint16_t> meter_code;
  bool has_doubtful_scale = false;  ///< voltage_check = decade: editions differ by a factor of ten
};

struct Profile {
  Name model;
  std::vector<Name> aliases;
  std::uint8_t phases = 1;  ///< 1 or 3
  Limits limits;
  std::vector<Register> registers;  ///< by table, then address

  std::array<std::optional<std::uint16_t>, kMeasurands> index_of_measurand;
  std::vector<std::uint16_t> telemetry;  ///< registers that telemetry and ledger need
  std::vector<std::uint16_t> all;        ///< every measured register (`read = "all"`)
  std::vector<std::uint16_t> identity;   ///< each read by a request of its own

  /// The counter that the ledger books: import where there is one, else the sum of both directions.
  std::optional<std::uint16_t> import_counter;
  std::optional<std::uint16_t> export_counter;

  [[nodiscard]] std::optional<std::uint16_t> index_of(Measurand what) const {
    return index_of_measurand[static_cast<std::size_t>(what)];
  }
};

/// Sorts the registers and fills everything below them. Called once by the loader.
void complete(Profile& profile);

/// Case, `-`, `_` and blanks do not count: "sdm72d m_v2" is SDM72D-M-V2.
[[nodiscard]] bool is_same_model(std::string_view a, std::string_view b);
/// By model or alias. @return meter::profile_not_found, the detail lists the known models
[[nodiscard]] Result<const Profile*> find_profile(std::span<const Profile> profiles, std::string_view name);

}  // namespace meterseal::meter
