#pragma once

// Replaces a file as a whole: whoever reads it finds the old text or the new one. Nobody who can write into the folder
// can have something else written or given away by it: the new file is made under a name of its own, follows no link,
// and gets its mode and owner before it gets its place. Thread: any; blocks on the disk.

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

namespace meterseal::app {

struct Owner {
  uid_t user = 0;
  gid_t group = 0;
};

/// @return empty, or why it could not be written; the former file is still there then
[[nodiscard]] std::string replace_file(const std::string& path, std::string_view text, mode_t mode,
                                       const std::optional<Owner>& owner = std::nullopt);

}  // namespace meterseal::app
