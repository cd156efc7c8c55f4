#include "web/http_text.hpp"

#include <algorithm>
#include <array>

#include "core/text.hpp"

namespace meterseal::web {

namespace {

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  c = to_lower(c);
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10U;
  return std::nullopt;
}

std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (text.size() - i < 3) return std::nullopt;
      const auto high = hex_digit(text[i + 1]);
      const auto low = hex_digit(text[i + 2]);
      if (!high || !low) return std::nullopt;
      out += static_cast<char>(*high << 4 | *low);
      i += 2;
    }
  }
  if (!is_utf8_without_nul(out)) return std::nullopt;
  return out;
}

/// The text before `separator`, which is taken off `rest` together with it.
std::string_view next_part(std::string_view& rest, char separator) {
  const auto end = rest.find(separator);
  const std::string_view part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return part;
}

std::optional<unsigned> base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<unsigned>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<unsigned>(c - 'a') + 26U;
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0') + 52U;
  if (c == '+') return 62U;
  if (c == '/') return 63U;
  return std::nullopt;
}

std::optional<std::string> from_base64(std::string_view text) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const auto digit = base64_digit(c);
    if (!digit) return std::nullopt;
    bits = bits << 6 | *digit;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xFFU);
  }
  return out;
}

/// The text behind `scheme` and one blank; nullopt: another scheme. @source RFC 9110, 11.1: case does not matter
std::optional<std::string_view> after_scheme(std::string_view authorization, std::string_view scheme) {
  if (authorization.size() <= scheme.size() || authorization[scheme.size()] != ' ') return std::nullopt;
  if (!equals_ignoring_case(authorization.substr(0, scheme.size()), scheme)) return std::nullopt;
  return trim(authorization.substr(scheme.size()));
}

}  // namespace

std::optional<Form> Form::parse(std::string_view text) {
  Form form;
  while (!text.empty()) {
    std::string_view part = next_part(text, '&');
    if (part.empty()) continue;
    const auto name = decoded(next_part(part, '='));
    auto value = decoded(part);
    if (!name || !value || form.has(*name) || form.fields_.size() == kMostFields) return std::nullopt;
    form.fields_.emplace_back(*name, std::move(*value));
  }
  return form;
}

std::string_view Form::value(std::string_view name) const {
  const auto found = std::find_if(fields_.begin(), fields_.end(), [&](const auto& f) { return f.first == name; });
  return found == fields_.end() ? std::string_view() : std::string_view(found->second);
}

bool Form::has(std::string_view name) const {
  return std::any_of(fields_.begin(), fields_.end(), [&](const auto& f) { return f.first == name; });
}

Form Form::without(std::string_view name) const {
  Form rest = *this;
  std::erase_if(rest.fields_, [&](const auto& field) { return field.first == name; });
  return rest;
}

std::string_view cookie_value(std::string_view header, std::string_view name) {
  std::string_view found;
  bool seen = false;
  while (!header.empty()) {
    std::string_view part = trim(next_part(header, ';'));
    if (next_part(part, '=') != name) continue;
    if (seen) return {};
    seen = true;
    found = part;
  }
  return found;
}

std::optional<BasicLogin> basic_login(std::string_view authorization) {
  const auto encoded = after_scheme(authorization, "Basic");
  if (!encoded) return std::nullopt;
  const auto text = from_base64(*encoded);
  if (!text || !is_utf8_without_nul(*text)) return std::nullopt;
  const auto colon = text->find(':');
  if (colon == std::string::npos) return std::nullopt;
  return BasicLogin{text->substr(0, colon), text->substr(colon + 1)};
}

std::string_view bearer_token(std::string_view authorization) {
  return after_scheme(authorization, "Bearer").value_or(std::string_view());
}

std::optional<std::string> host_name(std::string_view header) {
  std::string_view name = header;
  if (header.starts_with('[')) {
    const auto end = header.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    name = header.substr(1, end - 1);
  } else {
    name = header.substr(0, header.find(':'));
  }
  // A dot at the end is the same name. @source RFC 1034, 3.1
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty() || name.size() > 253) return std::nullopt;
  std::string text;
  for (const char c : name) text += to_lower(c);
  return text;
}

std::string printable(std::string_view text) {
  std::string out(text.substr(0, 64));
  for (char& c : out) {
    if (c < 0x20 || c > 0x7E) c = '?';
  }
  return out;
}

}  // namespace meterseal::web
