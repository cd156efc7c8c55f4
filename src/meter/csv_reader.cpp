#include "meter/csv_reader.hpp"

namespace meterseal::meter {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

CsvReader::CsvReader(std::string_view text) : rest_(text) {
  if (rest_.starts_with(kByteOrderMark)) rest_.remove_prefix(kByteOrderMark.size());
}

bool CsvReader::next() {
  if (!fault_.empty()) return false;
  while (skip_line_end()) {
  }
  if (rest_.empty()) return false;
  count_ = 0;
  line_ = next_line_;
  for (;;) {
    if (!read_field()) return false;
    if (rest_.empty() || skip_line_end()) return true;
    rest_.remove_prefix(1);  // the comma: at_field_end() let nothing else pass
  }
}

bool CsvReader::read_field() {
  if (rest_.starts_with('"')) return read_quoted();
  std::size_t size = 0;
  while (size < rest_.size() && rest_[size] != ',' && rest_[size] != '\n' && rest_[size] != '\r') {
    if (rest_[size] == '"') return fail("a quote inside a field that is not quoted");
    if (static_cast<unsigned char>(rest_[size]) < ' ') return fail("a control character");
    ++size;
  }
  const std::string_view field = rest_.substr(0, size);
  rest_.remove_prefix(size);
  if (!at_field_end()) return fail("a carriage return without a line feed");
  return add(field);
}

bool CsvReader::read_quoted() {
  rest_.remove_prefix(1);
  std::size_t size = 0;
  for (; size < rest_.size(); ++size) {
    if (rest_[size] == '\n') ++next_line_;
    if (rest_[size] == '\0') return fail("a control character");
    if (rest_[size] != '"') continue;
    if (size + 1 == rest_.size() || rest_[size + 1] != '"') break;
    ++size;
  }
  if (size == rest_.size()) return fail("a quoted field without its closing quote");
  const std::string_view field = rest_.substr(0, size);
  rest_.remove_prefix(size + 1);
  if (!at_field_end()) return fail("text after a closing quote");
  return add(field);
}

bool CsvReader::add(std::string_view field) {
  if (count_ == kMaxFields) return fail("too many fields");
  fields_[count_++] = field;
  return true;
}

bool CsvReader::fail(std::string_view why) {
  fault_ = why;
  return false;
}

bool CsvReader::at_field_end() const {
  return rest_.empty() || rest_.front() == ',' || rest_.front() == '\n' || rest_.starts_with("\r\n");
}

bool CsvReader::skip_line_end() {
  const std::size_t size = rest_.starts_with("\r\n") ? 2 : rest_.starts_with('\n') ? 1 : 0;
  rest_.remove_prefix(size);
  if (size != 0) ++next_line_;
  return size != 0;
}

}  // namespace meterseal::meter
