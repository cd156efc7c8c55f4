#pragma once

// What was set by command, laid over the configuration file: a key that the file declares stays as declared. Only the
// file that the set-up of the page made is the device's own, and what was set later wins over it.
//
// Nothing here can keep the device from starting: a user waits until there is a password, and a password for its user.
// Thread: values, any.

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "app/config/config_tree.hpp"
#include "console/setting.hpp"

namespace meterseal::app {

/// Who wrote the configuration file.
enum class FileOwner : std::uint8_t {
  person,
  device
};

struct Overlay {
  FileOwner owner = FileOwner::person;
  std::map<console::Setting, std::string> values;  ///< without the password; empty: set to nothing
  std::string password_file;                       ///< in the state directory; empty: none was set
  bool has_credential = false;                     ///< systemd brings the password
};

/// "mqtt.keep_alive"; empty: it stands in no file.
[[nodiscard]] std::string_view key_of(console::Setting setting);

/// Changes the tree of the file. @return what the file declares for good
[[nodiscard]] std::set<console::Setting> lay_over(Node& root, const Overlay& overlay);

}  // namespace meterseal::app
