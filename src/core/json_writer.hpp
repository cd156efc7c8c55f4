#pragma once

// Writes one JSON value into bounded memory, keys in the order of the calls (Tasmota's readers include text scripts
// for which order matters). Commas are its own business; the caller only opens, closes and names.
// Output that does not fit is cut and `truncated()` is true: never send it.
// Thread: value, any. @source RFC 8259

#include "core/text.hpp"

namespace meterseal {

class JsonWriter {
 public:
  explicit JsonWriter(std::span<char> out) : out_(out) {}

  JsonWriter& open_object() { return open('{'); }
  JsonWriter& close_object() { return close('}'); }
  JsonWriter& open_array() { return open('['); }
  JsonWriter& close_array() { return close(']'); }

  JsonWriter& key(std::string_view name);
  JsonWriter& text(std::string_view value);  ///< quoted; control characters, quote and backslash escaped
  JsonWriter& integer(std::int64_t value);
  JsonWriter& fixed(std::int64_t value, unsigned scale, unsigned decimals);  ///< as TextWriter::add_fixed
  JsonWriter& null();
  JsonWriter& boolean(bool value);
  JsonWriter& raw(std::string_view json);  ///< a complete JSON value made elsewhere

  [[nodiscard]] std::string_view view() const { return out_.view(); }
  [[nodiscard]] bool truncated() const { return out_.truncated(); }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  void separate();

  TextWriter out_;
  bool needs_comma_ = false;
};

}  // namespace meterseal
