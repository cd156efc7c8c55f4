#include "trust/host/client_identity.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "trust/host/certificate_facts.hpp"
#include "trust/host/errors.hpp"

namespace meterseal::trust::host {

namespace {

constexpr std::size_t kMaxKeyFile = 64 * 1024;

int no_passphrase(char*, int, int, void*) {
  return 0;
}

class OpenFile {
 public:
  explicit OpenFile(const std::string& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)) {}
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

/// Gone from memory with its owner.
struct Secret {
  std::array<char, kMaxKeyFile> bytes{};
  std::size_t size = 0;
  Secret() = default;
  ~Secret() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
};

/// The permissions are those of the file that is read, not of whatever stands there a moment later.
Result<Key> read_key(const std::string& path) {
  const OpenFile file(path);
  struct stat status{};
  if (file.fd() < 0 || ::fstat(file.fd(), &status) != 0) return fail(client_key_unreadable, path, std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return fail(client_key_unreadable, path, "is no file");
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) return fail(client_key_exposed, path, "is open to other users");
  const auto secret = std::make_unique<Secret>();
  while (secret->size < kMaxKeyFile) {
    const ssize_t n = ::read(file.fd(), secret->bytes.data() + secret->size, kMaxKeyFile - secret->size);
    if (n < 0) return fail(client_key_unreadable, path, std::strerror(errno));
    if (n == 0) break;
    secret->size += static_cast<std::size_t>(n);
  }
  const Bio in(BIO_new_mem_buf(secret->bytes.data(), static_cast<int>(secret->size)));
  Key key(PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  if (!key) return fail(client_key_unreadable, path, "holds no private key in PEM, or one with a passphrase");
  return key;
}

}  // namespace

Result<UtcTime> use_client_identity(SSL_CTX* context, const std::string& certificate_file,
                                    const std::string& key_file) {
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1) {
    return fail(client_certificate_unreadable, certificate_file, take_openssl_error());
  }
  const auto until = time_of(X509_get0_notAfter(SSL_CTX_get0_certificate(context)));
  if (!until) return fail(client_certificate_unreadable, certificate_file, "its dates cannot be read");
  auto key = read_key(key_file);
  if (!key) return tl::unexpected(key.error());
  if (SSL_CTX_use_PrivateKey(context, key->get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return fail(client_key_mismatch, key_file, take_openssl_error());
  }
  return *until;
}

}  // namespace meterseal::trust::host
