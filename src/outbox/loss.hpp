#pragma once

// What the store had to give up, said to whoever counts: a record of its own, with its own number, kept and delivered
// like any other (topic LOSS). A receiver takes it off what is missing. Thread: values, any.

#include <optional>
#include <string>
#include <string_view>

#include "outbox/record.hpp"

namespace meterseal::outbox {

struct Loss {
  Sequence first = 0;
  Sequence last = 0;      ///< inclusive
  std::size_t count = 0;  ///< of the numbers first to last, so many are gone
};

/// What makes room when the limit is reached.
enum class WhenFull : std::uint8_t {
  thin,  ///< every second record of the older half, again and again: old data get coarser, their span stays
  drop   ///< the oldest
};

enum class Relief : std::uint8_t {
  thinned,  ///< every second one of old records
  dropped   ///< the oldest
};
[[nodiscard]] constexpr std::string_view name_of(Relief relief) {
  switch (relief) {
    case Relief::thinned: return "thinned";
    case Relief::dropped: return "dropped";
  }
  return "";
}

inline constexpr std::string_view kLossKey = "\"Loss\":";

[[nodiscard]] std::string loss_body(const Loss& loss, Relief relief);
/// Of a body that loss_body() made; nullopt: it is another one.
[[nodiscard]] std::optional<Loss> parse_loss(std::string_view body);
[[nodiscard]] inline bool is_loss(const Record& record) {
  return record.body.starts_with(kLossKey);
}

}  // namespace meterseal::outbox
