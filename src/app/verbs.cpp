#include "app/verbs.hpp"

#include <cstdio>
#include <cstdlib>

#include "app/log.hpp"
#include "trust/host/builtin_ca.hpp"
#include "trust/pin.hpp"

namespace meterseal::app {

std::string state_directory(const std::string& given) {
  if (!given.empty()) return given;
  const char* service = std::getenv("STATE_DIRECTORY");
  if (service == nullptr || *service == '\0') return "/var/lib/meterseal";
  const std::string list(service);
  return list.substr(0, list.find(':'));
}

void print_error(const Error& error) {
  const auto print = [](const std::string& text) {
    std::fprintf(stderr, "%s\n", format_log_line(LogStyle::terminal, LogLevel::info, "meterseal", text).c_str());
  };
  std::string text(error.where.view());
  if (!text.empty() && !error.detail.empty()) text += ": ";
  text.append(error.detail.view()).append(" (").append(error.code.name).append(")");
  print("error: " + text);
  print("hint: " + std::string(error.remedy()));
}

std::string version_text() {
  std::string text = "meterseal " METERSEAL_VERSION "\n" METERSEAL_BUILT_FROM;
  const auto chain = trust::host::builtin_ca_report();
  if (!chain) return text + "\nCA chain compiled in: " + std::string(chain.error().detail.view());
  for (const trust::host::CertificateReport& certificate : *chain) {
    text += "\nCA certificate compiled in: " + certificate.subject + "\n  sha256 Fingerprint=";
    text.append(trust::format_sha256(certificate.certificate).view())
        .append("\n  notAfter=")
        .append(certificate.not_after);
  }
  return text;
}

}  // namespace meterseal::app
