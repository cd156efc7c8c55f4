#pragma once

// Error codes of the room web (600-639). Rows: docs/errors.md

#include "core/result.hpp"

namespace meterseal::web {

inline constexpr Code listen_failed{600, ErrorClass::refuse, "web_listen_failed",
                                    "choose an address of this machine and a free port in web.listen"};
inline constexpr Code certificate_unusable{601, ErrorClass::refuse, "web_certificate_unusable",
                                           "name a certificate and its key in web.certificate and web.key"};
inline constexpr Code access_damaged{602, ErrorClass::security, "web_access_damaged",
                                     "restore web.access of the state directory, or set the password by the socket"};
inline constexpr Code state_unwritable{603, ErrorClass::retry, "web_state_unwritable",
                                       "check the disk under the state directory"};
inline constexpr Code weak_password{610, ErrorClass::refuse, "web_weak_password",
                                    "take at least 12 characters that nobody can guess"};
inline constexpr Code bad_user_name{611, ErrorClass::refuse, "web_bad_user_name",
                                    "use 1 to 32 letters, digits, '-', '_' and '.'"};
inline constexpr Code access_full{612, ErrorClass::refuse, "web_access_full",
                                  "remove a user or token that is not needed any more"};
inline constexpr Code no_such_user{613, ErrorClass::refuse, "web_no_such_user", "choose one of the list"};
inline constexpr Code last_admin{614, ErrorClass::refuse, "web_last_admin", "make another administrator first"};
inline constexpr Code scan_busy{621, ErrorClass::retry, "web_scan_busy", "wait until it is over, or cancel it"};
inline constexpr Code bad_form{620, ErrorClass::refuse, "web_bad_form", "correct the field and send the form again"};

}  // namespace meterseal::web
