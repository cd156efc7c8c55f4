#include "app/config/config_tree.hpp"

#include <toml++/toml.h>

namespace meterseal::app {

namespace {

int line_of(const toml::source_region& source) {
  return static_cast<int>(source.begin.line);
}

Node node_of(const toml::node& value);

Node list_of(const toml::array& array) {
  Node node;
  for (const toml::node& item : array) node.children.push_back(node_of(item));
  return node;
}

Node table_of(const toml::table& table) {
  Node node;
  for (const auto& [key, value] : table) {
    Node child = node_of(value);
    // A table's own source may lie further down, at its first header.
    if (child.kind != Node::Kind::table || child.line == 0) child.line = line_of(key.source());
    child.key = key.str();
    node.children.push_back(std::move(child));
  }
  return node;
}

// Recursion is bounded: toml++ refuses more than 256 levels.
Node node_of(const toml::node& value) {
  Node node;
  if (const auto* table = value.as_table()) {
    node = table_of(*table);
    node.kind = Node::Kind::table;
  } else if (const auto* array = value.as_array()) {
    node = list_of(*array);
    node.kind = Node::Kind::list;
  } else if (const auto* text = value.as_string()) {
    node.kind = Node::Kind::text;
    node.text = text->get();
  } else if (const auto* integer = value.as_integer()) {
    node.kind = Node::Kind::integer;
    node.integer = integer->get();
  } else if (const auto* boolean = value.as_boolean()) {
    node.kind = Node::Kind::boolean;
    node.boolean = boolean->get();
  } else {
    node.kind = value.is_floating_point() ? Node::Kind::decimal : Node::Kind::moment;
  }
  node.line = line_of(value.source());
  return node;
}

}  // namespace

tl::expected<Node, SyntaxFault> parse_toml(std::string_view text) {
  try {
    const toml::table root = toml::parse(text);
    return node_of(root);
  } catch (const toml::parse_error& error) {
    std::string what(error.description());
    // Most often a line ends within a text.
    if (what.find("unescaped control characters") != std::string::npos) what += " (a quote may not be closed)";
    return tl::unexpected(SyntaxFault{line_of(error.source()), std::move(what)});
  } catch (const std::exception& error) {
    return tl::unexpected(SyntaxFault{0, error.what()});
  }
}

}  // namespace meterseal::app
