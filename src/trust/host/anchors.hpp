#pragma once

// The certificates that are trusted by themselves. Of a file only an index is held (16 bytes a certificate), of a
// hashed folder nothing: the one anchor that a chain needs is read when it is needed. The system bundle of 144 roots
// would cost 843 KB of heap decoded; so it costs 0.9 KB.
//
// Bounds: file 4 MiB, 4096 certificates; 16 files of one hash in a folder, 64 KiB each. Thread: one at a time; reads
// files.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "trust/host/file_state.hpp"
#include "trust/host/openssl.hpp"

namespace meterseal::trust::host {

class Anchors {
 public:
  /// @param file    PEM, one or many; empty: none
  /// @param folder  as `openssl rehash` makes it; empty: none
  /// @return trust::ca_unreadable, trust::no_anchor (a file without any)
  [[nodiscard]] static Result<Anchors> open(const std::string& file, const std::string& folder);
  /// Held whole, for the offline verifier. @return trust::ca_unreadable, trust::no_anchor
  [[nodiscard]] static Result<Anchors> parse(std::string_view pem, std::string_view where);

  [[nodiscard]] bool empty() const { return offsets_.empty() && held_.empty() && folder_.empty(); }
  /// All anchors with this subject. A file that has changed since it was indexed yields none: ask is_current() first.
  [[nodiscard]] std::vector<Certificate> with_subject(const X509_NAME* subject) const;
  /// Whether one of them has the organisation that `name` has; looks at the file, not at the folder.
  [[nodiscard]] bool has_organisation_of(const X509_NAME* name) const;
  [[nodiscard]] bool is_current() const;

 private:
  std::string file_;
  FileState file_state_;
  std::vector<std::uint16_t> hashes_;   ///< of the subject of each certificate of the file, cut to 16 bits
  std::vector<std::uint32_t> offsets_;  ///< where it begins
  std::string folder_;
  std::vector<Certificate> held_;
};

}  // namespace meterseal::trust::host
