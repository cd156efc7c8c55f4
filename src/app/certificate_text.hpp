#pragma once

// How the toolbox shows a certificate: as lines that begin like those of the openssl command, and as JSON.
// Thread: any (pure).

#include <functional>
#include <optional>
#include <string>

#include "core/json_writer.hpp"
#include "trust/host/certificate_report.hpp"
#include "trust/host/probe.hpp"

namespace meterseal::app {

/// Whole days from `now` to the end of validity, negative after it; nullopt: the certificate has no readable end.
[[nodiscard]] std::optional<std::int64_t> days_left(const trust::host::CertificateReport& certificate, UtcTime now);

/// The first three lines are, byte for byte, those of `openssl x509 -noout -fingerprint -sha256` and `-dates`; then
/// key pin, Tasmota's digest, subject, names, issuer and the days that are left.
[[nodiscard]] std::string certificate_lines(const trust::host::CertificateReport& certificate, UtcTime now);

/// "9E 73 95 ...": as MqttFingerprint1 of Tasmota shows and takes it.
[[nodiscard]] std::string format_tasmota_key(const trust::Sha1& digest);

void add_certificate(JsonWriter& json, const trust::host::CertificateReport& certificate, UtcTime now);
/// Keys of one object: version, suite, proved_key, ..., certificate (the leaf) and chain (the others, as sent).
void add_probe(JsonWriter& json, const trust::host::ProbeReport& report, UtcTime now);
/// "2026-08-23T13:05:00Z", or null.
void add_utc(JsonWriter& json, const std::optional<UtcTime>& time);

/// What `fill` writes, in as much memory as it needs. @return with a line end
[[nodiscard]] std::string json_line(const std::function<void(JsonWriter&)>& fill);

}  // namespace meterseal::app
