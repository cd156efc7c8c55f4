#include "app/broker_setup.hpp"

namespace meterseal::app {

trust::host::TlsSettings tls_settings(const TlsConfig& config, const trust::Lineage& lineage) {
  trust::host::TlsSettings settings;
  settings.policy = config.policy;
  settings.lineage = lineage;
  settings.ca_builtin = config.ca_builtin;
  settings.ca_file = config.ca_file.path;
  settings.ca_path = config.ca_path.path;
  settings.crl_file = config.crl_file.path;
  settings.client_cert = config.identity.certificate.path;
  settings.client_key = config.identity.key.path;
  settings.pkcs11 = config.identity.pkcs11_uri.path;
  settings.pkcs11_module = config.identity.pkcs11_module.path;
  settings.pkcs11_pin_file = config.identity.pkcs11_pin.path;
  settings.alpn = config.alpn;
  return settings;
}

Result<std::shared_ptr<trust::host::TlsContext>> make_context(const trust::host::TlsSettings& settings) {
  auto context = trust::host::TlsContext::make(settings);
  if (context || looks_at_authorities(settings.policy)) return context;
  trust::host::TlsSettings without = settings;
  without.ca_file.clear();
  without.ca_path.clear();
  return trust::host::TlsContext::make(without);
}

Result<mqtt::host::Broker> broker_of(const BrokerConfig& config, const trust::Lineage& lineage) {
  mqtt::host::Broker broker;
  broker.host = config.address.host;
  broker.port = config.address.port;
  if (config.tls.policy.mode == trust::Mode::off) return broker;
  auto context = make_context(tls_settings(config.tls, lineage));
  if (!context) return tl::unexpected(context.error());
  broker.tls = std::move(*context);
  return broker;
}

}  // namespace meterseal::app
