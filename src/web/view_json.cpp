#include "web/view_json.hpp"

#include <functional>

#include "console/commands.hpp"
#include "core/json_writer.hpp"

namespace meterseal::web {

namespace {

constexpr std::size_t kLargest = std::size_t{256} * 1024;

/// Writes into as much memory as it takes, up to kLargest; what is larger still is cut off by the caller's own bounds.
std::string written(const std::function<void(JsonWriter&)>& write) {
  for (std::size_t room = 4096; room <= kLargest; room *= 4) {
    std::string memory(room, '\0');
    JsonWriter json(memory);
    write(json);
    if (json.truncated()) continue;
    memory.resize(json.view().size());
    return memory;
  }
  return R"({"error":"the answer is too large"})";
}

/// A fixed-point number, or null.
void number(JsonWriter& json, std::string_view key, const Value& value, unsigned scale, unsigned decimals) {
  json.key(key);
  if (value) {
    json.fixed(*value, scale, decimals);
  } else {
    json.null();
  }
}

void add_phase(JsonWriter& json, const PhaseValues& values) {
  json.open_object();
  number(json, "voltage", values.voltage_mv, 3, 1);
  number(json, "current", values.current_ma, 3, 3);
  number(json, "power", values.power_mw, 3, 0);
  number(json, "apparent", values.apparent_mva, 3, 0);
  number(json, "reactive", values.reactive_mvar, 3, 0);
  number(json, "factor", values.factor_permille, 3, 2);
  json.close_object();
}

void add_meter(JsonWriter& json, const MeterView& meter) {
  json.open_object().key("name").text(meter.name).key("model").text(meter.model).key("trouble").text(meter.trouble);
  json.key("age");
  if (meter.age) {
    json.integer(meter.age->count());
  } else {
    json.null();
  }
  json.key("whole");
  add_phase(json, meter.whole);
  json.key("phases").open_array();
  for (const PhaseValues& phase : meter.phases) add_phase(json, phase);
  json.close_array();
  number(json, "frequency", meter.frequency_mhz, 3, 2);
  number(json, "today", meter.today_mwh, 6, 3);
  number(json, "yesterday", meter.yesterday_mwh, 6, 3);
  number(json, "total", meter.total_mwh, 6, 3);
  number(json, "exported", meter.exported_mwh, 6, 3);
  json.close_object();
}

std::string_view name_of(Seal seal) {
  switch (seal) {
    case Seal::sealed: return "sealed";
    case Seal::plaintext: return "plaintext";
    case Seal::learned: return "learned";
    case Seal::refused: return "refused";
    case Seal::offline: return "offline";
  }
  return {};
}

void add_time(JsonWriter& json, std::string_view key, const std::optional<UtcTime>& time) {
  json.key(key);
  if (time) {
    json.integer(std::chrono::duration_cast<seconds>(time->time_since_epoch()).count());
  } else {
    json.null();
  }
}

void add_seal(JsonWriter& json, const SealView& seal) {
  json.open_object().key("state").text(name_of(seal.state));
  json.key("broker").text(seal.broker).key("mode").text(seal.mode).key("by").text(seal.by);
  json.key("version").text(seal.version).key("suite").text(seal.suite);
  add_time(json, "expires", seal.expires);
  json.key("served").text(seal.served).key("code").text(seal.code).key("reason").text(seal.reason);
  json.key("remedy").text(seal.remedy).key("remedyLine").text(seal.remedy_line);
  json.key("renewal").text(seal.renewal.fate).key("renewalHint").text(seal.renewal.hint);
  json.key("renewalLine").text(seal.renewal.line).close_object();
}

std::string civil_text(const CivilTime& time) {
  Text<32> text;
  std::array<char, 24> memory{};
  TextWriter out(memory);
  out.add_padded(static_cast<std::uint64_t>(time.date.year), 4).add('-').add_padded(time.date.month, 2).add('-');
  out.add_padded(time.date.day, 2).add(' ').add_padded(time.hour, 2).add(':').add_padded(time.minute, 2).add(':');
  out.add_padded(time.second, 2);
  return std::string(out.view());
}

}  // namespace

std::string live_json(DeviceView& device) {
  const std::vector<MeterView> meters = device.meters();
  const SealView seal = device.seal();
  const auto time = device.local_time();
  return written([&](JsonWriter& json) {
    json.open_object().key("name").text(device.name()).key("time");
    if (time) {
      json.text(civil_text(*time));
    } else {
      json.null();
    }
    json.key("meters").open_array();
    for (const MeterView& meter : meters) add_meter(json, meter);
    json.close_array().key("seal");
    add_seal(json, seal);
    json.key("waiting").integer(static_cast<std::int64_t>(device.waiting_records())).close_object();
  });
}

std::string history_json(const std::vector<PowerPoint>& points) {
  return written([&](JsonWriter& json) {
    json.open_object().key("time").open_array();
    for (const PowerPoint& point : points) json.integer(point.start_s);
    json.close_array().key("power").open_array();
    for (const PowerPoint& point : points) {
      if (point.watts) {
        json.integer(*point.watts);
      } else {
        json.null();
      }
    }
    json.close_array().close_object();
  });
}

std::string facts_json(const std::vector<Fact>& facts) {
  return written([&](JsonWriter& json) {
    json.open_object().key("facts").open_array();
    for (const Fact& fact : facts)
      json.open_object()
          .key("group")
          .text(fact.group)
          .key("name")
          .text(fact.name)
          .key("value")
          .text(fact.value)
          .close_object();
    json.close_array().close_object();
  });
}

std::string log_json(const std::vector<std::string>& lines, const std::deque<WebEvent>& events) {
  return written([&](JsonWriter& json) {
    json.open_object().key("lines").open_array();
    for (const std::string& line : lines) json.text(line);
    json.close_array().key("events").open_array();
    for (const WebEvent& event : events) {
      json.open_object().key("kind").text(name_of(event.kind));
      add_time(json, "at", event.at);
      json.key("who").text(event.who).key("from").text(event.from).key("what").text(told(event)).close_object();
    }
    json.close_array().close_object();
  });
}

std::string access_json(const Access& access) {
  return written([&](JsonWriter& json) {
    json.open_object().key("users").open_array();
    for (const User& user : access.users())
      json.open_object().key("name").text(user.name).key("role").text(name_of(user.role)).close_object();
    json.close_array().key("tokens").open_array();
    for (const ApiToken& token : access.tokens())
      json.open_object().key("name").text(token.name).key("role").text(name_of(token.role)).close_object();
    json.close_array().close_object();
  });
}

std::string commands_json() {
  return written([&](JsonWriter& json) {
    json.open_object().key("commands").open_array();
    for (const console::Group group : console::kGroups) {
      for (const console::Command& command : console::commands()) {
        if (command.group != group) continue;
        json.open_object().key("name").text(command.name).key("group").text(name_of(group));
        json.key("index").text(command.index.is_one() ? std::string_view() : command.index.text().view());
        json.key("arguments").text(command.arguments).key("byMqtt").text(who_may(command.change));
        json.key("help").text(command.help).close_object();
      }
    }
    json.close_array().close_object();
  });
}

std::string replies_json(const console::Replies& replies) {
  return written([&](JsonWriter& json) {
    json.open_object().key("replies").open_array();
    for (const console::Reply& reply : replies) json.raw(reply.json);
    json.close_array().close_object();
  });
}

std::string authorities_json(const AuthoritiesView& authorities) {
  using Place = AuthoritiesView::Place;
  const std::string_view place = authorities.place == Place::system     ? "system"
                                 : authorities.place == Place::uploaded ? "uploaded"
                                                                        : "declared";
  return written([&](JsonWriter& json) {
    json.open_object().key("place").text(place).key("where").text(authorities.where).key("list").open_array();
    for (const AuthorityView& one : authorities.list) {
      json.open_object().key("subject").text(one.subject).key("sha256").text(one.sha256);
      json.key("expires").text(one.expires).close_object();
    }
    json.close_array().close_object();
  });
}

std::string error_json(const Error& error) {
  return written([&](JsonWriter& json) {
    json.open_object().key("error").text(error.detail).key("hint").text(error.remedy());
    json.key("code").text(error.code.name).close_object();
  });
}

std::string choices_json(const SetupDesk::Choices& choices, std::string_view password) {
  return written([&](JsonWriter& json) {
    json.open_object().key("ports").open_array();
    for (const std::string& port : choices.serial_ports) json.text(port);
    json.close_array().key("profiles").open_array();
    for (const auto& [name, title] : choices.profiles)
      json.open_object().key("name").text(name).key("title").text(title).close_object();
    json.close_array().key("topic").text(choices.topic).key("password").text(password).close_object();
  });
}

std::string texts_json(const std::vector<std::pair<std::string_view, std::string_view>>& texts) {
  return written([&](JsonWriter& json) {
    json.open_object();
    for (const auto& [key, value] : texts) json.key(key).text(value);
    json.close_object();
  });
}

}  // namespace meterseal::web
