#include "app/agent/authority_list.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "app/errors.hpp"
#include "mqtt/time_text.hpp"
#include "trust/host/builtin_ca.hpp"
#include "trust/host/certificate_report.hpp"
#include "trust/pin.hpp"

namespace meterseal::app {

namespace {

constexpr std::size_t kShown = 16;
constexpr std::size_t kMostBytes = std::size_t{4} * 1024 * 1024;
constexpr std::size_t kMostFiles = 10'000;
constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";

console::Authority authority_of(const trust::host::CertificateReport& report) {
  console::Authority one;
  one.subject = report.subject.substr(0, 256);
  one.sha256 = trust::format_sha256(report.certificate).view();
  if (report.ends) one.until = std::string(mqtt::format_time(civil_utc(*report.ends)).view()) + "Z";
  return one;
}

console::Authorities of_text(std::string_view pem, std::string_view where) {
  console::Authorities list;
  for (std::size_t at = pem.find(kBegin); at != std::string_view::npos; at = pem.find(kBegin, at + 1)) {
    ++list.count;
    if (list.first.size() == kShown) continue;
    const auto report = trust::host::read_certificate(as_bytes(pem.substr(at)), where);
    if (report) list.first.push_back(authority_of(*report));
  }
  return list;
}

/// Links of `openssl rehash`: one for each certificate.
console::Authorities of_folder(const std::string& folder) {
  console::Authorities list;
  std::error_code error;
  std::size_t looked_at = 0;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.size() == 10 && name[8] == '.') ++list.count;
    if (++looked_at == kMostFiles) break;
  }
  return list;
}

}  // namespace

Result<console::Authorities> list_authorities(const trust::host::TlsSettings& tls) {
  if (tls.ca_builtin) return of_text(trust::host::builtin_ca_pem(), "compiled in");
  if (tls.ca_file.empty()) return of_folder(tls.ca_path);
  std::ifstream file(tls.ca_file, std::ios::binary);
  std::string text(kMostBytes, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.empty()) return fail(anchor_unreadable, tls.ca_file, "the file of authorities cannot be read");
  return of_text(text, tls.ca_file);
}

}  // namespace meterseal::app
