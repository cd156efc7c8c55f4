// A gateway runs for years: once a bus is set up, reading its meters takes nothing more from the heap.

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <thread>

#include "meter/host/bus_driver.hpp"
#include "support/bus_world.hpp"
#include "support/fakes.hpp"
#include "support/loop.hpp"
#include "support/pty.hpp"

namespace {

thread_local std::uint64_t allocations = 0;

}  // namespace

// Counts for this test program; nothing else changes.
void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
// The analyzer does not see that new and delete of this file belong together.
void operator delete(void* memory) noexcept {
  std::free(memory);  // NOLINT(clang-analyzer-cplusplus.NewDelete)
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);  // NOLINT(clang-analyzer-cplusplus.NewDelete)
}

namespace meterseal::meter::host {
namespace {

struct CountingObserver : BusObserver {
  void on_block(std::size_t, std::size_t, Instant, std::span<const std::uint16_t>) override { ++blocks; }
  void on_identity(std::size_t, std::size_t, Instant, std::span<const std::uint16_t>) override {}
  void on_meter_state(std::size_t, Health) override {}
  void on_port_state(PortState) override {}
  int blocks = 0;
};

TEST(BusAllocations, AreNoneWhileBlocksAreRead) {
  test::Pty pty;
  std::thread meter([&] {
    while (true) {
      const auto request = pty.read(8, 500);
      if (request.size() < 8) return;
      const ReadBlock block{static_cast<Function>(request[1]), static_cast<std::uint16_t>(request[2] << 8 | request[3]),
                            static_cast<std::uint16_t>(request[4] << 8 | request[5])};
      pty.write(test::answer_to({request[0], block}));
    }
  });
  boost::asio::io_context io;
  const test::SteadyClock clock;
  test::CollectingLog log;
  CountingObserver seen;
  SerialSettings serial;
  serial.device = pty.device();
  serial.baud = 921600;
  BusMeter meter_settings;
  meter_settings.plan.blocks = {{Function::read_input, 0, 80}, {Function::read_input, 0x100, 2}};
  meter_settings.plan.poll_interval = milliseconds(0);
  const auto driver = BusDriver::make(io, clock, log, {"bus1", serial, {meter_settings}}, seen).value();
  driver->start();
  EXPECT_TRUE(test::run_until(io, [&] { return seen.blocks == 40; }));
  const std::uint64_t before = allocations;
  const std::function<bool()> enough = [&] { return seen.blocks == 140; };
  EXPECT_TRUE(test::run_until(io, enough));
  // Asio makes room for a kind of wait when it comes first, and keeps it.
  EXPECT_LE(allocations - before, 4U) << "in 100 exchanges";
  driver->stop();
  meter.join();
}

}  // namespace
}  // namespace meterseal::meter::host
