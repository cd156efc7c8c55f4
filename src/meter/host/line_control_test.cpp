#include "meter/host/line_control.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include "meter/errors.hpp"

namespace meterseal::meter::host {
namespace {

/// A device with a mind of its own.
class FakeDevice final : public LineControl {
 public:
  int lock(int) override { return lock_error; }
  tl::expected<termios, int> attributes(int) override {
    if (attributes_error != 0) return tl::unexpected(attributes_error);
    return line;
  }
  int set_attributes(int, const termios& wanted) override {
    if (set_error != 0 && set_error != EINVAL) return set_error;
    line = wanted;
    line.c_cflag &= ~refused_flags;
    if (speed_cap != 0) ::cfsetspeed(&line, speed_cap);
    return set_error;
  }
  int set_low_latency(int) override { return low_latency_error; }
  tl::expected<serial_rs485, int> rs485(int) override {
    if (rs485_error != 0) return tl::unexpected(rs485_error);
    return rs485_settings;
  }
  int set_rs485(int, const serial_rs485& wanted) override {
    if (rs485_error != 0) return rs485_error;
    rs485_settings = wanted;
    ++rs485_sets;
    return 0;
  }

  termios line{};
  int lock_error = 0;
  int attributes_error = 0;
  int set_error = 0;
  int low_latency_error = 0;
  int rs485_error = 0;
  int rs485_sets = 0;
  tcflag_t refused_flags = 0;
  speed_t speed_cap = 0;
  serial_rs485 rs485_settings{};
};

SerialSettings settings_with(Parity parity, std::uint8_t stop_bits) {
  SerialSettings settings;
  settings.device = "/dev/ttyX";
  settings.parity = parity;
  settings.stop_bits = stop_bits;
  return settings;
}

TEST(LineControl, RefusesADeviceThatCannotBeReadFrom) {
  struct Row {
    std::string_view sentence;
    void (*fault)(FakeDevice&);
    std::uint32_t baud;
    Code code;
    std::string_view detail;
  };
  const Row rows[] = {
      {"another program has the lock", [](FakeDevice& d) { d.lock_error = EWOULDBLOCK; }, 9600, port_busy,
       "held by another program"},
      {"it is no terminal", [](FakeDevice& d) { d.lock_error = ENOTTY; }, 9600, port_unusable,
       "Inappropriate ioctl for device"},
      {"it has no settings", [](FakeDevice& d) { d.attributes_error = EIO; }, 9600, port_unusable,
       "Input/output error"},
      {"it takes no settings",
       [](FakeDevice& d) {
         d.set_error = EPERM;
         d.line.c_lflag = ICANON;
       },
       9600, port_unusable, "Operation not permitted"},
      {"we do not know the speed", [](FakeDevice&) {}, 9601, baud_unsupported, "9601 baud"},
      {"the device stays at another speed", [](FakeDevice& d) { d.speed_cap = B9600; }, 115200, baud_unsupported,
       "115200 baud"},
  };
  for (const Row& row : rows) {
    FakeDevice device;
    row.fault(device);
    SerialSettings settings = settings_with(Parity::none, 1);
    settings.baud = row.baud;
    const auto refused = configure_line(device, 3, settings);
    ASSERT_FALSE(refused) << row.sentence;
    EXPECT_EQ(refused.error().code, row.code) << row.sentence;
    EXPECT_EQ(refused.error().where.view(), "/dev/ttyX") << row.sentence;
    EXPECT_EQ(refused.error().detail, row.detail) << row.sentence;
  }
}

TEST(LineControl, NamesEachSettingThatTheDeviceRefusesAndGoesOn) {
  FakeDevice device;
  device.refused_flags = PARENB | PARODD | CSTOPB;
  device.low_latency_error = ENOTTY;
  device.rs485_error = ENOTTY;
  SerialSettings settings = settings_with(Parity::odd, 2);
  settings.rs485 = Rs485::kernel;
  EXPECT_EQ(configure_line(device, 3, settings).value().view(),
            "parity odd, 2 stop bits, low latency, rs485 by the kernel");
}

TEST(LineControl, BelievesWhatTheDeviceHasAndNotWhatSettingItReturned) {
  FakeDevice device;
  device.set_error = EINVAL;  // the C library, when a pseudo-terminal dropped the parity
  device.refused_flags = PARENB;
  EXPECT_EQ(configure_line(device, 3, settings_with(Parity::even, 1)).value().view(), "parity even");
}

TEST(LineControl, SetsSpeedAndFrameAndNothingThatChangesBytes) {
  FakeDevice device;
  device.line.c_lflag = ECHO | ICANON | ISIG;
  device.line.c_iflag = IXON | ICRNL;
  device.line.c_oflag = OPOST;
  device.line.c_cflag = CRTSCTS | HUPCL | CSTOPB;
  EXPECT_EQ(configure_line(device, 3, settings_with(Parity::even, 1)).value().view(), "");
  EXPECT_EQ(device.line.c_lflag & (ECHO | ICANON | ISIG), 0U);
  EXPECT_EQ(device.line.c_iflag & (IXON | ICRNL), 0U);
  EXPECT_EQ(device.line.c_oflag & OPOST, 0U);
  EXPECT_EQ(device.line.c_cflag & (CRTSCTS | HUPCL | CSTOPB | PARODD), 0U);
  EXPECT_EQ(device.line.c_cflag & (CS8 | PARENB | CREAD | CLOCAL), CS8 | PARENB | CREAD | CLOCAL);
  EXPECT_EQ(::cfgetospeed(&device.line), static_cast<speed_t>(B9600));
  EXPECT_EQ(device.line.c_cc[VMIN], 1);
}

TEST(LineControl, LetsTheKernelSwitchDirectionWhereItCanAndSaysNothingWhereItCannot) {
  FakeDevice with;
  EXPECT_EQ(configure_line(with, 3, settings_with(Parity::none, 1)).value().view(), "");
  EXPECT_EQ(with.rs485_settings.flags & (SER_RS485_ENABLED | SER_RS485_RTS_ON_SEND | SER_RS485_RTS_AFTER_SEND),
            static_cast<unsigned>(SER_RS485_ENABLED | SER_RS485_RTS_ON_SEND));
  FakeDevice without;
  without.rs485_error = ENOTTY;
  EXPECT_EQ(configure_line(without, 3, settings_with(Parity::none, 1)).value().view(), "");
}

TEST(LineControl, LeavesPolarityAndDelaysOfTheBoardAlone) {
  FakeDevice device;
  device.rs485_settings.flags = SER_RS485_ENABLED | SER_RS485_RTS_AFTER_SEND;
  device.rs485_settings.delay_rts_before_send = 2;
  EXPECT_TRUE(configure_line(device, 3, settings_with(Parity::none, 1)));
  EXPECT_EQ(device.rs485_sets, 0);
}

TEST(LineControl, SwitchesRs485OffWhereItWasOn) {
  FakeDevice device;
  device.rs485_settings.flags = SER_RS485_ENABLED;
  SerialSettings settings = settings_with(Parity::none, 1);
  settings.rs485 = Rs485::off;
  EXPECT_EQ(configure_line(device, 3, settings).value().view(), "");
  EXPECT_EQ(device.rs485_settings.flags & SER_RS485_ENABLED, 0U);
}

TEST(LineControl, CountsTheBitsOfACharacterAndDescribesTheLine) {
  EXPECT_EQ(bits_per_character(settings_with(Parity::none, 1)), 10);
  EXPECT_EQ(bits_per_character(settings_with(Parity::even, 1)), 11);
  EXPECT_EQ(bits_per_character(settings_with(Parity::none, 2)), 11);
  EXPECT_EQ(describe(settings_with(Parity::even, 1)), "/dev/ttyX 9600 8E1");
}

}  // namespace
}  // namespace meterseal::meter::host
