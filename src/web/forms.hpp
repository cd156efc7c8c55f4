#pragma once

// The configuration pages as tables: which fields each has and which console command stands behind a field. A form that
// is sent becomes console lines; nothing else can come of it.
// Thread: constants and pure functions.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "web/device_view.hpp"
#include "web/http_text.hpp"

namespace meterseal::web {

enum class FieldKind : std::uint8_t {
  text,
  number,
  secret,       ///< write-only
  fingerprint,  ///< empty is a value: no pin
  choice
};

struct Field {
  std::string_view command;  ///< its name is the field's name in the form
  std::string_view label;
  FieldKind kind;
  std::string_view hint;
  std::string_view choices;  ///< "value=label|value=label"
};

struct FormTable {
  std::string_view name;
  std::string_view title;
  std::span<const Field> fields;
};

[[nodiscard]] std::span<const FormTable> forms();
[[nodiscard]] const FormTable* find_form(std::string_view name);

/// The lines for the fields that were sent, in the order of the table; fingerprints are cleared last.
/// @return bad_form: a field that the form does not have, a value with control characters or above 512 bytes
[[nodiscard]] Result<std::vector<std::string>> console_lines(const FormTable& form, const Form& sent);

/// The form with its present values:
/// {"name","title","fields":[{"name","label","kind","hint","value","fixed","by"},...]}. Fields whose command this build
/// does not have are left out.
[[nodiscard]] std::string form_json(const FormTable& form, const DeviceView& device);

}  // namespace meterseal::web
