#pragma once

// Error codes of trust/host: 250-279. What happened before or beside the verdict; why a peer was refused:
// trust/errors.hpp. Rows: docs/errors.md

#include "core/result.hpp"

namespace meterseal::trust::host {

// 250-264: the handshake and the connection
inline constexpr Code peer_not_tls{250, ErrorClass::security, "trust_peer_not_tls",
                                   "name the broker's TLS port (usually 8883), or switch TLS on at this port of it"};
inline constexpr Code tls_failed{251, ErrorClass::retry, "trust_tls_failed",
                                 "look into the broker's log at this time: it says why it ended TLS"};
inline constexpr Code tls_closed{252, ErrorClass::retry, "trust_tls_closed",
                                 "look into the broker's log at this time if it happens again and again"};
inline constexpr Code tls_version{253, ErrorClass::security, "trust_tls_version",
                                  "let the broker speak TLS 1.2 or 1.3 (mosquitto: tls_version tlsv1.2)"};
inline constexpr Code no_common_suite{254, ErrorClass::security, "trust_no_common_suite",
                                      "let the broker offer an ECDHE suite with AES-GCM or ChaCha20-Poly1305"};
inline constexpr Code key_not_proved{255, ErrorClass::security, "trust_key_not_proved",
                                     "give the broker the key that belongs to its certificate; if it has it, somebody "
                                     "else shows a copy of the certificate"};
inline constexpr Code client_certificate_refused{256, ErrorClass::security, "trust_client_certificate_refused",
                                                 "give this device a certificate that the broker's CA has issued, as "
                                                 "mqtt.tls.client_cert and client_key, and look into the broker's log"};
inline constexpr Code no_alpn{257, ErrorClass::refuse, "trust_no_alpn",
                              "leave mqtt.tls.alpn out, or use the protocol name that the broker's documents give"};
inline constexpr Code out_of_memory{258, ErrorClass::retry, "trust_out_of_memory",
                                    "free memory on this machine or raise the limit of the service"};
inline constexpr Code not_trusted{259, ErrorClass::bug, "trust_not_trusted",
                                  "report this: data was about to be written to a peer that is not trusted"};
inline constexpr Code host_unusable{260, ErrorClass::refuse, "trust_host_unusable",
                                    "write the host as a DNS name in ASCII (xn-- for other letters) or as an address"};
inline constexpr Code tls_malformed{261, ErrorClass::security, "trust_tls_malformed",
                                    "look for a device between here and the broker that changes the traffic"};

// 265-279: what is read from files
inline constexpr Code ca_unreadable{265, ErrorClass::refuse, "trust_ca_unreadable",
                                    "name a readable PEM file as mqtt.tls.ca_file, or a hashed folder as ca_path"};
inline constexpr Code no_anchor{266, ErrorClass::refuse, "trust_no_anchor",
                                "name the CA of the broker as mqtt.tls.ca_file, or a hashed folder as ca_path"};
inline constexpr Code crl_unreadable{267, ErrorClass::refuse, "trust_crl_unreadable",
                                     "name a readable file of CRLs in PEM as mqtt.tls.crl_file"};
inline constexpr Code client_certificate_unreadable{268, ErrorClass::refuse, "trust_client_certificate_unreadable",
                                                    "name a PEM file with the device's certificate first, then its "
                                                    "intermediates"};
inline constexpr Code client_key_unreadable{269, ErrorClass::refuse, "trust_client_key_unreadable",
                                            "name a PEM file with the private key, without a passphrase"};
inline constexpr Code client_key_exposed{270, ErrorClass::refuse, "trust_client_key_exposed",
                                         "chmod 600 the key file, and make a new key if others may have read it"};
inline constexpr Code client_key_mismatch{271, ErrorClass::refuse, "trust_client_key_mismatch",
                                          "name the key that the client certificate was made for"};
inline constexpr Code token_unusable{272, ErrorClass::refuse, "trust_token_unusable",
                                     "check the PKCS#11 module, the token's label and the PIN"};
inline constexpr Code tls_setup_failed{273, ErrorClass::bug, "trust_tls_setup_failed",
                                       "report this with the version of OpenSSL"};

}  // namespace meterseal::trust::host
