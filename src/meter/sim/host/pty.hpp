#pragma once

// A pseudo-terminal pair in raw mode, and a symbolic link by which other programs find its slave. The slave stays open
// here, so that the terminal outlives a reader that comes and goes.
//
// Ownership: closes both ends, removes the link if it is still its own. Thread: any, one at a time.
// Errors: meter::sim_line_failed.

#include <string>

#include "core/result.hpp"

namespace meterseal::meter::sim::host {

class Pty {
 public:
  /// @param link  replaced when it is a symbolic link already (a killed run leaves one); anything else is refused
  [[nodiscard]] static Result<Pty> open(std::string link);

  Pty(Pty&& other) noexcept;
  Pty& operator=(Pty&& other) noexcept;
  Pty(const Pty&) = delete;
  Pty& operator=(const Pty&) = delete;
  ~Pty();

  [[nodiscard]] int master() const { return master_; }
  /// Gives the master away; the caller closes it.
  [[nodiscard]] int release_master();
  [[nodiscard]] const std::string& slave_path() const { return slave_path_; }
  [[nodiscard]] const std::string& path() const { return link_.empty() ? slave_path_ : link_; }

 private:
  Pty() = default;
  void close();

  int master_ = -1;
  int slave_ = -1;
  std::string slave_path_;
  std::string link_;
};

}  // namespace meterseal::meter::sim::host
