#pragma once

// A TOML document as plain values with their lines. Stands between toml++, whose header is heavy, and the code that
// knows what the keys mean. Thread: values, any.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace meterseal::app {

/// Line of a value that stands in no file.
inline constexpr int kSetByCommand = -1;

struct Node {
  enum class Kind : std::uint8_t {
    text,
    integer,
    decimal,
    boolean,
    moment,  ///< date, time or both
    list,
    table
  };

  Kind kind = Kind::table;
  std::string key;  ///< inside a table
  int line = 0;     ///< of the key; of the value inside a list; or kSetByCommand
  std::string text;
  std::int64_t integer = 0;
  bool boolean = false;
  std::vector<Node> children;  ///< items of a list, entries of a table
};

struct SyntaxFault {
  int line = 0;
  std::string text;
};

/// @return the root table, or the first fault of the text
[[nodiscard]] tl::expected<Node, SyntaxFault> parse_toml(std::string_view text);

}  // namespace meterseal::app
