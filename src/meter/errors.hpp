#pragma once

// Error codes of the meter room (docs/errors.md). Numbers are never given to another meaning.

#include "core/result.hpp"

namespace meterseal::meter {

// 100-124: profiles, poll plan, decoding, simulated meters
inline constexpr Code csv_malformed{100, ErrorClass::refuse, "meter_csv_malformed",
                                    "mend the quoting or the columns of this line (docs/formats/profiles.md)"};
inline constexpr Code profile_row_invalid{101, ErrorClass::refuse, "meter_profile_row_invalid",
                                          "mend this row of the profile (docs/formats/profiles.md)"};
inline constexpr Code profile_model_unknown{102, ErrorClass::refuse, "meter_profile_model_unknown",
                                            "give the model a row in a models file (docs/formats/profiles.md)"};
inline constexpr Code profile_duplicate{103, ErrorClass::refuse, "meter_profile_duplicate",
                                        "give the model or alias a name of its own"};
inline constexpr Code profile_too_large{104, ErrorClass::refuse, "meter_profile_too_large",
                                        "split the profile or leave out registers that are not polled"};
inline constexpr Code profile_not_found{105, ErrorClass::refuse, "meter_profile_not_found",
                                        "name one of the known models, or add a profile for this meter"};
inline constexpr Code plan_impossible{106, ErrorClass::refuse, "meter_plan_impossible",
                                      "raise max_words of the model or leave out this register"};
inline constexpr Code block_length_wrong{107, ErrorClass::bug, "meter_block_length_wrong", "report this as a bug"};
inline constexpr Code word_order_swapped{108, ErrorClass::refuse, "meter_word_order_swapped",
                                         "set the register order of the meter back to high word first"};
inline constexpr Code sim_options_invalid{109, ErrorClass::refuse, "meter_sim_options_invalid",
                                          "mend the options of the simulated line"};
inline constexpr Code sim_line_failed{110, ErrorClass::retry, "meter_sim_line_failed",
                                      "check that the port or the path of the link is free and writable"};

// 125-149: the bus

inline constexpr Code bus_plan_invalid{125, ErrorClass::refuse, "meter_bus_plan_invalid",
                                       "correct the meters of this bus in the configuration"};
inline constexpr Code no_answer{126, ErrorClass::retry, "meter_no_answer",
                                "check power, address, baud rate and parity of the meter, and A and B of the cable"};
inline constexpr Code request_refused{127, ErrorClass::refuse, "meter_request_refused",
                                      "check that the profile is the one of this meter's model and edition"};
inline constexpr Code port_missing{128, ErrorClass::retry, "meter_port_missing",
                                   "plug the adapter in and check the path with ls -l /dev/serial/by-id"};
inline constexpr Code port_denied{129, ErrorClass::retry, "meter_port_denied",
                                  "add the user of the service to the group that owns the device, usually dialout; "
                                  "a kind of port that the unit does not name needs its DeviceAllow"};
inline constexpr Code port_busy{130, ErrorClass::retry, "meter_port_busy",
                                "stop the other program that uses this device, or give each its own adapter"};
inline constexpr Code port_unusable{131, ErrorClass::refuse, "meter_port_unusable",
                                    "name a serial device, as in /dev/serial/by-id"};
inline constexpr Code baud_unsupported{132, ErrorClass::refuse, "meter_baud_unsupported",
                                       "use a baud rate that both the adapter and the meter support, usually 9600"};
inline constexpr Code port_lost{133, ErrorClass::retry, "meter_port_lost",
                                "check the plug of the adapter, or the network of the gateway"};
inline constexpr Code host_unknown{134, ErrorClass::retry, "meter_host_unknown",
                                   "check the name of the gateway and the name server, or use its IP address"};
inline constexpr Code connect_failed{135, ErrorClass::retry, "meter_connect_failed",
                                     "check that the gateway is on, its port, and that it has a free connection"};

}  // namespace meterseal::meter
