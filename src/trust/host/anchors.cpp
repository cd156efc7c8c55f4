#include "trust/host/anchors.hpp"

#include <fcntl.h>
#include <openssl/pem.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>

#include "trust/host/errors.hpp"

namespace meterseal::trust::host {

namespace {

constexpr std::int64_t kMaxFile = std::int64_t{4} * 1024 * 1024;
constexpr std::size_t kMaxAnchors = 4096;
constexpr int kMaxOfOneHash = 16;
constexpr std::int64_t kMaxOfFolder = std::int64_t{64} * 1024;

int no_passphrase(char*, int, int, void*) {
  return 0;
}

Certificate next_certificate(BIO* pem) {
  return Certificate(PEM_read_bio_X509(pem, nullptr, no_passphrase, nullptr));
}

/// PEM ends where no further BEGIN line is found; anything else is damage.
bool ended_well() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

/// Memory is held as shortly as it can be: decoding a key takes 27 KB by itself, in the middle of a handshake.
std::string read_part(const std::string& path, std::int64_t offset, std::size_t size) {
  std::string text(size, '\0');
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  const ssize_t n = file < 0 ? -1 : ::pread(file, text.data(), size, offset);
  if (file >= 0) ::close(file);
  text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return text;
}

Certificate decoded(std::string pem) {
  unsigned char* der = nullptr;
  long size = 0;
  {
    const Bio in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    if (!in || PEM_bytes_read_bio(&der, &size, nullptr, PEM_STRING_X509, in.get(), no_passphrase, nullptr) != 1)
      return {};
  }
  pem = {};
  const unsigned char* at = der;
  Certificate certificate(d2i_X509(nullptr, &at, size));
  OPENSSL_free(der);
  return certificate;
}

std::uint32_t hash_of(const X509_NAME* name) {
  int ok = 0;
  const unsigned long hash = X509_NAME_hash_ex(name, nullptr, nullptr, &ok);
  if (ok != 1) throw std::bad_alloc();
  return static_cast<std::uint32_t>(hash);
}

void keep_if_subject(std::vector<Certificate>& found, Certificate candidate, const X509_NAME* subject) {
  if (candidate && X509_NAME_cmp(X509_get_subject_name(candidate.get()), subject) == 0) {
    found.push_back(std::move(candidate));
  }
}

std::string_view organisation_of(const X509_NAME* name) {
  const int at = X509_NAME_get_index_by_NID(name, NID_organizationName, -1);
  if (at < 0) return {};
  const ASN1_STRING* value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
          static_cast<std::size_t>(ASN1_STRING_length(value))};
}

/// @source openssl-rehash(1)
std::string hashed_name(std::uint32_t hash, int number) {
  std::array<char, 32> name{};
  std::snprintf(name.data(), name.size(), "/%08x.%d", hash, number);
  return name.data();
}

std::string damaged(std::size_t number) {
  return "certificate " + std::to_string(number) + " of the file cannot be read";
}

}  // namespace

Result<Anchors> Anchors::open(const std::string& file, const std::string& folder) {
  Anchors anchors;
  if (!folder.empty()) {
    struct stat status{};
    if (::stat(folder.c_str(), &status) != 0) return fail(ca_unreadable, folder, std::strerror(errno));
    if (!S_ISDIR(status.st_mode)) return fail(ca_unreadable, folder, "is no folder");
    anchors.folder_ = folder;
  }
  if (file.empty()) return anchors;
  anchors.file_ = file;
  const Bio in(BIO_new_file(file.c_str(), "r"));
  if (!in) {
    ERR_clear_error();
    return fail(ca_unreadable, file, std::strerror(errno));
  }
  anchors.file_state_ = file_state(file);
  if (anchors.file_state_.size > kMaxFile) return fail(ca_unreadable, file, "is larger than 4 MiB");
  while (true) {
    const long offset = BIO_tell(in.get());
    const Certificate certificate = next_certificate(in.get());
    if (!certificate) break;
    if (anchors.offsets_.size() == kMaxAnchors) return fail(ca_unreadable, file, "holds more than 4096 certificates");
    anchors.hashes_.push_back(static_cast<std::uint16_t>(hash_of(X509_get_subject_name(certificate.get()))));
    anchors.offsets_.push_back(static_cast<std::uint32_t>(offset));
  }
  if (!ended_well()) return fail(ca_unreadable, file, damaged(anchors.offsets_.size() + 1));
  if (anchors.offsets_.empty()) return fail(no_anchor, file, "holds no certificate in PEM");
  anchors.hashes_.shrink_to_fit();
  anchors.offsets_.shrink_to_fit();
  return anchors;
}

Result<Anchors> Anchors::parse(std::string_view pem, std::string_view where) {
  Anchors anchors;
  if (pem.size() > kMaxFile) return fail(ca_unreadable, where, "is larger than 4 MiB");
  const Bio in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  while (Certificate certificate = next_certificate(in.get())) {
    if (anchors.held_.size() == kMaxAnchors) return fail(ca_unreadable, where, "holds more than 4096 certificates");
    anchors.held_.push_back(std::move(certificate));
  }
  if (!ended_well()) return fail(ca_unreadable, where, damaged(anchors.held_.size() + 1));
  if (anchors.held_.empty()) return fail(no_anchor, where, "holds no certificate in PEM");
  return anchors;
}

std::vector<Certificate> Anchors::with_subject(const X509_NAME* subject) const {
  std::vector<Certificate> found;
  for (const Certificate& held : held_) keep_if_subject(found, shared(held.get()), subject);
  const std::uint32_t hash = hash_of(subject);
  for (std::size_t i = 0; i < offsets_.size(); ++i) {
    if (hashes_[i] != static_cast<std::uint16_t>(hash)) continue;
    const std::int64_t end = i + 1 < offsets_.size() ? offsets_[i + 1] : file_state_.size;
    keep_if_subject(found, decoded(read_part(file_, offsets_[i], static_cast<std::size_t>(end - offsets_[i]))),
                    subject);
  }
  for (int i = 0; !folder_.empty() && i < kMaxOfOneHash; ++i) {
    const std::string path = folder_ + hashed_name(hash, i);
    const FileState state = file_state(path);
    if (state.size < 0) break;
    if (state.size > kMaxOfFolder) continue;
    keep_if_subject(found, decoded(read_part(path, 0, static_cast<std::size_t>(state.size))), subject);
  }
  forget_openssl_errors();
  return found;
}

bool Anchors::has_organisation_of(const X509_NAME* name) const {
  const std::string_view organisation = organisation_of(name);
  if (organisation.empty()) return false;
  const auto has = [&](const Certificate& anchor) {
    return organisation_of(X509_get_subject_name(anchor.get())) == organisation;
  };
  if (std::any_of(held_.begin(), held_.end(), has)) return true;
  const Bio file(offsets_.empty() ? nullptr : BIO_new_file(file_.c_str(), "r"));
  bool found = false;
  while (file && !found) {
    const Certificate anchor = next_certificate(file.get());
    if (!anchor) break;
    found = has(anchor);
  }
  forget_openssl_errors();
  return found;
}

bool Anchors::is_current() const {
  return file_.empty() || file_state(file_) == file_state_;
}

}  // namespace meterseal::trust::host
