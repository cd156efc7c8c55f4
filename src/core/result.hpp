#pragma once

// Errors as values. Every function of this program that can fail returns a Result<T>; nothing throws
// across a room (a host/ half catches at the call of its library).
//
// An Error says three things: which code (a row of docs/errors.md, fixed for ever), where (file:line, a
// device, host:port, a register...) and the detail of this one case. The remedy belongs to the code, so that
// the same fault always gets the same advice; a more exact one may be given with `hint`.
//
// Thread: values, any. Memory: bounded, no heap (this is part of the bare core, see docs/architecture.md).

#include <cstdint>
#include <string_view>

#include <tl/expected.hpp>

#include "core/text.hpp"

namespace meterseal {

/// What the caller may do about it; decided by the code, never by the text.
enum class ErrorClass : std::uint8_t {
  retry,     ///< the world was not ready (silence, refused connection): try again with back-off
  refuse,    ///< the input is wrong: do nothing, say so, wait for a person
  security,  ///< trust was not established: log always, retry only slowly, never weaken a check
  bug,       ///< this program is wrong: say so loudly, keep the rest alive
};

/// One row of docs/errors.md. Rooms declare theirs in `<room>/errors.hpp` as
/// `inline constexpr Code no_answer{110, ErrorClass::retry, "meter_no_answer", "check ..."};`
/// Ranges: core 1-99, meter 100-, ledger 150-, trust 200-, mqtt 300-, outbox 400-, console 500-, web 600-,
/// ota 700-, audit 800-, fleet 900-, app 950-. A number is never given to another meaning.
struct Code {
  std::uint16_t number;
  ErrorClass error_class;
  std::string_view name;    ///< room_what_happened
  std::string_view remedy;  ///< what a person should do, an imperative sentence without full stop

  friend constexpr bool operator==(const Code& a, const Code& b) { return a.number == b.number; }
};

struct Error {
  Code code;
  Text<96> where;
  Text<224> detail;
  Text<160> hint;  ///< empty: the code's remedy is the hint

  [[nodiscard]] std::string_view remedy() const { return hint.empty() ? code.remedy : hint.view(); }
};

[[nodiscard]] inline Error make_error(const Code& code, std::string_view where, std::string_view detail,
                                      std::string_view hint = {}) {
  return Error{code, where, detail, hint};
}

template <class T>
using Result = tl::expected<T, Error>;

/// `return fail(meter::no_answer, "bus1/3", "no byte within 1000 ms");`
[[nodiscard]] inline tl::unexpected<Error> fail(const Code& code, std::string_view where, std::string_view detail,
                                                std::string_view hint = {}) {
  return tl::unexpected<Error>(make_error(code, where, detail, hint));
}

}  // namespace meterseal
