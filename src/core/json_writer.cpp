#include "core/json_writer.hpp"

namespace meterseal {

namespace {

void add_escaped(TextWriter& out, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.add('\\').add(c);
    } else if (byte < 0x20 || byte == 0x7F) {
      out.add("\\u").add_hex(byte, 4);
    } else {
      out.add(c);
    }
  }
}

}  // namespace

void JsonWriter::separate() {
  if (needs_comma_) out_.add(',');
  needs_comma_ = true;
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  out_.add(bracket);
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  out_.add(bracket);
  needs_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  text(name);
  out_.add(':');
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::text(std::string_view value) {
  separate();
  out_.add('"');
  add_escaped(out_, value);
  out_.add('"');
  return *this;
}

JsonWriter& JsonWriter::integer(std::int64_t value) {
  separate();
  out_.add_int(value);
  return *this;
}

JsonWriter& JsonWriter::fixed(std::int64_t value, unsigned scale, unsigned decimals) {
  separate();
  out_.add_fixed(value, scale, decimals);
  return *this;
}

JsonWriter& JsonWriter::null() {
  return raw("null");
}
JsonWriter& JsonWriter::boolean(bool value) {
  return raw(value ? "true" : "false");
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  out_.add(json);
  return *this;
}

}  // namespace meterseal
