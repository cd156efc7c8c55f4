#include "app/config/config_section.hpp"

#include <algorithm>

#include "app/errors.hpp"
#include "core/nearest.hpp"

namespace meterseal::app {

namespace {

/// "FILE:LINE". An Error keeps 96 bytes of it: the end of a long path says more than its beginning.
std::string location(const std::string& file, int line) {
  constexpr std::size_t most = 84;
  std::string text = file.size() > most ? "..." + file.substr(file.size() - most + 3) : file;
  if (line > 0) text += ":" + std::to_string(line);
  return line == kSetByCommand ? "set by command" : text;
}

/// The keys of a receiver stand in a document of their own.
std::string_view receiver_hint(const Code& code) {
  if (code == config_unknown_key)
    return "correct or remove the key; docs/collect.md lists those of [collect], docs/configuration.md those of [mqtt]";
  if (code == config_missing_key) return "add it as docs/collect.md shows it";
  if (code == config_bad_value || code == config_wrong_type)
    return "give a value as docs/collect.md shows it for [collect], docs/configuration.md for [mqtt]";
  return {};
}

/// What the file holds must not write to the terminal that shows the fault. Bytes that a cut may tear are no text
/// either.
std::string clean(std::string_view text) {
  std::string shown(text);
  for (char& c : shown) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7F) c = '?';
  }
  return shown;
}

std::string did_you_mean(std::string_view text, std::span<const std::string_view> candidates) {
  const std::string_view best = nearest(text, candidates);
  return best.empty() ? std::string() : "; did you mean \"" + std::string(best) + "\"?";
}

}  // namespace

std::string quoted(std::string_view text) {
  constexpr std::size_t most = 80;
  return "\"" + clean(text.substr(0, most)) + (text.size() > most ? "...\"" : "\"");
}

void Problems::add(const Code& code, int line, std::string_view text, std::string_view hint) {
  if (hint.empty() && guide_ == Guide::receiver) hint = receiver_hint(code);
  // Texts of other rooms and of toml++ quote the file, too.
  const Error error = make_error(code, location(file_, line), clean(text), hint);
  // The same table is read once for each host that inherits it.
  const auto same = [&](const auto& kept) {
    return kept.first == line && kept.second.code == code && kept.second.detail == error.detail;
  };
  if (errors_.size() == kMaxProblems || std::any_of(errors_.begin(), errors_.end(), same)) return;
  errors_.emplace_back(line, error);
}

void Problems::warn(int line, std::string_view text) {
  std::string warning = location(file_, line) + ": " + std::string(text);
  const auto same = [&](const auto& kept) { return kept.second == warning; };
  if (warnings_.size() == kMaxProblems || std::any_of(warnings_.begin(), warnings_.end(), same)) return;
  warnings_.emplace_back(line, std::move(warning));
}

std::vector<Error> Problems::errors() const {
  auto sorted = errors_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Error> errors;
  errors.reserve(sorted.size());
  for (auto& [line, error] : sorted) errors.push_back(error);
  return errors;
}

std::vector<std::string> Problems::warnings() const {
  auto sorted = warnings_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> warnings;
  warnings.reserve(sorted.size());
  for (auto& [line, warning] : sorted) warnings.push_back(std::move(warning));
  return warnings;
}

const Node* Section::find(std::string_view key) const {
  for (const Node& node : table_.children) {
    if (node.key == key) return &node;
  }
  return nullptr;
}

const Node* Section::find(std::string_view key, Node::Kind kind, std::string_view form) {
  asked_.emplace_back(key);
  const Node* node = find(key);
  if (node == nullptr || node->kind == kind) return node;
  problem(config_wrong_type, key, "must be " + std::string(form));
  return nullptr;
}

int Section::line_of(std::string_view key) const {
  const Node* node = find(key);
  return node == nullptr ? line() : node->line;
}

std::string Section::name_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

void Section::problem(const Code& code, std::string_view key, std::string_view text, std::string_view hint) {
  problems_.add(code, line_of(key), name_of(key) + ": " + std::string(text), hint);
}

void Section::warn(std::string_view key, std::string_view text) {
  problems_.warn(line_of(key), name_of(key) + ": " + std::string(text));
}

std::optional<std::string> Section::text(std::string_view key) {
  const Node* node = find(key, Node::Kind::text, "text in quotes");
  return node == nullptr ? std::nullopt : std::optional(node->text);
}

std::optional<std::int64_t> Section::integer(std::string_view key, std::int64_t low, std::int64_t high) {
  const Node* node = find(key, Node::Kind::integer, "a whole number");
  if (node == nullptr) return std::nullopt;
  if (node->integer >= low && node->integer <= high) return node->integer;
  problem(config_bad_value, key,
          std::to_string(node->integer) + " is not within " + std::to_string(low) + " to " + std::to_string(high));
  return std::nullopt;
}

std::optional<bool> Section::boolean(std::string_view key) {
  const Node* node = find(key, Node::Kind::boolean, "true or false");
  return node == nullptr ? std::nullopt : std::optional(node->boolean);
}

std::vector<Located> Section::texts(std::string_view key, std::size_t most) {
  std::vector<Located> texts;
  const Node* node = find(key, Node::Kind::list, "a list of texts: [\"...\"]");
  if (node == nullptr) return texts;
  if (node->children.empty()) problem(config_bad_value, key, "is empty");
  if (node->children.size() > most) {
    problem(config_bad_value, key, "has more than " + std::to_string(most) + " entries");
    return texts;
  }
  for (const Node& item : node->children) {
    if (item.kind != Node::Kind::text) {
      problem(config_wrong_type, key, "must be a list of texts: [\"...\"]");
      return {};
    }
    texts.push_back({item.text, item.line});
  }
  return texts;
}

bool Section::is_empty_list(std::string_view key) const {
  const Node* node = find(key);
  return node != nullptr && node->kind == Node::Kind::list && node->children.empty();
}

const Node* Section::table(std::string_view key) {
  return find(key, Node::Kind::table, "a table: [" + name_of(key) + "]");
}

std::vector<const Node*> Section::tables(std::string_view key) {
  static constexpr std::string_view kForm = "a list of tables, each begun with double brackets";
  const Node* node = find(key, Node::Kind::list, kForm);
  if (node == nullptr) return {};
  std::vector<const Node*> tables;
  for (const Node& item : node->children) {
    if (item.kind == Node::Kind::table) tables.push_back(&item);
  }
  if (tables.size() == node->children.size() && !tables.empty()) return tables;
  problem(config_wrong_type, key, "must be " + std::string(kForm));
  return {};
}

std::optional<std::size_t> Section::word(std::string_view key, std::span<const std::string_view> names) {
  const auto word = text(key);
  if (!word) return std::nullopt;
  const auto found = std::find(names.begin(), names.end(), *word);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  std::string known;
  for (const std::string_view name : names) known += (known.empty() ? "" : ", ") + std::string(name);
  problem(config_bad_value, key, quoted(*word) + " is none of: " + known + did_you_mean(*word, names));
  return std::nullopt;
}

void Section::finish() {
  const std::vector<std::string_view> known(asked_.begin(), asked_.end());
  for (const Node& node : table_.children) {
    if (std::find(known.begin(), known.end(), node.key) != known.end()) continue;
    problems_.add(config_unknown_key, node.line,
                  name_of(quoted(node.key)) + " is not a key that this program knows" + did_you_mean(node.key, known));
  }
}

}  // namespace meterseal::app
