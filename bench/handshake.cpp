// What a connection to the broker costs: bytes on the wire and CPU time of this device's side, full and resumed, pinned
// and with CA. Medians of 200 connections; the server is in the same process and its time is not counted.

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "support/tls_site.hpp"

namespace {

using namespace meterseal;
using trust::host::TlsClient;

constexpr int kConnections = 200;

double thread_cpu_us() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

struct Cost {
  double cpu_us = 0;
  std::size_t sent = 0;
  std::size_t received = 0;
};

Cost connect_once(trust::host::TlsContext& context, test::TlsServerPeer& server, bool resumed) {
  test::ServerSide side(server);
  Cost cost;
  double since = thread_cpu_us();
  auto made = context.connect(test::kHost, test::kToday);
  if (!made) std::abort();
  TlsClient& client = **made;
  TlsClient::Progress progress = client.handshake();
  cost.cpu_us += thread_cpu_us() - since;
  for (int round = 0; round < 6; ++round) {
    side.step(client);
    since = thread_cpu_us();
    progress = client.handshake();
    cost.cpu_us += thread_cpu_us() - since;
  }
  std::array<std::uint8_t, 16> plaintext{};
  since = thread_cpu_us();
  (void)client.read(plaintext);
  cost.cpu_us += thread_cpu_us() - since;
  if (progress != TlsClient::Progress::done || client.summary().resumed != resumed) std::abort();
  cost.sent = side.talk().sent;
  cost.received = side.talk().answered;
  return cost;
}

void print(const char* what, std::vector<Cost> costs) {
  std::sort(costs.begin(), costs.end(), [](const Cost& a, const Cost& b) { return a.cpu_us < b.cpu_us; });
  const Cost& median = costs[costs.size() / 2];
  std::printf("%-34s %10.0f [%5.0f..%6.0f] %8zu %10zu\n", what, median.cpu_us, costs.front().cpu_us,
              costs[costs.size() * 95 / 100].cpu_us, median.sent, median.received);
}

}  // namespace

int main() {
  std::printf("%-34s %10s %15s %8s %10s\n", "EC P-256, three certificates", "CPU us", "[min..p95]", "sent", "received");
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    test::TlsSite site;
    site.server.max_version = version;
    test::TlsServerPeer server(site.server);
    trust::host::TlsSettings pinned;
    pinned.policy = test::pinned(test::certificate_pin(site.leaf));
    const std::string name = version == TLS1_2_VERSION ? "TLS 1.2, " : "TLS 1.3, ";
    std::vector<Cost> by_pin;
    std::vector<Cost> by_ca;
    std::vector<Cost> resumed;
    const auto kept = site.context();
    (void)connect_once(*kept, server, false);
    for (int i = 0; i < kConnections; ++i) {
      const auto fresh_pin = trust::host::TlsContext::make(pinned);
      by_pin.push_back(connect_once(**fresh_pin, server, false));
      by_ca.push_back(connect_once(*site.context(), server, false));
      resumed.push_back(connect_once(*kept, server, true));
    }
    print((name + "full, fingerprint").c_str(), by_pin);
    print((name + "full, ca").c_str(), by_ca);
    print((name + "resumed").c_str(), resumed);
  }
  return 0;
}
