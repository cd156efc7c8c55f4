// The simulated meters as libmodbus sees them: a reader that this project did not write.
#include <gtest/gtest.h>
#include <modbus/modbus.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <thread>

#include "meter/sim/host/sim_line.hpp"
#include "support/profiles.hpp"

namespace meterseal::meter::sim::host {
namespace {

using Context = std::unique_ptr<modbus_t, void (*)(modbus_t*)>;

SimOptions options_of(Transport transport) {
  SimOptions options;
  options.transport = transport;
  options.baud = 38400;
  for (const auto& [model, address] : {std::pair{"SDM630", 1}, {"ABB-B23", 2}}) {
    SimMeterOptions meter;
    meter.profile = test::default_profile(model);
    meter.address = static_cast<std::uint8_t>(address);
    meter.turnaround = microseconds(5000);
    options.meters.push_back(std::move(meter));
  }
  options.time = [] { return SimTime(std::chrono::hours(12)); };
  return options;
}

/// A line whose loop runs on a thread of its own, because libmodbus blocks.
class RunningLine {
 public:
  explicit RunningLine(Transport transport)
      : work_(io_.get_executor()),
        line_(std::move(*SimLine::make(io_, options_of(transport)))),
        thread_([this] { io_.run(); }) {}
  ~RunningLine() {
    io_.stop();
    thread_.join();
  }
  RunningLine(const RunningLine&) = delete;
  RunningLine& operator=(const RunningLine&) = delete;

  [[nodiscard]] const SimLine& line() const { return *line_; }

 private:
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::unique_ptr<SimLine> line_;
  std::thread thread_;
};

Context connect(modbus_t* made) {
  Context context(made, [](modbus_t* m) {
    modbus_close(m);
    modbus_free(m);
  });
  EXPECT_NE(made, nullptr);
  modbus_set_response_timeout(made, 2, 0);
  EXPECT_EQ(modbus_connect(made), 0) << modbus_strerror(errno);
  return context;
}

void read_both_meters(modbus_t* context) {
  std::uint16_t words[80];
  ASSERT_EQ(modbus_set_slave(context, 1), 0);
  ASSERT_EQ(modbus_read_input_registers(context, 0, 80, words), 80) << modbus_strerror(errno);
  EXPECT_NEAR(modbus_get_float_abcd(words), 230, 15);
  EXPECT_NEAR(modbus_get_float_abcd(words + 0x46), 50, 0.1);
  EXPECT_NEAR(modbus_get_float_abcd(words + 0x48), 12345.6, 0.01);
  EXPECT_EQ(modbus_read_input_registers(context, 1, 2, words), -1);
  EXPECT_EQ(errno, EMBXILADD);
  EXPECT_EQ(modbus_write_register(context, 2, 1), -1);
  EXPECT_EQ(errno, EMBXILFUN);
  ASSERT_EQ(modbus_set_slave(context, 2), 0);
  ASSERT_EQ(modbus_read_registers(context, 0x5000, 4, words), 4) << modbus_strerror(errno);
  EXPECT_EQ(std::uint32_t{words[2]} << 16 | words[3], 1234560U);
}

TEST(SimInterop, LibmodbusReadsBothMetersOnAPseudoTerminal) {
  const RunningLine running(Transport::pty);
  const Context context = connect(modbus_new_rtu(running.line().path().c_str(), 38400, 'N', 8, 1));
  read_both_meters(context.get());
}

TEST(SimInterop, LibmodbusReadsBothMetersOverTcp) {
  const RunningLine running(Transport::modbus_tcp);
  const Context context = connect(modbus_new_tcp("127.0.0.1", running.line().port()));
  read_both_meters(context.get());
}

}  // namespace
}  // namespace meterseal::meter::sim::host
