#pragma once

// The single rules of which judge() is made: each looks at one matter and knows neither mode nor pins. A rule returns
// the reason it finds, or nothing. Thread: pure, any.

#include <optional>

#include "trust/facts.hpp"
#include "trust/verdict.hpp"

namespace meterseal::trust {

/// Of both steps of the judgement, the one that is made.
enum class Step : std::uint8_t {
  certificate,  ///< in the handshake: the staple may still come
  peer,         ///< after it: what has not come is missing
};

/// In every mode: well-formed, of bounded size, with a key and a signature that hold.
[[nodiscard]] std::optional<Reason> strength_fault(const Facts& facts);
/// Only with a known clock. A certificate is valid through its notAfter second.
[[nodiscard]] std::optional<Reason> date_fault(const Facts& facts, UtcTime now);
/// Chain, purpose, name and staple: of several faults the first in the order of Reason.
[[nodiscard]] std::optional<Reason> chain_fault(const Facts& facts, Step step);
/// Whether the peer would pass in CA mode.
[[nodiscard]] bool verifies_to_an_anchor(const Facts& facts);

}  // namespace meterseal::trust
