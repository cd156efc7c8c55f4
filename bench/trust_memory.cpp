// Peak heap of the first connection in each mode of trust, in a fresh process each: what it costs to know a broker by
// its CA instead of its fingerprint, with one private root and with the whole system bundle beside it. Counted: every
// allocation of the process from before the context is made until the handshake has finished, usable size and 8 bytes
// of header each. The server is another process.

#include <malloc.h>
#include <openssl/pem.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "support/tls_site.hpp"

extern "C" {
void* __libc_malloc(std::size_t size);                     // NOLINT: glibc's own names
void* __libc_calloc(std::size_t count, std::size_t size);  // NOLINT
void* __libc_realloc(void* old, std::size_t size);         // NOLINT
void __libc_free(void* memory);                            // NOLINT
}

namespace {

constexpr long kHeader = 8;
std::atomic<long> in_use = 0;
std::atomic<long> peak = 0;

void* counted(void* memory) {
  if (memory == nullptr) return nullptr;
  const long now = in_use += static_cast<long>(malloc_usable_size(memory)) + kHeader;
  if (now > peak) peak = now;
  return memory;
}
void uncount(void* memory) {
  if (memory != nullptr) in_use -= static_cast<long>(malloc_usable_size(memory)) + kHeader;
}

}  // namespace

extern "C" {
void* malloc(std::size_t size) {
  return counted(__libc_malloc(size));
}
void* calloc(std::size_t count, std::size_t size) {
  return counted(__libc_calloc(count, size));
}
void* realloc(void* old, std::size_t size) {
  uncount(old);
  return counted(__libc_realloc(old, size));
}
void free(void* memory) {
  uncount(memory);
  __libc_free(memory);
}
}

namespace {

using namespace meterseal;
using trust::host::TlsClient;

/// A broker in a process of its own, for one connection. @return the client's end
int serve(test::TlsServerPeer& server) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0 || ::fork() != 0) {
    ::close(ends[1]);
    return ends[0];
  }
  ::close(ends[0]);
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(server.context()), &SSL_free);
  SSL_set_fd(ssl.get(), ends[1]);
  SSL_accept(ssl.get());
  std::array<char, 64> rest{};
  SSL_read(ssl.get(), rest.data(), static_cast<int>(rest.size()));
  ::_exit(0);
}

bool finish_handshake(TlsClient& client, int wire) {
  std::array<std::uint8_t, 4096> received{};
  TlsClient::Progress progress = client.handshake();
  while (progress == TlsClient::Progress::needs_input) {
    const Bytes out = client.output();
    if (!out.empty())
      client.consume_output(static_cast<std::size_t>(std::max<ssize_t>(0, ::write(wire, out.data(), out.size()))));
    const ssize_t n = ::read(wire, received.data(), received.size());
    if (n <= 0) return false;
    client.feed(Bytes(received).first(static_cast<std::size_t>(n)));
    progress = client.handshake();
  }
  return progress == TlsClient::Progress::done;
}

struct Measured {
  long peak = 0;
  long held = 0;  ///< by the context, after the connection has gone
};

/// In a child of its own, so that nothing is warm.
Measured measure(const trust::host::TlsSettings& settings, test::TlsServerPeer& server) {
  std::array<int, 2> report{};
  if (::pipe(report.data()) != 0) std::abort();
  if (::fork() == 0) {
    const int wire = serve(server);
    const long before = in_use;
    peak = before;
    Measured measured;
    {
      auto context = trust::host::TlsContext::make(settings);
      if (!context) std::abort();
      {
        auto client = (*context)->connect(test::kHost, test::kToday);
        if (!client || !finish_handshake(**client, wire)) std::abort();
        measured.peak = peak - before;
      }
      measured.held = in_use - before;
    }
    if (::write(report[1], &measured, sizeof(measured)) != sizeof(measured)) std::abort();
    ::_exit(0);
  }
  Measured measured;
  ::close(report[1]);
  if (::read(report[0], &measured, sizeof(measured)) != sizeof(measured)) std::abort();
  ::close(report[0]);
  while (::wait(nullptr) > 0) {
  }
  return measured;
}

std::string read_file(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

/// As `openssl rehash` would: one file per certificate, named after the hash of its subject.
int write_folder(const std::string& folder, const std::string& bundle) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> in(BIO_new_mem_buf(bundle.data(), static_cast<int>(bundle.size())),
                                                     &BIO_free);
  int count = 0;
  while (X509* certificate = PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)) {
    const test::Issued one{{certificate, &X509_free}, nullptr};
    std::array<char, 32> name{};
    int number = 0;
    do {
      std::snprintf(name.data(), name.size(), "/%08lx.%d",
                    X509_NAME_hash_ex(X509_get_subject_name(certificate), nullptr, nullptr, nullptr), number++);
    } while (std::ifstream(folder + name.data()));
    test::write_file(folder + name.data(), one.pem());
    ++count;
  }
  return count;
}

}  // namespace

int main() {
  const std::string bundle = read_file("/etc/ssl/certs/ca-certificates.crt");
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    test::TlsSite site;
    site.server.max_version = version;
    test::TlsServerPeer server(site.server);
    trust::host::TlsSettings pinned;
    pinned.policy = test::pinned(test::certificate_pin(site.leaf));
    trust::host::TlsSettings one_root = site.settings;
    trust::host::TlsSettings bundle_file = site.settings;
    bundle_file.ca_file = site.folder.file("bundle.pem");
    test::write_file(bundle_file.ca_file, bundle + site.root.pem());
    trust::host::TlsSettings folder = site.settings;
    folder.ca_file.clear();
    folder.ca_path = site.folder.file("");
    const int roots = write_folder(site.folder.path(), bundle + site.root.pem());

    std::printf("%s, %d roots in the bundle, EC P-256, root -> intermediate -> leaf\n",
                version == TLS1_2_VERSION ? "TLS 1.2" : "TLS 1.3", roots);
    std::printf("%-44s %12s %14s %12s\n", "mode", "peak, bytes", "over pinning", "held, bytes");
    const Measured base = measure(pinned, server);
    const auto print = [&](const char* mode, const Measured& m) {
      std::printf("%-44s %12ld %14ld %12ld\n", mode, m.peak, m.peak - base.peak, m.held);
    };
    print("fingerprint", base);
    print("ca, ca_file with one private root", measure(one_root, server));
    print("ca, ca_file with the system bundle and it", measure(bundle_file, server));
    print("ca, ca_path with the system bundle and it", measure(folder, server));
  }
  return 0;
}
