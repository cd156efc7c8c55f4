#include <algorithm>

#include "app/config/config_parts.hpp"
#include "app/errors.hpp"
#include "core/text.hpp"

namespace meterseal::app {

namespace {

constexpr std::uint16_t kPort = 8443;

bool is_ip(const std::string& host) {
  return host.find(':') != std::string::npos ||
         std::all_of(host.begin(), host.end(), [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

void read_listen(Section& section, WebConfig& web) {
  for (const Located& text : section.texts("listen", 8)) {
    const auto address = parse_host_port(text.text, kPort);
    if (!address) {
      section.problem(config_bad_value, "listen", quoted(text.text) + " " + address.error());
    } else if (!is_ip(address->host)) {
      section.problem(config_bad_value, "listen", quoted(text.text) + " is no IP address of this machine");
    } else {
      web.listen.push_back(*address);
    }
  }
  if (web.listen.empty()) web.listen.push_back({"127.0.0.1", kPort});
}

void read_hosts(Section& section, WebConfig& web) {
  for (const Located& text : section.texts("hosts", 32)) {
    const auto name = parse_host_port(text.text, 1);
    if (!name || name->port != 1 || is_ip(name->host)) {
      section.problem(config_bad_value, "hosts", quoted(text.text) + " is no host name",
                      "give names only: addresses of this machine are known");
    } else {
      web.hosts.push_back(name->host);
    }
  }
}

FileSetting file(Section& section, std::string_view key, const std::string& config_file) {
  const auto path = section.text(key);
  if (!path) return {};
  if (path->empty()) section.problem(config_bad_value, key, "is empty");
  return {resolve(config_file, *path), section.line_of(key)};
}

}  // namespace

std::optional<WebConfig> read_web(const Node& table, Problems& problems) {
  static constexpr Choice<web::MetricsAccess> kMetrics[] = {{"off", web::MetricsAccess::off},
                                                            {"token", web::MetricsAccess::token},
                                                            {"loopback", web::MetricsAccess::loopback}};
  Section section(table, "web", problems);
  WebConfig web;
  read_listen(section, web);
  read_hosts(section, web);
  web.certificate = file(section, "certificate", problems.file());
  web.key = file(section, "key", problems.file());
  if (web.certificate.path.empty() != web.key.path.empty()) {
    const std::string_view given = web.key.path.empty() ? "certificate" : "key";
    section.problem(config_conflict, given, "needs the other one of certificate and key");
  }
  web.password_file = file(section, "password_file", problems.file());
  web.metrics = section.choice("metrics", kMetrics).value_or(web.metrics);
  web.api = section.boolean("api").value_or(true) ? web::SiteOptions::Api::on : web::SiteOptions::Api::off;
  const bool enabled = section.boolean("enabled").value_or(true);
  section.finish();
  if (!enabled) return std::nullopt;
  return web;
}

}  // namespace meterseal::app
