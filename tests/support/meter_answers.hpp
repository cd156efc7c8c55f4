#pragma once

// Answers of a meter as words on the wire, from values in the units of its profile.

#include <map>
#include <string>
#include <vector>

#include "meter/poll_plan.hpp"
#include "meter/profile.hpp"
#include "meter/sim/quantities.hpp"

namespace meterseal::test {

using ValuesByName = std::map<std::string, double, std::less<>>;

/// The answer to `request`; registers without a value read zero.
inline std::vector<std::uint16_t> answer_to(const meter::Profile& profile, const meter::PollRequest& request,
                                            const ValuesByName& values) {
  std::vector<std::uint16_t> words(request.words);
  for (const std::uint16_t index : request.registers) {
    const meter::Register& entry = profile.registers[index];
    const auto value = values.find(entry.name.view());
    if (value == values.end()) continue;
    const auto encoded = meter::sim::encode(entry, value->second);
    std::copy(encoded.begin(), encoded.end(), words.begin() + (entry.address - request.address));
  }
  return words;
}

}  // namespace meterseal::test
