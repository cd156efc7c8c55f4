#include "app/config/site_edit.hpp"

#include <toml++/toml.h>

#include <sstream>

#include "app/errors.hpp"
#include "core/text.hpp"
#include "web/errors.hpp"

namespace meterseal::app {

namespace {

using web::MeterChange;

tl::unexpected<Error> wrong(std::string_view what, std::string_view why) {
  return fail(web::bad_form, what, why);
}

/// Digits as a number; anything else as text, which the reader then refuses with the line.
void put_number(toml::table& table, std::string_view key, const std::string& text) {
  std::uint64_t number = 0;
  if (parse_decimal(text, 0, 1'000'000, number)) {
    table.insert_or_assign(key, static_cast<std::int64_t>(number));
  } else {
    table.insert_or_assign(key, text);
  }
}

/// "/dev/ttyUSB0", "tcp:HOST:PORT", "rtu:HOST:PORT"
void put_line(toml::table& bus, const MeterChange& change) {
  for (const char* key : {"device", "baud", "parity", "tcp", "framing"}) bus.erase(key);
  for (const auto& [prefix, framing] : {std::pair{"tcp:", "modbus-tcp"}, std::pair{"rtu:", "rtu"}}) {
    if (!change.port.starts_with(prefix)) continue;
    for (const char* key : {"stop_bits", "rs485"}) bus.erase(key);
    bus.insert_or_assign("tcp", change.port.substr(4));
    bus.insert_or_assign("framing", framing);
    return;
  }
  bus.insert_or_assign("device", change.port);
  put_number(bus, "baud", change.baud);
  bus.insert_or_assign("parity", change.parity);
}

std::string text_of(const toml::table& root) {
  std::ostringstream text;
  text << root;
  return std::string(kSiteHeading) + text.str() + "\n";
}

class Editor {
 public:
  explicit Editor(toml::table root) : root_(std::move(root)) {}

  Result<std::string> run(const MeterChange& change) {
    if (root_["bus"].as_array() == nullptr) return wrong("bus", "this device has no bus");
    name_primary();
    auto changed = dispatch(change);
    if (!changed) return tl::unexpected(changed.error());
    return text_of(root_);
  }

 private:
  Result<void> dispatch(const MeterChange& change) {
    switch (change.kind) {
      case MeterChange::Kind::put: return put(change);
      case MeterChange::Kind::remove: return remove(change.name);
      case MeterChange::Kind::line: return line(change);
    }
    return {};
  }

  /// Where none is named the first meter is the primary one: it stays so, in whichever order they stand afterwards.
  void name_primary() {
    toml::table* first = nullptr;
    for (toml::node& node : buses()) {
      toml::array* meters = node.as_table() == nullptr ? nullptr : (*node.as_table())["meter"].as_array();
      if (meters == nullptr) continue;
      for (toml::node& one : *meters) {
        toml::table* meter = one.as_table();
        if (meter == nullptr) continue;
        if ((*meter)["primary"].value_or(false)) return;
        if (first == nullptr) first = meter;
      }
    }
    if (first != nullptr) first->insert_or_assign("primary", true);
  }

  [[nodiscard]] toml::array& buses() { return *root_["bus"].as_array(); }
  /// nullptr: there is none of that number.
  [[nodiscard]] toml::table* bus(std::size_t index) {
    return index < buses().size() ? buses()[index].as_table() : nullptr;
  }

  Result<void> line(const MeterChange& change) {
    toml::table* found = bus(change.bus);
    if (found == nullptr) return wrong("bus", "there is no such bus");
    put_line(*found, change);
    return {};
  }

  /// Under a name that is there already it is another device in its place: what else was set for it stays.
  Result<void> put(const MeterChange& change) {
    toml::table meter = take(change.name).value_or(toml::table{{"name", change.name}});
    put_number(meter, "address", change.address);
    meter.insert_or_assign("profile", change.profile);
    if (change.bus == buses().size()) {
      toml::table made;
      put_line(made, change);
      buses().push_back(std::move(made));
    }
    toml::table* place = bus(change.bus);
    if (place == nullptr) return wrong("bus", "there is no such bus");
    if ((*place)["meter"].as_array() == nullptr) place->insert_or_assign("meter", toml::array{});
    (*place)["meter"].as_array()->push_back(std::move(meter));
    drop_empty();
    return {};
  }

  Result<void> remove(const std::string& name) {
    const auto taken = take(name);
    if (!taken) return wrong("name", "there is no such meter");
    if ((*taken)["primary"].value_or(false))
      return fail(web::bad_form, "name", name + " is the primary meter: its values are the device's",
                  "put another device in its place under the same name");
    drop_empty();
    return {};
  }

  /// Out of its bus. nullopt: there is none of that name
  std::optional<toml::table> take(const std::string& name) {
    for (toml::node& node : buses()) {
      toml::array* meters = node.as_table() == nullptr ? nullptr : (*node.as_table())["meter"].as_array();
      if (meters == nullptr) continue;
      for (std::size_t i = 0; i < meters->size(); ++i) {
        toml::table* meter = (*meters)[i].as_table();
        if (meter == nullptr || (*meter)["name"].value_or(std::string()) != name) continue;
        toml::table taken = std::move(*meter);
        meters->erase(meters->begin() + static_cast<std::ptrdiff_t>(i));
        return taken;
      }
    }
    return std::nullopt;
  }

  /// A bus without meters is none.
  void drop_empty() {
    for (std::size_t i = buses().size(); i-- > 0;) {
      const toml::table* table = bus(i);
      const toml::array* meters = table == nullptr ? nullptr : (*table)["meter"].as_array();
      if (meters != nullptr && meters->empty()) buses().erase(buses().begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

  toml::table root_;
};

}  // namespace

Result<std::string> edit_site(std::string_view text, const web::MeterChange& change) {
  try {
    return Editor(toml::parse(text)).run(change);
  } catch (const std::exception& error) {
    return fail(config_syntax, "site.toml", error.what());
  }
}

Result<std::string> with_page_at(std::string_view text, const std::vector<HostPort>& listen) {
  try {
    toml::table root = toml::parse(text);
    if (root["web"].as_table() == nullptr) root.insert_or_assign("web", toml::table{});
    toml::table& web = *root["web"].as_table();
    web.erase("enabled");
    toml::array addresses;
    for (const HostPort& address : listen) addresses.push_back(format(address));
    web.insert_or_assign("listen", std::move(addresses));
    return text_of(root);
  } catch (const std::exception& error) {
    return fail(config_syntax, "site.toml", error.what());
  }
}

}  // namespace meterseal::app
