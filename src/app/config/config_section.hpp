#pragma once

// Reading one table of the configuration file strictly: every getter checks the type and the range and names the key,
// and whatever was not asked for is an unknown key in the end. Faults are collected, so that one run shows all of them.
// Thread: values, any. Ownership: the node and the problems must outlive the section.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/config/config_tree.hpp"
#include "core/result.hpp"

namespace meterseal::app {

/// What is wrong with the file, each with `FILE:LINE`. At most kMaxProblems are kept.
class Problems {
 public:
  static constexpr std::size_t kMaxProblems = 32;

  /// Which document tells of the keys.
  enum class Guide : std::uint8_t {
    device,
    receiver
  };

  explicit Problems(std::string file, Guide guide = Guide::device) : file_(std::move(file)), guide_(guide) {}

  void add(const Code& code, int line, std::string_view text, std::string_view hint = {});
  /// A remark that stops nothing. @param line  as Node has it
  void warn(int line, std::string_view text);

  [[nodiscard]] bool empty() const { return errors_.empty(); }
  [[nodiscard]] std::vector<Error> errors() const;  ///< in the order of lines
  [[nodiscard]] std::vector<std::string> warnings() const;
  [[nodiscard]] const std::string& file() const { return file_; }

 private:
  std::string file_;
  Guide guide_;
  std::vector<std::pair<int, Error>> errors_;
  std::vector<std::pair<int, std::string>> warnings_;
};

/// A text value and where it stands. Line 0: not given.
struct Located {
  std::string text;
  int line = 0;
};

/// A user's text in quotes for a message: cut at 80 bytes, clean.
[[nodiscard]] std::string quoted(std::string_view text);

template <class E>
struct Choice {
  std::string_view name;
  E value;
};

class Section {
 public:
  /// @param path  as people write it: "mqtt.tls", "bus[1].meter[2]"; empty for the root
  Section(const Node& table, std::string path, Problems& problems)
      : table_(table), path_(std::move(path)), problems_(problems) {}

  [[nodiscard]] std::optional<std::string> text(std::string_view key);
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view key, std::int64_t low, std::int64_t high);
  [[nodiscard]] std::optional<bool> boolean(std::string_view key);
  /// An array of strings.
  [[nodiscard]] std::vector<Located> texts(std::string_view key, std::size_t most);
  [[nodiscard]] const Node* table(std::string_view key);
  [[nodiscard]] std::vector<const Node*> tables(std::string_view key);  ///< [[key]]

  /// One of a closed set of words.
  template <class E, std::size_t N>
  [[nodiscard]] std::optional<E> choice(std::string_view key, const Choice<E> (&choices)[N]) {
    std::vector<std::string_view> names;
    for (const auto& choice : choices) names.push_back(choice.name);
    const auto index = word(key, names);
    return index ? std::optional(choices[*index].value) : std::nullopt;
  }

  [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }
  [[nodiscard]] bool is_empty_list(std::string_view key) const;
  [[nodiscard]] int line() const { return table_.line; }
  [[nodiscard]] int line_of(std::string_view key) const;  ///< of the key, else of the table
  [[nodiscard]] std::string name_of(std::string_view key) const;

  /// A fault of one key of this table.
  void problem(const Code& code, std::string_view key, std::string_view text, std::string_view hint = {});
  void warn(std::string_view key, std::string_view text);
  void allow(std::string_view key) { asked_.emplace_back(key); }
  /// Everything that nobody asked for is unknown. Call once, last.
  void finish();

 private:
  [[nodiscard]] const Node* find(std::string_view key) const;
  [[nodiscard]] const Node* find(std::string_view key, Node::Kind kind, std::string_view form);
  [[nodiscard]] std::optional<std::size_t> word(std::string_view key, std::span<const std::string_view> names);

  const Node& table_;
  std::string path_;
  Problems& problems_;
  std::vector<std::string> asked_;
};

}  // namespace meterseal::app
