#include "trust/host/crl_list.hpp"

#include <openssl/pem.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <new>

#include "trust/host/certificate_facts.hpp"
#include "trust/host/errors.hpp"

namespace meterseal::trust::host {

namespace {

constexpr std::int64_t kMaxFile = std::int64_t{32} * 1024 * 1024;
constexpr std::size_t kMaxLists = 256;

/// A list that names a certificate twice contradicts itself.
bool has_twice(X509_CRL* list) {
  std::vector<std::string_view> serials;
  const STACK_OF(X509_REVOKED)* revoked = X509_CRL_get_REVOKED(list);
  for (int i = 0; i < sk_X509_REVOKED_num(revoked); ++i) {
    const ASN1_INTEGER* serial = X509_REVOKED_get0_serialNumber(sk_X509_REVOKED_value(revoked, i));
    serials.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(serial)),
                         static_cast<std::size_t>(ASN1_STRING_length(serial)));
  }
  std::sort(serials.begin(), serials.end());
  return std::adjacent_find(serials.begin(), serials.end()) != serials.end();
}

bool is_well_made(X509_CRL* list) {
  if (X509_CRL_get_version(list) != X509_CRL_VERSION_2) return false;
  const int number = X509_CRL_get_ext_by_NID(list, NID_crl_number, -1);
  if (number < 0 || X509_EXTENSION_get_critical(X509_CRL_get_ext(list, number)) == 1) return false;
  int digest = NID_undef;
  int key = NID_undef;
  if (OBJ_find_sigid_algs(X509_CRL_get_signature_nid(list), &digest, &key) != 1) return false;
  return digest != NID_md5 && digest != NID_sha1 && !has_twice(list);
}

bool is_current_at(const X509_CRL* list, std::optional<UtcTime> now) {
  const auto from = time_of(X509_CRL_get0_lastUpdate(list));
  const auto until = time_of(X509_CRL_get0_nextUpdate(list));
  if (!from || !until) return false;
  return !now || (*from <= *now && *now - seconds{1} < *until);
}

}  // namespace

Result<CrlList> CrlList::open(const std::string& file) {
  if (file.empty()) return CrlList();
  const FileState state = file_state(file);
  if (state.size > kMaxFile) return fail(crl_unreadable, file, "is larger than 32 MiB");
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(crl_unreadable, file, std::strerror(errno));
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  auto lists = parse(text, file);
  if (!lists) return lists;
  lists->file_ = file;
  lists->file_state_ = state;
  return lists;
}

Result<CrlList> CrlList::parse(std::string_view text, std::string_view where) {
  CrlList made;
  const auto* der = reinterpret_cast<const unsigned char*>(text.data());
  if (RevocationList single{d2i_X509_CRL(nullptr, &der, static_cast<long>(text.size()))}) {
    made.keep(std::move(single));
    return made;
  }
  ERR_clear_error();
  std::size_t count = 0;
  const Bio in(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  while (RevocationList next{PEM_read_bio_X509_CRL(in.get(), nullptr, nullptr, nullptr)}) {
    if (++count > kMaxLists) return fail(crl_unreadable, where, "holds more than 256 CRLs");
    made.keep(std::move(next));
  }
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  if (ERR_GET_LIB(code) != ERR_LIB_PEM || ERR_GET_REASON(code) != PEM_R_NO_START_LINE) {
    return fail(crl_unreadable, where, "a CRL of the file cannot be read");
  }
  if (count == 0) return fail(crl_unreadable, where, "holds no CRL");
  return made;
}

void CrlList::keep(RevocationList list) {
  checks_ = true;
  if (is_well_made(list.get())) lists_.push_back(std::move(list));
}

CrlStack CrlList::usable_at(std::optional<UtcTime> now) const {
  CrlStack usable(sk_X509_CRL_new_null());
  for (const RevocationList& list : lists_) {
    if (is_current_at(list.get(), now) && sk_X509_CRL_push(usable.get(), list.get()) == 0) throw std::bad_alloc();
  }
  return usable;
}

bool CrlList::is_current() const {
  return file_.empty() || file_state(file_) == file_state_;
}

}  // namespace meterseal::trust::host
