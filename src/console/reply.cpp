#include "console/reply.hpp"

#include "console/errors.hpp"

namespace meterseal::console {

Replies number_reply(std::string_view key, std::int64_t value) {
  std::array<char, 96> memory{};
  JsonWriter json(memory);
  json.open_object().key(key).integer(value).close_object();
  return {{"RESULT", std::string(json.view())}};
}

Replies text_reply(std::string_view key, std::string_view value) {
  return Answer().add(key, value).done().value();
}

tl::unexpected<Error> fixed_in_file(std::string_view command, std::string_view key) {
  return fail(
      fixed_by_file, command,
      Text<224>("the configuration file says ").add(key).add(": change it there and reload it (Restart 1 or SIGHUP)"));
}

}  // namespace meterseal::console
