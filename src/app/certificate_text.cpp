#include "app/certificate_text.hpp"

#include <vector>

#include "mqtt/time_text.hpp"
#include "trust/pin.hpp"

namespace meterseal::app {

namespace {

using trust::host::CertificateReport;

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

std::optional<std::int64_t> days_left(const CertificateReport& certificate, UtcTime now) {
  if (!certificate.ends) return std::nullopt;
  return std::chrono::floor<std::chrono::duration<std::int64_t, std::ratio<86400>>>(*certificate.ends - now).count();
}

std::string format_tasmota_key(const trust::Sha1& digest) {
  std::string text(trust::format_digest(digest).view());
  for (char& c : text) {
    if (c == ':') c = ' ';
  }
  return text;
}

std::string certificate_lines(const CertificateReport& certificate, UtcTime now) {
  std::string text = "sha256 Fingerprint=";
  text.append(trust::format_sha256(certificate.certificate).view()).append("\n");
  text += "notBefore=" + certificate.not_before + "\n";
  text += "notAfter=" + certificate.not_after + "\n";
  text.append("keyPin=").append(trust::format_key_pin(certificate.key).view()).append("\n");
  text += "tasmotaFingerprint=" +
          (certificate.tasmota_key ? format_tasmota_key(*certificate.tasmota_key) : "none for this kind of key") + "\n";
  text += "subject=" + certificate.subject + "\n";
  text += "names=" + (certificate.names.empty() ? "none" : joined(certificate.names)) + "\n";
  text += "issuer=" + certificate.issuer + "\n";
  const auto days = days_left(certificate, now);
  text += "daysLeft=" + (days ? std::to_string(*days) : "unknown") + (days && *days < 0 ? " (expired)" : "") + "\n";
  return text;
}

void add_utc(JsonWriter& json, const std::optional<UtcTime>& time) {
  if (!time) {
    json.null();
    return;
  }
  json.text(std::string(mqtt::format_time(civil_utc(*time)).view()) + "Z");
}

void add_certificate(JsonWriter& json, const CertificateReport& certificate, UtcTime now) {
  json.open_object();
  json.key("fingerprint").text(trust::format_sha256(certificate.certificate).view());
  json.key("key_pin").text(trust::format_key_pin(certificate.key).view());
  json.key("tasmota_fingerprint");
  certificate.tasmota_key ? json.text(format_tasmota_key(*certificate.tasmota_key)) : json.null();
  json.key("subject").text(certificate.subject);
  json.key("names").open_array();
  for (const std::string& name : certificate.names) json.text(name);
  json.close_array();
  json.key("issuer").text(certificate.issuer);
  json.key("serial").text(certificate.serial);
  json.key("not_before");
  add_utc(json, certificate.starts);
  json.key("not_after");
  add_utc(json, certificate.ends);
  const auto days = days_left(certificate, now);
  json.key("days_left");
  days ? json.integer(*days) : json.null();
  json.key("key").text(certificate.key_kind);
  json.key("signature").text(certificate.signature);
  json.key("pem").text(certificate.pem);
  json.close_object();
}

void add_probe(JsonWriter& json, const trust::host::ProbeReport& report, UtcTime now) {
  json.key("version").text(report.version);
  json.key("suite").text(report.suite);
  json.key("proved_key").boolean(report.proved_key);
  json.key("asked_for_client_certificate").boolean(report.asked_for_client_certificate);
  json.key("stapled").boolean(report.stapled);
  json.key("certificate");
  report.chain.empty() ? (void)json.null() : add_certificate(json, report.chain.front(), now);
  json.key("chain").open_array();
  for (std::size_t i = 1; i < report.chain.size(); ++i) add_certificate(json, report.chain[i], now);
  json.close_array();
}

std::string json_line(const std::function<void(JsonWriter&)>& fill) {
  for (std::size_t size = std::size_t{64} * 1024;; size *= 4) {
    std::vector<char> memory(size);
    JsonWriter json{std::span<char>(memory)};
    fill(json);
    if (!json.truncated()) return std::string(json.view()) + "\n";
  }
}

}  // namespace meterseal::app
