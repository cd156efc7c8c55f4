#pragma once

// Reads CSV text record by record without copying it: fields are views into the text, which must outlive them.
// A doubled quote inside a quoted field stays doubled. A byte order mark at the start and blank lines are skipped.
// Bounded: at most kMaxFields per record. Thread: value, any. @source RFC 4180

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace meterseal::meter {

class CsvReader {
 public:
  static constexpr std::size_t kMaxFields = 24;

  explicit CsvReader(std::string_view text);

  /// @return false at the end of the text and at the first fault; then `fault()` tells them apart
  [[nodiscard]] bool next();
  [[nodiscard]] std::span<const std::string_view> fields() const { return {fields_.data(), count_}; }
  [[nodiscard]] std::uint32_t line() const { return line_; }       ///< where the record began, from 1
  [[nodiscard]] std::string_view fault() const { return fault_; }  ///< what is wrong; empty: nothing

 private:
  [[nodiscard]] bool read_field();
  [[nodiscard]] bool read_quoted();
  [[nodiscard]] bool add(std::string_view field);
  [[nodiscard]] bool fail(std::string_view why);
  [[nodiscard]] bool skip_line_end();
  [[nodiscard]] bool at_field_end() const;

  std::string_view rest_;
  std::array<std::string_view, kMaxFields> fields_;
  std::size_t count_ = 0;
  std::uint32_t line_ = 0;
  std::uint32_t next_line_ = 1;
  std::string_view fault_;
};

}  // namespace meterseal::meter
