#pragma once

// The CRLs of a file. Only those that are current, of version 2 with a number, and signed with a digest that holds are
// ever shown to the verifier: a CRL that could be replaced by an older one proves nothing.
// Bounds: file 32 MiB, 256 CRLs; held decoded. Thread: one at a time; reads a file.

#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"
#include "trust/host/file_state.hpp"
#include "trust/host/openssl.hpp"

namespace meterseal::trust::host {

class CrlList {
 public:
  /// @param file  PEM, one or many, or one in DER; empty: no revocation is checked @return trust::crl_unreadable
  [[nodiscard]] static Result<CrlList> open(const std::string& file);
  [[nodiscard]] static Result<CrlList> parse(std::string_view text, std::string_view where);

  /// False: no file was given, and no revocation is checked. True with nothing usable: every certificate is refused.
  [[nodiscard]] bool is_demanded() const { return checks_; }
  /// Borrowed from this list. @param now  nullopt: dates are not looked at
  [[nodiscard]] CrlStack usable_at(std::optional<UtcTime> now) const;
  [[nodiscard]] bool is_current() const;

 private:
  void keep(RevocationList list);

  bool checks_ = false;
  std::string file_;
  FileState file_state_;
  std::vector<RevocationList> lists_;  ///< the well-made ones
};

}  // namespace meterseal::trust::host
