#pragma once

// Error codes of the room trust: 200-249 here, 250-299 in host/errors.hpp. One code per Reason, in its order, so that
// every refusal has a number, a name and a remedy. Rows: docs/errors.md

#include "core/result.hpp"
#include "trust/verdict.hpp"  // before the codes: g++ 12 takes enumerators of the same names for shadowing else

namespace meterseal::trust {

// 200-229: why a peer was refused
inline constexpr Code certificate_malformed{200, ErrorClass::security, "trust_certificate_malformed",
                                            "give the broker a well-formed certificate; if it has one, somebody "
                                            "else answers in its place"};
inline constexpr Code chain_too_large{201, ErrorClass::security, "trust_chain_too_large",
                                      "let the broker send its certificate and the intermediates, nothing else"};
inline constexpr Code weak_key{202, ErrorClass::security, "trust_weak_key",
                               "give the broker a key of RSA 2048 bits, EC P-256 or more"};
inline constexpr Code weak_signature{203, ErrorClass::security, "trust_weak_signature",
                                     "have the broker's certificate signed with SHA-256 or better"};
inline constexpr Code pin_mismatch{204, ErrorClass::security, "trust_pin_mismatch",
                                   "compare the served fingerprint with the broker's own certificate, and only if it "
                                   "is the same set it with MqttFingerprint1"};
inline constexpr Code no_pin_set{205, ErrorClass::security, "trust_no_pin_set",
                                 "set the broker's fingerprint with MqttFingerprint1, or learn it with SetOption132 1"};
inline constexpr Code unconfirmed{206, ErrorClass::security, "trust_unconfirmed",
                                  "compare the learned fingerprint with the broker's own certificate and confirm it "
                                  "with TlsConfirm"};
inline constexpr Code learn_conflict{207, ErrorClass::security, "trust_learn_conflict",
                                     "find out which fingerprint is the broker's and set that one with "
                                     "MqttFingerprint1"};
inline constexpr Code expired{208, ErrorClass::security, "trust_expired", "renew the broker's certificate"};
inline constexpr Code not_yet_valid{209, ErrorClass::security, "trust_not_yet_valid",
                                    "check this device's clock and the start of the broker's certificate"};
inline constexpr Code self_signed{210, ErrorClass::security, "trust_self_signed",
                                  "compare the served fingerprint with the broker's own certificate first; only if it "
                                  "is the same: TlsMode fingerprint with it, or upload that certificate on the page "
                                  "under Authorities (mqtt.tls.ca_file)"};
inline constexpr Code unknown_issuer{211, ErrorClass::security, "trust_unknown_issuer",
                                     "upload the CA that signed the broker's certificate on the page under "
                                     "Authorities, or name it as mqtt.tls.ca_file"};
inline constexpr Code missing_intermediate{
    212, ErrorClass::security, "trust_missing_intermediate",
    "let the broker send its whole chain (mosquitto: certfile = fullchain.pem), or name "
    "its CA under Authorities on the page, or as mqtt.tls.ca_file, if that is a new one"};
inline constexpr Code bad_chain{213, ErrorClass::security, "trust_bad_chain",
                                "mend the broker's chain of certificates: `meterseal tls check` shows each of them"};
inline constexpr Code revoked{214, ErrorClass::security, "trust_revoked",
                              "give the broker a new key and certificate: its CA has withdrawn this one"};
inline constexpr Code crl_missing{215, ErrorClass::security, "trust_crl_missing",
                                  "put a current CRL of the broker's CA into mqtt.tls.crl_file"};
inline constexpr Code wrong_purpose{216, ErrorClass::security, "trust_wrong_purpose",
                                    "have the broker's certificate issued for TLS server authentication"};
inline constexpr Code name_mismatch{217, ErrorClass::security, "trust_name_mismatch",
                                    "set as broker (MqttHost, mqtt.hosts) a name that the certificate holds as "
                                    "subjectAltName, or have the configured name added to it"};
inline constexpr Code staple_missing{218, ErrorClass::security, "trust_staple_missing",
                                     "switch OCSP stapling on at the broker: its certificate demands it"};
inline constexpr Code staple_bad{219, ErrorClass::security, "trust_staple_bad",
                                 "let the broker staple a current OCSP answer for its own certificate, or none"};

inline constexpr Code clock_unknown{230, ErrorClass::retry, "trust_clock_unknown",
                                    "let this machine reach a time server, or set [device] clock = \"trusted\""};

// 240-249: pins, learning, lineage
inline constexpr Code pin_malformed{240, ErrorClass::refuse, "trust_pin_malformed",
                                    "give the 32 bytes that `meterseal tls fingerprint HOST` shows"};
inline constexpr Code lineage_damaged{241, ErrorClass::refuse, "trust_lineage_damaged",
                                      "declared pins still hold; what was learned or followed must be confirmed again"};
inline constexpr Code nothing_learned{242, ErrorClass::refuse, "trust_nothing_learned",
                                      "switch learning on with SetOption132 1 and let the device connect once"};
inline constexpr Code confirm_mismatch{243, ErrorClass::refuse, "trust_confirm_mismatch",
                                       "compare again: confirm only the fingerprint of the broker's own certificate"};
inline constexpr Code learn_conflict_open{244, ErrorClass::refuse, "trust_learn_conflict_open",
                                          "find out which fingerprint is the broker's and set that one with "
                                          "MqttFingerprint1"};

// 280-289: the toolbox (host/certificate_report.hpp, host/probe.hpp)
inline constexpr Code certificate_unreadable{280, ErrorClass::refuse, "trust_certificate_unreadable",
                                             "give a file with one certificate, in PEM or DER"};
inline constexpr Code probe_failed{281, ErrorClass::retry, "trust_probe_failed",
                                   "free memory on this machine and try again"};

// 285-289: the certificate of this device's own page (host/tls_server.hpp)
inline constexpr Code own_certificate_failed{285, ErrorClass::bug, "trust_own_certificate_failed",
                                             "check that OpenSSL is installed as packaged"};
inline constexpr Code own_certificate_unusable{286, ErrorClass::refuse, "trust_own_certificate_unusable",
                                               "give a certificate in PEM and the key that belongs to it, without a "
                                               "pass phrase"};

}  // namespace meterseal::trust
