#pragma once

// The check of a Modbus RTU frame: CRC-16/MODBUS, start 0xFFFF, reflected polynomial 0xA001, no final XOR, sent low
// byte first. Over a whole frame including its check the result is 0. Thread: pure.
// @source Modbus over Serial Line V1.02, 6.2.2; check value of "123456789" is 0x4B37

#include "core/bytes.hpp"

namespace meterseal::meter {

[[nodiscard]] std::uint16_t modbus_crc(Bytes bytes);

}  // namespace meterseal::meter
