#pragma once

// The texts inside an HTTP request that are ours to read: forms, cookies, Authorization, Host. All of them are hostile.
// Everything is decoded once and checked after that. Thread: any (pure). Bounds: 32 fields of a form.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace meterseal::web {

/// Fields of `a=1&b=2` (query or body), decoded.
class Form {
 public:
  static constexpr std::size_t kMostFields = 32;

  /// @return nullopt: a bad %-escape, a name given twice, a NUL, text that is no UTF-8, or too many fields
  /// @source WHATWG URL, application/x-www-form-urlencoded
  [[nodiscard]] static std::optional<Form> parse(std::string_view text);

  [[nodiscard]] std::string_view value(std::string_view name) const;  ///< empty: absent or empty
  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] Form without(std::string_view name) const;
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// The value of one cookie of a Cookie header; empty: absent, or there twice, which is somebody's trick.
[[nodiscard]] std::string_view cookie_value(std::string_view header, std::string_view name);

struct BasicLogin {
  std::string user;
  std::string password;
};
/// @source RFC 7617
[[nodiscard]] std::optional<BasicLogin> basic_login(std::string_view authorization);
/// @return the token, empty: the header is of another kind. @source RFC 6750, 2.1
[[nodiscard]] std::string_view bearer_token(std::string_view authorization);

/// The name part of a Host header, in lower case; IPv6 without brackets. nullopt: no host at all.
[[nodiscard]] std::optional<std::string> host_name(std::string_view header);

/// "%7Bfoo" for a log: what is not printable ASCII becomes '?', at most 64 characters.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace meterseal::web
