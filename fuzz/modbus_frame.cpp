// Hostile bytes to AnswerReader, in pieces of any size. Whatever comes: it makes progress, stays within its bounds, and
// what it hands out as an answer was in the input, byte by byte, with a good check.

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "meter/modbus_crc.hpp"
#include "meter/modbus_frame.hpp"

namespace {

using namespace meterseal;
using namespace meterseal::meter;

void require(bool condition) {
  if (!condition) std::abort();
}

std::vector<std::uint8_t> frame_of(Framing framing, const ReadRequest& request, std::uint16_t transaction,
                                   std::span<const std::uint16_t> words) {
  std::vector<std::uint8_t> frame;
  const auto u16 = [&](std::size_t value) {
    frame.push_back(static_cast<std::uint8_t>(value >> 8 & 0xFF));
    frame.push_back(static_cast<std::uint8_t>(value & 0xFF));
  };
  if (framing == Framing::mbap) {
    u16(transaction);
    u16(0);
    u16(3 + 2 * words.size());
  }
  frame.push_back(request.unit);
  frame.push_back(static_cast<std::uint8_t>(request.block.function));
  frame.push_back(static_cast<std::uint8_t>(2 * words.size()));
  for (const std::uint16_t word : words) u16(word);
  if (framing == Framing::rtu) {
    const std::uint16_t crc = modbus_crc(frame);
    frame.push_back(static_cast<std::uint8_t>(crc & 0xFF));
    frame.push_back(static_cast<std::uint8_t>(crc >> 8));
  }
  return frame;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  const Framing framing = (data[0] & 1) != 0 ? Framing::mbap : Framing::rtu;
  const Function function = (data[0] & 2) != 0 ? Function::read_holding : Function::read_input;
  const std::size_t piece = 1 + data[1];
  ReadRequest request{data[2], {function, 0x0100, static_cast<std::uint16_t>(1 + data[3] % kMaxReadWords)}};
  const Bytes input = Bytes(data, size).subspan(4);

  AnswerReader reader;
  reader.expect(framing, request, 0x0001);
  if ((data[0] & 4) != 0) reader.add_owed({request.unit, {function, 0, 2}});
  if ((data[0] & 8) != 0) reader.add_owed({7, {Function::read_input, 0, 4}});
  std::size_t frames = 0;
  for (std::size_t at = 0; at < input.size();) {
    const Bytes offered = input.subspan(at, std::min(piece, input.size() - at));
    const std::size_t taken = reader.feed(offered);
    require(taken > 0);
    at += taken;
    while (true) {
      const Frame frame = reader.next();
      if (frame.kind == Frame::Kind::incomplete) {
        require(frame.missing > 0 && frame.missing <= AnswerReader::kCapacity);
        break;
      }
      require(++frames <= input.size());
      if (frame.kind != Frame::Kind::answer) continue;
      require(reader.words().size() == request.block.words);
      const std::vector<std::uint8_t> expected = frame_of(framing, request, 0x0001, reader.words());
      require(std::search(input.begin(), input.end(), expected.begin(), expected.end()) != input.end());
    }
  }
  return 0;
}
