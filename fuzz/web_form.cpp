// Any text as a form of each configuration page, as a cookie, an Authorization header, a stored list of users and a
// stored plot: a console line that comes of it is one line that begins with a command of the form.

#include <cstdlib>

#include "web/access.hpp"
#include "web/forms.hpp"
#include "web/http_text.hpp"
#include "web/login_gate.hpp"
#include "web/power_history.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace meterseal;
  using namespace meterseal::web;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto form = Form::parse(text)) {
    for (const FormTable& table : forms()) {
      const auto lines = console_lines(table, *form);
      if (!lines) continue;
      require(lines->size() <= table.fields.size());
      for (const std::string& line : *lines) {
        require(line.find_first_of("\r\n") == std::string::npos && line.size() < 600);
        require(line.find(' ') != std::string::npos);
      }
    }
  }
  (void)cookie_value(text, "__Host-meterseal");
  (void)basic_login(text);
  (void)bearer_token(text);
  (void)host_name(text);
  (void)source_key(text);
  if (const auto access = Access::decode(text)) require(Access::decode(access->encode()).value() == *access);
  const PowerHistory history = PowerHistory::decode(text);
  require(history.points("main", Span::hour).size() <= slots_of(Span::hour));
  return 0;
}
