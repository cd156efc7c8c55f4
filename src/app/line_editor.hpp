#pragma once

// A line of input with history and completion, over libedit. What is remembered stays in memory.
// Thread: one at a time.

#include <optional>
#include <string>
#include <vector>

namespace meterseal::app {

class LineEditor {
 public:
  /// @param words  what the first word of a line is completed to, whatever its case
  LineEditor(std::string prompt, std::vector<std::string> words);

  /// nullopt: the end of input.
  [[nodiscard]] std::optional<std::string> read();
  void remember(const std::string& line);

 private:
  std::string prompt_;
};

}  // namespace meterseal::app
