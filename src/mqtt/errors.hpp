#pragma once

// Error codes of the room mqtt. 300-349 connection and protocol, 350-399 topics and payloads. Rows: docs/errors.md

#include "core/result.hpp"

namespace meterseal::mqtt {

// 300-309: reaching the broker
inline constexpr Code lookup_timeout{300, ErrorClass::retry, "mqtt_lookup_timeout",
                                     "check that the name server answers, or use the IP address of the broker"};
inline constexpr Code host_unknown{301, ErrorClass::retry, "mqtt_host_unknown",
                                   "check the spelling of the broker's name and the name server"};
inline constexpr Code connect_timeout{
    302, ErrorClass::retry, "mqtt_connect_timeout",
    "check that the broker is on and that no firewall drops outbound connections to its port"};
inline constexpr Code connection_refused{303, ErrorClass::retry, "mqtt_connection_refused",
                                         "check the port and that the broker runs and listens on this address"};
inline constexpr Code connect_failed{304, ErrorClass::retry, "mqtt_connect_failed",
                                     "check the network of this machine and the way to the broker"};
inline constexpr Code handshake_timeout{
    305, ErrorClass::retry, "mqtt_handshake_timeout",
    "check that this port of the broker speaks TLS, and that nothing between swallows large packets"};
inline constexpr Code connack_timeout{306, ErrorClass::retry, "mqtt_connack_timeout",
                                      "check that this port of the broker speaks MQTT, and its load"};
inline constexpr Code connection_lost{
    307, ErrorClass::retry, "mqtt_connection_lost",
    "nothing, it is tried again; if it comes often, see the broker's log and whether two devices share one client_id"};
inline constexpr Code closed_before_connack{
    308, ErrorClass::retry, "mqtt_closed_before_connack",
    "see the broker's log: it closed instead of answering; check version, client_id and that this port speaks MQTT"};

inline constexpr Code fingerprint_learned{309, ErrorClass::retry, "mqtt_fingerprint_learned",
                                          "compare it with the broker's own certificate, then confirm it"};

// 310-319: a connection that has gone silent or full
inline constexpr Code keep_alive_timeout{310, ErrorClass::retry, "mqtt_keep_alive_timeout",
                                         "check the network between here and the broker, and the broker's load"};
inline constexpr Code ack_timeout{311, ErrorClass::retry, "mqtt_ack_timeout",
                                  "check the broker's load and storage: it answers, but confirms nothing"};
inline constexpr Code output_full{312, ErrorClass::retry, "mqtt_output_full",
                                  "check the network and the broker: it takes no more bytes"};
inline constexpr Code not_connected{313, ErrorClass::retry, "mqtt_not_connected",
                                    "offer the message again once the broker is connected"};
inline constexpr Code window_full{314, ErrorClass::retry, "mqtt_window_full",
                                  "offer the message again after the next acknowledgement"};

// 320-339: what the broker answered
inline constexpr Code bad_credentials{320, ErrorClass::refuse, "mqtt_bad_credentials",
                                      "check mqtt.user and the password file against the broker's users"};
inline constexpr Code not_authorized{
    321, ErrorClass::refuse, "mqtt_not_authorized",
    "allow this user and client_id on the broker, or set the user and its password; where "
    "the broker does not tell the two apart, the password may be wrong"};
inline constexpr Code client_id_refused{322, ErrorClass::refuse, "mqtt_client_id_refused",
                                        "set another mqtt.client_id"};
inline constexpr Code version_refused{323, ErrorClass::refuse, "mqtt_version_refused",
                                      "set mqtt.version to one that the broker speaks"};
inline constexpr Code broker_unavailable{324, ErrorClass::retry, "mqtt_broker_unavailable",
                                         "nothing, it is tried again; see the broker's log for the reason"};
inline constexpr Code refused_by_broker{325, ErrorClass::refuse, "mqtt_refused_by_broker",
                                        "see the reason given and the broker's log"};
inline constexpr Code disconnected_by_broker{326, ErrorClass::retry, "mqtt_disconnected_by_broker",
                                             "see the reason given and the broker's log"};
inline constexpr Code session_taken_over{327, ErrorClass::refuse, "mqtt_session_taken_over",
                                         "give each device its own mqtt.client_id"};
inline constexpr Code qos_unavailable{328, ErrorClass::refuse, "mqtt_qos_unavailable",
                                      "use a broker that confirms messages (QoS 1)"};
inline constexpr Code publish_rejected{330, ErrorClass::refuse, "mqtt_publish_rejected",
                                       "allow this user to publish on the topic named"};
inline constexpr Code subscription_refused{331, ErrorClass::refuse, "mqtt_subscription_refused",
                                           "allow this user to subscribe to the filter named"};

// 340-349: a broker that breaks the protocol
inline constexpr Code malformed_packet{340, ErrorClass::refuse, "mqtt_malformed_packet",
                                       "check that this port of the broker speaks MQTT, and the broker's version"};
inline constexpr Code protocol_error{341, ErrorClass::refuse, "mqtt_protocol_error",
                                     "check that this port of the broker speaks MQTT, and the broker's version"};
inline constexpr Code packet_too_large{
    342, ErrorClass::refuse, "mqtt_packet_too_large",
    "keep messages within 256 KiB and the broker's limit; find out who sends larger ones to this device"};

// 350-399: topics and payloads
inline constexpr Code topic_invalid{350, ErrorClass::refuse, "mqtt_topic_invalid",
                                    "use letters, digits, '-', '_' and single '/' between the levels"};
inline constexpr Code full_topic_invalid{351, ErrorClass::refuse, "mqtt_full_topic_invalid",
                                         "use the form %prefix%/%topic%/ with levels of your own where wanted"};
inline constexpr Code payload_too_large{352, ErrorClass::refuse, "mqtt_payload_too_large",
                                        "read fewer registers (read = \"telemetry\") or use a second device topic"};

}  // namespace meterseal::mqtt
