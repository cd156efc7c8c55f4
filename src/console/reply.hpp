#pragma once

// The forms that replies have. Thread: values, any.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/json_writer.hpp"
#include "core/result.hpp"

namespace meterseal::console {

/// One message of an answer.
struct Reply {
  std::string name;  ///< last level of stat/%topic%/...: "RESULT", "STATUS10"
  std::string json;
};
using Replies = std::vector<Reply>;

[[nodiscard]] Replies number_reply(std::string_view key, std::int64_t value);
[[nodiscard]] Replies text_reply(std::string_view key, std::string_view value);

/// One object of texts: keys and values in the order of the calls.
class Answer {
 public:
  Answer() { json_.open_object(); }
  Answer& add(std::string_view key, std::string_view value) {
    json_.key(key).text(value);
    return *this;
  }
  [[nodiscard]] Result<Replies> done() {
    json_.close_object();
    return Replies{{"RESULT", std::string(json_.view())}};
  }

 private:
  std::array<char, 4096> memory_{};
  JsonWriter json_{memory_};
};

/// The refusal to change what the configuration file declares. @param key  "mqtt.tls.mode"
[[nodiscard]] tl::unexpected<Error> fixed_in_file(std::string_view command, std::string_view key);

}  // namespace meterseal::console
