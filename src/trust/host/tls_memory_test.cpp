// Memory that cannot be had: whichever allocation of OpenSSL fails in a handshake, the device names it, writes nothing
// and connects the next time.

#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <cstdlib>
#include <map>

#include "support/tls_site.hpp"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

namespace meterseal::trust::host {
namespace {

using test::connect;
using test::TlsSite;
using Progress = TlsClient::Progress;

/// Counts down to the allocation that fails; below zero nothing fails.
long allocations_left = -1;

bool fails_now() {
  if (allocations_left < 0) return false;
  return allocations_left-- == 0;
}
/// OpenSSL loses an object here and there when it is refused memory in the middle of making it.
void* forgiven(void* memory) {
#ifdef __SANITIZE_ADDRESS__
  if (memory != nullptr && allocations_left >= 0) __lsan_ignore_object(memory);
#endif
  return memory;
}
void* allocate(std::size_t size, const char*, int) {
  return fails_now() ? nullptr : forgiven(std::malloc(size));  // NOLINT
}
void* reallocate(void* old, std::size_t size, const char*, int) {
  return fails_now() ? nullptr : forgiven(std::realloc(old, size));  // NOLINT
}
void release(void* memory, const char*, int) {
  std::free(memory);  // NOLINT
}
// Only before OpenSSL's first allocation, so before main().
const bool installed = CRYPTO_set_mem_functions(allocate, reallocate, release) == 1;

struct Outcome {
  std::string code;
  bool was_reached = false;  ///< the failing allocation
};

/// A handshake in which only the client's allocations fail, the one after `good` of them.
Outcome handshake(TlsContext& context, test::TlsServerPeer& server, long good) {
  test::ServerSide side(server);
  long left = good;
  std::unique_ptr<TlsClient> client;
  const auto step = [&](auto what) {
    allocations_left = left;
    what();
    left = allocations_left;
    allocations_left = -1;
  };
  std::optional<Error> failed_to_start;
  step([&] {
    auto made = context.connect(test::kHost, test::kToday);
    if (made) {
      client = std::move(*made);
    } else {
      failed_to_start = made.error();
    }
  });
  if (failed_to_start) return {std::string(failed_to_start->code.name), true};
  Progress progress = Progress::needs_input;
  for (int round = 0; round < 8 && progress == Progress::needs_input; ++round) {
    step([&] { progress = client->handshake(); });
    if (progress == Progress::needs_input) side.step(*client);
  }
  const bool was_reached = good >= 0 && left < 0;
  if (progress == Progress::done) return {"done", was_reached};
  EXPECT_EQ(progress, Progress::failed);
  EXPECT_FALSE(client->write(as_bytes("CONNECT")));
  side.step(*client);
  EXPECT_EQ(side.talk().received, "");
  return {test::code_of(*client), was_reached};
}

/// Every 17th allocation of a handshake fails once. What was seen, and how often.
std::map<std::string, int> with_failing_allocations(TlsSite& site, long first) {
  constexpr long kStride = 17;
  test::TlsServerPeer server(site.server);
  (void)handshake(*site.context(), server, -1);  // what OpenSSL makes once and keeps
  std::map<std::string, int> seen;
  bool was_reached = true;
  for (long good = first; was_reached; good += kStride) {
    const Outcome outcome = handshake(*site.context(), server, good);
    was_reached = outcome.was_reached;
    if (was_reached) ++seen[outcome.code];
  }
  return seen;
}

TEST(TlsMemory, AnyAllocationThatFailsIsANamedRefusal) {
  ASSERT_TRUE(installed);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsSite site;
    site.server.max_version = version;
    site.server.staple = make_staple(site.leaf, site.intermediate);
    auto seen = with_failing_allocations(site, version == TLS1_2_VERSION ? 0 : 3);
    EXPECT_GT(seen["trust_out_of_memory"], 20);
    // "done": OpenSSL did without, or tried again. The others are its own names for what it could not do.
    for (const auto& [code, count] : seen) EXPECT_TRUE(code == "done" || code.starts_with("trust_")) << code;
    test::TlsServerPeer server(site.server);
    EXPECT_EQ(handshake(*site.context(), server, -1).code, "done") << "and the next time it connects";
  }
}

TEST(TlsMemory, NoAllocationThatFailsMakesAPeerTrusted) {
  const auto expect_never_done = [](const char* what, auto change) {
    TlsSite site;
    change(site);
    auto seen = with_failing_allocations(site, 1);
    EXPECT_EQ(seen["done"], 0) << what;
    EXPECT_GT(seen["trust_out_of_memory"], 10) << what;
  };
  expect_never_done("a staple that says revoked", [](TlsSite& site) {
    site.server.staple = make_staple(site.leaf, site.intermediate, {.status = V_OCSP_CERTSTATUS_REVOKED});
  });
  expect_never_done("a staple that is demanded and missing", [](TlsSite& site) {
    test::Request request = test::leaf_request(site.intermediate);
    request.extensions.push_back({"tlsfeature", "status_request"});
    site.serve(request);
  });
  expect_never_done("revoked by CRL", [](TlsSite& site) {
    site.settings.crl_file = site.folder.file("crl.pem");
    test::write_file(site.settings.crl_file, make_crl(site.intermediate, {.revoked = {&site.leaf}}));
  });
  expect_never_done("a wildcard over an excluded name", [](TlsSite& site) {
    test::Request request = test::intermediate_request(site.root);
    request.extensions.push_back({"nameConstraints", "critical,excluded;DNS:secret.example.com"});
    site.intermediate = test::issue(request);
    site.serve(test::leaf_request(site.intermediate, "DNS:*.example.com"));
  });
}

}  // namespace
}  // namespace meterseal::trust::host
