#pragma once

// What a receiver says when it has stored records: `{"Outbox":"3f9c2a71","Confirm":[[1,20],[22,22]]}`, published to
// `cmnd/%topic%/CONFIRM`. Anybody who may publish there can send anything, so this takes exactly that form and no
// other: two keys once each, a name of letters and digits, ranges that go forward, numbers as databases store them.
// Thread: values, any (pure). Bounds: kMaxConfirmText bytes, kMaxConfirmRanges ranges. Errors:
// outbox::confirm_malformed

#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/text.hpp"
#include "outbox/record.hpp"

namespace meterseal::outbox {

inline constexpr std::size_t kMaxConfirmText = std::size_t{16} * 1024;
inline constexpr std::size_t kMaxConfirmRanges = 256;

struct SequenceRange {
  Sequence first = 0;
  Sequence last = 0;  ///< inclusive, not below first

  friend bool operator==(const SequenceRange&, const SequenceRange&) = default;
};

struct Confirmation {
  Text<16> outbox;  ///< name of the series, which may be another one than this device's
  std::vector<SequenceRange> ranges;
};

/// @return confirm_malformed with what is wrong
[[nodiscard]] Result<Confirmation> parse_confirmation(std::string_view text);

}  // namespace meterseal::outbox
