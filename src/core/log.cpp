#include "core/log.hpp"

namespace meterseal {

void Log::error(std::string_view tag, const Error& error) {
  Text<400> line;
  if (!error.where.empty()) line.add(error.where).add(": ");
  line.add(error.detail).add(" (").add(error.code.name).add(")");
  write(LogLevel::error, tag, line);
  if (error.remedy().empty()) return;
  Text<240> hint("hint: ");
  hint.add(error.remedy());
  write(LogLevel::error, tag, hint);
}

}  // namespace meterseal
