#include "app/line_editor.hpp"

#include <editline/readline.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "core/text.hpp"

namespace meterseal::app {

namespace {

/// libedit asks a function without an argument of ours.
std::vector<std::string>& completions() {
  static std::vector<std::string> words;
  return words;
}

char* next_completion(const char* typed, int state) {
  static std::size_t next = 0;
  if (state == 0) next = 0;
  const std::string_view begin(typed);
  while (next < completions().size()) {
    const std::string& word = completions()[next++];
    if (equals_ignoring_case(std::string_view(word).substr(0, begin.size()), begin)) return ::strdup(word.c_str());
  }
  return nullptr;
}

/// Is the word that begins there the name of a command: the first of the line, of a Backlog's entry, or what Help tells
/// of?
bool is_command(std::string_view before) {
  if (const auto semicolon = before.rfind(';'); semicolon != std::string_view::npos)
    before.remove_prefix(semicolon + 1);
  before = trim(before);
  for (const std::string_view word : {"", "Help", "Backlog", "Backlog0"}) {
    if (equals_ignoring_case(before, word)) return true;
  }
  return false;
}

char** complete(const char* typed, int start, int /*end*/) {
  rl_attempted_completion_over = 1;  // no names of files
  const std::string_view line(rl_line_buffer);
  const auto before = line.substr(0, std::min(static_cast<std::size_t>(start), line.size()));
  return is_command(before) ? rl_completion_matches(typed, next_completion) : nullptr;
}

}  // namespace

LineEditor::LineEditor(std::string prompt, std::vector<std::string> words) : prompt_(std::move(prompt)) {
  completions() = std::move(words);
  rl_readline_name = const_cast<char*>("meterseal");  // NOLINT: libedit's type
  rl_attempted_completion_function = complete;
  using_history();
  stifle_history(200);
}

std::optional<std::string> LineEditor::read() {
  char* line = readline(prompt_.c_str());
  if (line == nullptr) return std::nullopt;
  std::string text(trim(line));
  std::free(line);  // NOLINT: allocated by libedit
  return text;
}

void LineEditor::remember(const std::string& line) {
  add_history(line.c_str());
}

}  // namespace meterseal::app
