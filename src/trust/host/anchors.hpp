#pragma once

// The certificates that are trusted by themselves. Of a file only an index is held (16 bytes a certificate), of a
// hashed folder nothing: the one anchor that a chain needs is read when it is needed. The system bundle of 144 roots
// would cost 843 KB of heap decoded; so it costs 2.3 KB.
//
// Bounds: file 4 MiB, 4096 certificates; 16 files of one hash in a folder. Thread: one at a time; reads files.

#include <optional>
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

  [[nodiscard]] bool empty() const { return index_.empty() && held_.empty() && folder_.empty(); }
  /// All anchors with this subject. A file that has changed since it was indexed yields none: ask is_current() first.
  [[nodiscard]] std::vector<Certificate> with_subject(const X509_NAME* subject) const;
  /// Whether one of them has the organisation that `name` has; looks at the file, not at the folder.
  [[nodiscard]] bool has_organisation_of(const X509_NAME* name) const;
  [[nodiscard]] bool is_current() const;

 private:
  struct Entry {
    unsigned long subject_hash;
    long offset;
  };

  std::string file_;
  FileState file_state_;
  std::vector<Entry> index_;
  std::string folder_;
  std::vector<Certificate> held_;
};

}  // namespace meterseal::trust::host
