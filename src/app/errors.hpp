#pragma once

// Error codes of the room app (950-999). Rows: docs/errors.md

#include "core/result.hpp"

namespace meterseal::app {

// 950-969: the configuration file and the files that it names
inline constexpr Code config_unreadable{950, ErrorClass::refuse, "app_config_unreadable",
                                        "check the path and the permissions, or name another file with --config"};
inline constexpr Code config_syntax{951, ErrorClass::refuse, "app_config_syntax",
                                    "correct the TOML at this line (https://toml.io)"};
inline constexpr Code config_unknown_key{952, ErrorClass::refuse, "app_config_unknown_key",
                                         "correct or remove the key; docs/configuration.md lists all of them"};
inline constexpr Code config_wrong_type{953, ErrorClass::refuse, "app_config_wrong_type",
                                        "write the value as docs/configuration.md shows it"};
inline constexpr Code config_bad_value{954, ErrorClass::refuse, "app_config_bad_value",
                                       "give a value that docs/configuration.md allows"};
inline constexpr Code config_missing_key{955, ErrorClass::refuse, "app_config_missing_key",
                                         "add the key; packaging/meterseal.toml.example shows it in its place"};
inline constexpr Code config_conflict{956, ErrorClass::refuse, "app_config_conflict",
                                      "change or remove one of the two"};
inline constexpr Code password_unreadable{958, ErrorClass::refuse, "app_password_unreadable",
                                          "name a file with the password in its first line in mqtt.password_file"};
inline constexpr Code password_exposed{959, ErrorClass::refuse, "app_password_exposed",
                                       "chmod 600 the file and let the service's user or root own it"};
inline constexpr Code anchor_unreadable{960, ErrorClass::refuse, "app_anchor_unreadable",
                                        "install ca-certificates or name your CA with mqtt.tls.ca_file"};
inline constexpr Code identity_unreadable{
    961, ErrorClass::refuse, "app_identity_unreadable",
    "name a readable file; keys and PINs belong to the service alone (chmod 600)"};
inline constexpr Code profile_unreadable{965, ErrorClass::refuse, "app_profile_unreadable",
                                         "make the folder profiles/ beside the configuration file readable"};

// 970-979: command line
inline constexpr Code bad_log_level{970, ErrorClass::refuse, "app_bad_log_level", "use error, warning, info or debug"};
inline constexpr Code bad_argument{971, ErrorClass::refuse, "app_bad_argument", "see the verb's --help for the form"};

// 980-989: what the TLS toolbox found on the way to a server
inline constexpr Code server_unknown{980, ErrorClass::retry, "app_server_unknown",
                                     "check the spelling of the name and the name server, or use the IP address"};
inline constexpr Code server_refuses{981, ErrorClass::retry, "app_server_refuses",
                                     "check the port and that the broker runs and listens on this address"};
inline constexpr Code server_filtered{982, ErrorClass::retry, "app_server_filtered",
                                      "let firewalls on the way pass this port, and check that the host is on"};
inline constexpr Code server_no_route{983, ErrorClass::retry, "app_server_no_route",
                                      "check this machine's network and default route, and the address"};
inline constexpr Code server_unreachable{984, ErrorClass::retry, "app_server_unreachable",
                                         "check this machine's network and its own firewall"};
inline constexpr Code server_silent{985, ErrorClass::retry, "app_server_silent",
                                    "check that this port speaks TLS and that nothing between swallows large packets"};
inline constexpr Code server_not_tls{986, ErrorClass::security, "app_server_not_tls",
                                     "use the TLS port of the broker, commonly 8883, or switch TLS on at this one"};
inline constexpr Code server_handshake_failed{987, ErrorClass::retry, "app_server_handshake_failed",
                                              "see the broker's log; `meterseal tls check` tries older versions"};
inline constexpr Code watch_memory_unusable{988, ErrorClass::refuse, "app_watch_memory_unusable",
                                            "give --memory a file that this user may write, made by this program"};
inline constexpr Code confirmation_unusable{989, ErrorClass::refuse, "app_confirmation_unusable",
                                            "run it as root or as the user of the service, with the service's --state"};

inline constexpr Code trust_setting_damaged{966, ErrorClass::refuse, "app_trust_setting_damaged",
                                            "set the broker's fingerprint and mode again by command or on the page"};

inline constexpr Code backup_unusable{967, ErrorClass::refuse, "app_backup_unusable",
                                      "choose another backup, or set this device up by hand"};

}  // namespace meterseal::app
