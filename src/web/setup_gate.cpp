#include "web/setup_gate.hpp"

#include "secrets/token.hpp"

namespace meterseal::web {

SetupGate::Answer SetupGate::try_code(std::string_view typed, Instant now) {
  if (!is_open(now)) return Answer::over;
  const auto code = secrets::read_code(typed);
  if (code && secrets::equal_in_constant_time(*code, code_)) return Answer::open;
  --tries_left_;
  return tries_left_ > 0 ? Answer::wrong : Answer::over;
}

}  // namespace meterseal::web
