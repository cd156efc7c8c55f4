#include "app/face/authority_desk.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "app/face/state_file.hpp"
#include "core/host/private_file.hpp"
#include "trust/host/certificate_report.hpp"
#include "trust/pin.hpp"
#include "web/errors.hpp"

namespace meterseal::app {

namespace {

using host::FileState;
using Place = web::AuthoritiesView::Place;

constexpr std::size_t kMostBytes = std::size_t{64} * 1024;

}  // namespace

Result<std::vector<web::AuthorityView>> read_authorities(std::string_view pem) {
  const auto reports = trust::host::read_certificates(pem, "the upload");
  if (!reports) return tl::unexpected(reports.error());
  std::vector<web::AuthorityView> views;
  for (const trust::host::CertificateReport& report : *reports)
    views.push_back({report.subject, std::string(trust::format_sha256(report.certificate).view()), report.not_after});
  return views;
}

void AuthorityDesk::take_up(Log& log) const {
  if (host::read_private_file(file_, kMostBytes).state == FileState::absent) return;
  if (auto used = use(file_); !used) log.error("TLS", used.error());
}

web::AuthoritiesView AuthorityDesk::view() const {
  web::AuthoritiesView view;
  const auto first = std::find_if(brokers_.begin(), brokers_.end(), [](const auto& one) { return one != nullptr; });
  if (first == brokers_.end()) return view;
  const trust::host::TlsSettings& settings = (*first)->settings();
  view.where = settings.ca_file.empty() ? settings.ca_path : settings.ca_file;
  if (!(*first)->takes_authorities()) {
    view.place = Place::declared;
    if (settings.ca_builtin) view.where = "compiled in";
  } else if (settings.ca_file == file_) {
    view.place = Place::uploaded;
    view.where.clear();
    if (auto list = read_authorities(host::read_private_file(file_, kMostBytes).text)) view.list = std::move(*list);
  }
  return view;
}

Result<std::string> AuthorityDesk::lay_out(std::string_view pem) const {
  return write_state_file(trial(), pem).map([&] { return trial(); });
}

void AuthorityDesk::clear_away() const {
  std::error_code ignored;
  std::filesystem::remove(trial(), ignored);
}

Result<void> AuthorityDesk::keep(std::string_view pem) const {
  if (pem.empty()) {
    // First they stop counting, then they go: a power cut between the two leaves the stricter of both.
    auto used = use({});
    std::error_code error;
    std::filesystem::remove(file_, error);
    if (error) return fail(web::state_unwritable, file_, error.message());
    return used;
  }
  if (auto list = read_authorities(pem); !list) return tl::unexpected(list.error());
  if (auto written = write_state_file(file_, pem); !written) return written;
  return use(file_);
}

Result<void> AuthorityDesk::use(const std::string& file) const {
  Result<void> all;
  for (const auto& broker : brokers_) {
    if (broker == nullptr) continue;
    if (auto used = broker->use_authorities(file); !used) all = used;
  }
  return all;
}

}  // namespace meterseal::app
