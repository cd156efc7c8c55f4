#include "app/config/config_receiver.hpp"

#include <algorithm>

#include "app/config/config_parts.hpp"
#include "app/errors.hpp"
#include "mqtt/topics.hpp"

namespace meterseal::app {

namespace {

bool is_group_name(const std::string& name) {
  return !name.empty() && name.size() <= 64 && name.find_first_of("/+#$ ") == std::string::npos;
}

void read_collect(const Node& table, Problems& problems, ReceiverConfig& receiver, FileSetting& postgres_file) {
  Section section(table, "collect", problems);
  receiver.full_topic = section.text("full_topic").value_or(receiver.full_topic);
  if (const auto path = section.text("database")) {
    receiver.database = resolve(problems.file(), *path);
    if (path->empty()) section.problem(config_bad_value, "database", "is empty");
  }
  if (const auto path = section.text("postgres_file"))
    postgres_file = {resolve(problems.file(), *path), section.line_of("postgres_file")};
  if (section.has("database") == section.has("postgres_file"))
    section.problem(config_missing_key, "database", "or postgres_file must be given, and one of them only",
                    "name a file with database = \"readings.db\", or a PostgreSQL connection with postgres_file");
  if (const auto share = section.text("share")) {
    receiver.share = *share;
    if (!is_group_name(*share)) section.problem(config_bad_value, "share", quoted(*share) + " is no name of a group");
  }
  section.finish();
}

ReceiverConfig read_receiver(const Node& node, ReceiverJob job, Problems& problems, FileSetting& postgres_file) {
  Section root(node, "", problems);
  ReceiverConfig receiver;
  receiver.full_topic = mqtt::kDefaultFullTopic;
  if (job == ReceiverJob::tail) {
    // A device's own file.
    for (const std::string_view key : {"device", "bus", "outbox", "alarm", "web"}) root.allow(key);
    if (const Node* device = root.table("device")) {
      Section section(*device, "device", problems);
      receiver.full_topic = section.text("full_topic").value_or(receiver.full_topic);
    }
  }
  const Node* mqtt = root.table("mqtt");
  if (!root.has("mqtt")) root.problem(config_missing_key, "mqtt", "is missing");
  if (mqtt != nullptr) {
    DeviceConfig nobody;
    nobody.topic = "receiver";
    nobody.full_topic = mqtt::kDefaultFullTopic;
    receiver.mqtt = read_mqtt(*mqtt, problems, nobody);
    if (receiver.mqtt.preset != mqtt::Preset::none)
      problems.add(config_conflict, mqtt->line, "mqtt.preset: is for devices: a cloud broker has receivers of its own");
  }
  if (const Node* collect = root.table("collect")) {
    read_collect(*collect, problems, receiver, postgres_file);
  } else if (job == ReceiverJob::collect && !root.has("collect")) {
    root.problem(config_missing_key, "collect", "is missing");
  }
  root.finish();
  return receiver;
}

}  // namespace

tl::expected<ReceiverConfig, std::vector<Error>> load_receiver_config(const std::string& file, ReceiverJob job,
                                                                      const std::string& credentials_dir) {
  Problems problems(file, job == ReceiverJob::collect ? Problems::Guide::receiver : Problems::Guide::device);
  const auto text = read_config_file(problems);
  if (!text) return tl::unexpected(problems.errors());
  const auto tree = parse_toml(*text);
  if (!tree) {
    problems.add(config_syntax, tree.error().line, tree.error().text);
    return tl::unexpected(problems.errors());
  }
  FileSetting postgres_file;
  ReceiverConfig receiver = read_receiver(*tree, job, problems, postgres_file);
  check_mqtt_files(receiver.mqtt, credentials_dir, problems);
  if (!postgres_file.path.empty())
    receiver.postgres = read_secret_line(postgres_file, "collect.postgres_file", credentials_dir, problems);
  if (!problems.empty()) return tl::unexpected(problems.errors());
  receiver.warnings = problems.warnings();
  return receiver;
}

}  // namespace meterseal::app
