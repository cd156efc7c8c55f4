#pragma once

// A refusal for people: what was served, what was expected, and the one command that mends it. Names and details that
// come from the peer's certificate are hostile text and are made printable here. Thread: pure, any.

#include <string_view>

#include "trust/verdict.hpp"

namespace meterseal::trust {

/// Error.detail: what is wrong, with the served fingerprint and what was expected in its place.
[[nodiscard]] Text<224> explain(const Policy& policy, const Lineage& lineage, const Facts& facts, Reason reason);
/// Error.hint: the command, or the key of the file, that mends it where a person has compared; empty where the code's
/// remedy says it all.
[[nodiscard]] Text<160> remedy_of(const Policy& policy, const Lineage& lineage, const Facts& facts, Reason reason);

/// Both, as the error that is logged and returned. @param where  host:port
[[nodiscard]] Error refusal(const Policy& policy, const Lineage& lineage, const Facts& facts, Reason reason,
                            std::string_view where);
[[nodiscard]] Error clock_refusal(const Facts& facts, std::string_view where);

}  // namespace meterseal::trust
