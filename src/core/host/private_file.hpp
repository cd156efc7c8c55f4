#pragma once

// Small files of the state directory that nobody but the service's user may read: keys, password hashes, marks.
// Written whole or not at all: a temporary file beside, fsync, rename, fsync of the folder.
// Thread: any; blocks on the disk.

#include <string>
#include <string_view>

namespace meterseal::host {

enum class FileState {
  read,
  absent,
  unusable  ///< not readable, too large, not a regular file, of another user, or others may read or write it
};

struct PrivateFile {
  FileState state = FileState::absent;
  std::string text;
  std::string fault;  ///< why it is unusable
};

[[nodiscard]] PrivateFile read_private_file(const std::string& path, std::size_t most);
/// Mode 0600. @return empty, or why it could not be written; the former content is still there then
[[nodiscard]] std::string write_private_file(const std::string& path, std::string_view text);

}  // namespace meterseal::host
