#pragma once

// A site to be attacked: a private CA with an intermediate, a broker's certificate, the CA in a file, and a device that
// knows the broker in some way. Each test changes what it is about.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "support/temp_directory.hpp"
#include "support/tls_peer.hpp"
#include "support/trust_world.hpp"

namespace meterseal::test {

inline trust::Pin certificate_pin(const Issued& issued) {
  trust::Pin pin{trust::PinKind::certificate_or_key, {}};
  X509_digest(issued.certificate.get(), EVP_sha256(), pin.digest.data(), nullptr);
  return pin;
}

struct TlsSite {
  TempDirectory folder;
  Issued root = issue(root_request());
  Issued intermediate = issue(intermediate_request(root));
  Issued leaf = issue(leaf_request(intermediate));
  ServerSetup server{.identity = leaf, .intermediates = {&intermediate}};
  trust::host::TlsSettings settings;

  TlsSite() {
    write_file(folder.file("ca.pem"), root.pem());
    settings.policy.mode = trust::Mode::ca;
    settings.ca_file = folder.file("ca.pem");
  }
  TlsSite(const TlsSite&) = delete;
  TlsSite& operator=(const TlsSite&) = delete;

  void pin(const Issued& issued) {
    settings.policy = pinned(certificate_pin(issued));
    settings.ca_file.clear();
  }
  void serve(const Request& request) {
    leaf = issue(request);
    server.identity = leaf;
  }

  [[nodiscard]] std::shared_ptr<trust::host::TlsContext> context() const {
    auto made = trust::host::TlsContext::make(settings);
    if (!made) ADD_FAILURE() << made.error().code.name << ": " << made.error().detail.view();
    return made ? *made : nullptr;
  }
};

inline std::unique_ptr<trust::host::TlsClient> connect(trust::host::TlsContext& context,
                                                       std::optional<UtcTime> now = kToday,
                                                       const std::string& host = kHost) {
  auto made = context.connect(host, now);
  if (!made) ADD_FAILURE() << made.error().code.name << ": " << made.error().detail.view();
  return made ? std::move(*made) : nullptr;
}

inline std::string code_of(const trust::host::TlsClient& client) {
  const std::optional<Error>& error = client.error();
  return error ? std::string(error->code.name) : "no error";
}
inline std::string detail_of(const trust::host::TlsClient& client) {
  const std::optional<Error>& error = client.error();
  return error ? std::string(error->detail.view()) : "no error";
}

}  // namespace meterseal::test
