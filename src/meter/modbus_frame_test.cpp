#include "meter/modbus_frame.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "meter/modbus_crc.hpp"

namespace meterseal::meter {
namespace {

using Kind = Frame::Kind;
using Octets = std::vector<std::uint8_t>;

constexpr ReadBlock kVoltage{Function::read_input, 0x0000, 2};
constexpr ReadBlock kCurrent{Function::read_input, 0x0008, 2};
constexpr ReadBlock kLong{Function::read_input, 0x0000, 80};

// V01, V02 of tests/data/modbus_frames.txt
const Octets kVoltageRequest{0x01, 0x04, 0x00, 0x00, 0x00, 0x02, 0x71, 0xCB};
const Octets kVoltageAnswer{0x01, 0x04, 0x04, 0x43, 0x66, 0x33, 0x34, 0x1B, 0x38};
const Octets kException{0x01, 0x84, 0x02, 0xC2, 0xC1};  // S23

Octets sealed(Octets frame) {
  const std::uint16_t crc = modbus_crc(frame);
  frame.push_back(static_cast<std::uint8_t>(crc & 0xFF));
  frame.push_back(static_cast<std::uint8_t>(crc >> 8));
  return frame;
}

Octets answer_of(std::uint8_t unit, const ReadBlock& block, std::uint16_t first_word) {
  Octets frame{unit, static_cast<std::uint8_t>(block.function), static_cast<std::uint8_t>(2 * block.words)};
  for (std::uint16_t i = 0; i < block.words; ++i) {
    frame.push_back(static_cast<std::uint8_t>((first_word + i) >> 8));
    frame.push_back(static_cast<std::uint8_t>((first_word + i) & 0xFF));
  }
  return sealed(frame);
}

Octets operator+(Octets a, const Octets& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

AnswerReader reader_of(const ReadBlock& block, std::uint8_t unit = 1) {
  AnswerReader reader;
  reader.expect(Framing::rtu, {unit, block}, 0);
  return reader;
}

Frame only_frame(AnswerReader& reader, const Octets& bytes) {
  EXPECT_EQ(reader.feed(bytes), bytes.size());
  return reader.next();
}

TEST(ModbusFrame, EncodesAReadRequestAsTheVendorPrintsIt) {
  const RequestFrame frame = encode_read(Framing::rtu, {1, kVoltage}, 7);
  EXPECT_EQ(Octets(frame.begin(), frame.end()), kVoltageRequest);
  const RequestFrame holding = encode_read(Framing::rtu, {2, {Function::read_holding, 0x5000, 4}}, 7);
  EXPECT_EQ(Octets(holding.begin(), holding.end()), (Octets{0x02, 0x03, 0x50, 0x00, 0x00, 0x04, 0x55, 0x3A}));
}

TEST(ModbusFrame, EncodesAnMbapRequestWithTransactionAndLengthAndWithoutCheck) {
  const RequestFrame frame = encode_read(Framing::mbap, {1, kVoltage}, 0xABCD);
  EXPECT_EQ(Octets(frame.begin(), frame.end()),
            (Octets{0xAB, 0xCD, 0x00, 0x00, 0x00, 0x06, 0x01, 0x04, 0x00, 0x00, 0x00, 0x02}));
}

TEST(ModbusFrame, RefusesEverySingleBitErrorInAnAnswer) {
  for (std::size_t bit = 0; bit < kVoltageAnswer.size() * 8; ++bit) {
    Octets bad = kVoltageAnswer;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    AnswerReader reader = reader_of(kVoltage);
    const Frame frame = only_frame(reader, bad);
    EXPECT_NE(frame.kind, Kind::answer) << bit;
    EXPECT_NE(frame.kind, Kind::exception) << bit;
    EXPECT_TRUE(reader.words().empty());
  }
}

TEST(ModbusFrame, CallsAnAnswerWithAWrongCheckDamagedAtItsLastByte) {
  Octets bad = kVoltageAnswer;
  bad[4] ^= 0x10;
  AnswerReader reader = reader_of(kVoltage);
  for (std::size_t i = 0; i + 1 < bad.size(); ++i) {
    ASSERT_EQ(reader.feed(Bytes(bad).subspan(i, 1)), 1U);
    EXPECT_EQ(reader.next().kind, Kind::incomplete);
  }
  ASSERT_EQ(reader.feed(Bytes(bad).last(1)), 1U);
  EXPECT_EQ(reader.next().kind, Kind::damaged);
}

TEST(ModbusFrame, IgnoresAnswersOfAnotherUnitFunctionOrLength) {
  for (const Octets& foreign : {answer_of(2, kVoltage, 1), answer_of(1, {Function::read_holding, 0, 2}, 1),
                                answer_of(1, {Function::read_input, 0, 4}, 1), Octets{0x04, 0x83, 0x02, 0xD0, 0xF0}}) {
    AnswerReader reader = reader_of(kVoltage);
    const Frame frame = only_frame(reader, foreign + kVoltageAnswer);
    EXPECT_EQ(frame.kind, Kind::answer);
    EXPECT_EQ(frame.skipped, foreign.size());
  }
}

TEST(ModbusFrame, TakesTheAnswerWordByWord) {
  AnswerReader reader = reader_of(kVoltage);
  EXPECT_EQ(only_frame(reader, kVoltageAnswer).kind, Kind::answer);
  ASSERT_EQ(reader.words().size(), 2U);
  EXPECT_EQ(reader.words()[0], 0x4366);
  EXPECT_EQ(reader.words()[1], 0x3334);
}

TEST(ModbusFrame, SaysAtEachByteHowManyAreMissing) {
  AnswerReader reader = reader_of(kVoltage);
  EXPECT_EQ(reader.next().missing, 5U) << "before the function code an exception is still possible";
  const std::size_t missing[] = {4, 6, 6, 5, 4, 3, 2, 1};  // two bytes could still be an echo of eight
  for (std::size_t i = 0; i < 8; ++i) {
    ASSERT_EQ(reader.feed(Bytes(kVoltageAnswer).subspan(i, 1)), 1U);
    const Frame frame = reader.next();
    EXPECT_EQ(frame.kind, Kind::incomplete);
    EXPECT_EQ(frame.missing, missing[i]) << i;
    EXPECT_EQ(frame.begun, i >= 2) << i;
  }
}

TEST(ModbusFrame, RecognisesAnExceptionAtItsFifthByteAlthoughALongAnswerWasExpected) {
  AnswerReader reader = reader_of(kLong);
  ASSERT_EQ(reader.feed(Bytes(kException).first(4)), 4U);
  EXPECT_EQ(reader.next().missing, 1U);
  ASSERT_EQ(reader.feed(Bytes(kException).last(1)), 1U);
  const Frame frame = reader.next();
  EXPECT_EQ(frame.kind, Kind::exception);
  EXPECT_EQ(frame.exception_code, 2);
}

TEST(ModbusFrame, FindsTheAnswerBehindStrayBytes) {
  const Octets strays[] = {{0x00}, {0xFF}, {0x00, 0xFF, 0x00}, {0x01}, {0x01, 0x04}, {0x01, 0x84}, Octets(600, 0xFF)};
  for (const Octets& stray : strays) {
    AnswerReader reader = reader_of(kVoltage);
    const Octets bytes = stray + kVoltageAnswer;
    Frame frame;
    for (Bytes rest = bytes; !rest.empty();) {
      rest = rest.subspan(reader.feed(rest));
      frame = reader.next();
    }
    EXPECT_EQ(frame.kind, Kind::answer) << stray.size();
    EXPECT_EQ(frame.skipped, stray.size());
  }
}

TEST(ModbusFrame, FindsTheCapturedAnswerBehindAGhostByte) {  // C16
  AnswerReader reader = reader_of({Function::read_holding, 0, 1});
  const Frame frame = only_frame(reader, {0x00, 0x01, 0x03, 0x02, 0x6D, 0x60, 0x94, 0xFC});
  EXPECT_EQ(frame.kind, Kind::answer);
  EXPECT_EQ(frame.skipped, 1U);
  EXPECT_EQ(reader.words()[0], 0x6D60);
}

TEST(ModbusFrame, StripsOneEchoOfTheRequest) {
  AnswerReader reader = reader_of(kVoltage);
  EXPECT_EQ(only_frame(reader, kVoltageRequest + kVoltageAnswer).kind, Kind::echo);
  EXPECT_EQ(reader.next().kind, Kind::answer);
}

TEST(ModbusFrame, TellsEchoFromAnswerWhereTheirFirstBytesAgree) {
  const ReadBlock block{Function::read_input, 0x0400, 2};  // the third byte is 04 in the request and in the answer
  const RequestFrame request = encode_read(Framing::rtu, {1, block}, 0);
  AnswerReader reader = reader_of(block);
  const Octets bytes = Octets(request.begin(), request.end()) + kVoltageAnswer;
  EXPECT_EQ(only_frame(reader, bytes).kind, Kind::echo);
  EXPECT_EQ(reader.next().kind, Kind::answer);

  AnswerReader without_echo = reader_of(block);
  EXPECT_EQ(only_frame(without_echo, kVoltageAnswer).kind, Kind::answer);
}

TEST(ModbusFrame, CallsAnAnswerThatIsOwedLateAndWaitsOn) {
  AnswerReader reader = reader_of(kVoltage);
  reader.add_owed({1, kLong});
  reader.add_owed({2, kVoltage});
  EXPECT_EQ(reader.feed(answer_of(1, kLong, 9) + answer_of(2, kVoltage, 9) + kVoltageAnswer), 165U + 9 + 9);
  const Frame first = reader.next();
  EXPECT_EQ(first.kind, Kind::late);
  EXPECT_EQ(first.owed, 0U);
  const Frame second = reader.next();
  EXPECT_EQ(second.kind, Kind::late);
  EXPECT_EQ(second.owed, 1U);
  EXPECT_TRUE(reader.words().empty()) << "a late answer is never handed out";
  EXPECT_EQ(reader.next().kind, Kind::answer);
}

TEST(ModbusFrame, DoesNotBelieveARefusalWhileOneOfTheSameFunctionIsOwed) {
  AnswerReader reader = reader_of(kVoltage);
  reader.add_owed({1, kLong});
  const Frame frame = only_frame(reader, kException);
  EXPECT_EQ(frame.kind, Kind::late);
  EXPECT_EQ(frame.owed, 0U);
}

TEST(ModbusFrame, BelievesNeitherOfTwoThatLookAlike) {
  AnswerReader reader = reader_of(kVoltage);
  reader.add_owed({1, kCurrent});
  EXPECT_EQ(only_frame(reader, kVoltageAnswer).kind, Kind::late);
}

TEST(ModbusFrame, NeverBlocksWhenTheBufferIsFull) {
  AnswerReader reader = reader_of({Function::read_input, 0, 125});
  const Octets noise(10'000, 0x01);  // each byte could be the unit of an answer
  std::size_t calls = 0;
  for (Bytes rest = noise; !rest.empty(); ++calls) {
    const std::size_t taken = reader.feed(rest);
    ASSERT_GT(taken, 0U);
    rest = rest.subspan(taken);
    EXPECT_EQ(reader.next().kind, Kind::incomplete);
  }
  EXPECT_LE(calls, 50U);
  const Octets answer = answer_of(1, {Function::read_input, 0, 125}, 5);
  EXPECT_EQ(only_frame(reader, answer).kind, Kind::answer);
  EXPECT_EQ(reader.words().back(), 5 + 124);
}

Octets mbap(std::uint16_t transaction, const Octets& pdu_with_unit) {
  const Octets header{
      static_cast<std::uint8_t>(transaction >> 8),          static_cast<std::uint8_t>(transaction & 0xFF),         0, 0,
      static_cast<std::uint8_t>(pdu_with_unit.size() >> 8), static_cast<std::uint8_t>(pdu_with_unit.size() & 0xFF)};
  return header + pdu_with_unit;
}
const Octets kVoltagePdu{0x01, 0x04, 0x04, 0x43, 0x66, 0x33, 0x34};

AnswerReader mbap_reader() {
  AnswerReader reader;
  reader.expect(Framing::mbap, {1, kVoltage}, 0x0102);
  return reader;
}

TEST(Mbap, TakesTheAnswerOfThisTransactionOnly) {
  AnswerReader reader = mbap_reader();
  EXPECT_EQ(only_frame(reader, mbap(0x0101, kVoltagePdu) + mbap(0x0102, kVoltagePdu)).kind, Kind::late);
  EXPECT_TRUE(reader.words().empty());
  EXPECT_EQ(reader.next().kind, Kind::answer);
  EXPECT_EQ(reader.words()[0], 0x4366);
}

TEST(Mbap, CallsAnAnswerThatContradictsTheRequestDamaged) {
  const Octets wrong[] = {{0x02, 0x04, 0x04, 0x43, 0x66, 0x33, 0x34},        // another unit
                          {0x01, 0x03, 0x04, 0x43, 0x66, 0x33, 0x34},        // another function
                          {0x01, 0x04, 0x02, 0x43, 0x66},                    // too short
                          {0x01, 0x04, 0x04, 0x43, 0x66, 0x33, 0x34, 0x00},  // longer than its count
                          {0x01, 0x84, 0x02, 0x00}};                         // an exception with a tail
  for (const Octets& pdu : wrong) {
    AnswerReader reader = mbap_reader();
    EXPECT_EQ(only_frame(reader, mbap(0x0102, pdu)).kind, Kind::damaged) << pdu.size();
  }
}

TEST(Mbap, TakesAnException) {
  AnswerReader reader = mbap_reader();
  const Frame frame = only_frame(reader, mbap(0x0102, {0x01, 0x84, 0x0B}));
  EXPECT_EQ(frame.kind, Kind::exception);
  EXPECT_EQ(frame.exception_code, 0x0B);
}

TEST(Mbap, SkipsHeadersThatCannotBe) {
  const Octets impossible[] = {{0x01, 0x02, 0x00, 0x01, 0x00, 0x07},   // protocol 1
                               {0x01, 0x02, 0x00, 0x00, 0x00, 0x02},   // shorter than any answer
                               {0x01, 0x02, 0x00, 0x00, 0x00, 0xFF},   // longer than any
                               {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}};  // noise
  for (const Octets& garbage : impossible) {
    AnswerReader reader = mbap_reader();
    const Frame frame = only_frame(reader, garbage + mbap(0x0102, kVoltagePdu));
    EXPECT_EQ(frame.kind, Kind::answer);
    EXPECT_EQ(frame.skipped, garbage.size());
  }
}

TEST(Mbap, SaysHowManyBytesAreMissing) {
  const Octets answer = mbap(0x0102, kVoltagePdu);
  AnswerReader reader = mbap_reader();
  EXPECT_EQ(reader.next().missing, 9U);
  ASSERT_EQ(reader.feed(Bytes(answer).first(6)), 6U);
  EXPECT_EQ(reader.next().missing, 7U);
}

}  // namespace
}  // namespace meterseal::meter
