#pragma once

// Modbus on the wire, without any wire: encodes read requests and finds their answers in whatever bytes arrive. One
// framing for RTU (serial, or RTU over TCP) and one for Modbus TCP (MBAP header).
//
// AnswerReader knows the one outstanding request, because the length of an answer follows from it, and the requests
// whose answers are *owed*: timed out, but perhaps still to come. An RTU answer does not name its register, so an
// answer that fits an owed request is `late` and never `answer`; the caller must not have a request outstanding whose
// answer looks like an owed one of another block (MeterAgenda sees to it).
//
// Ownership: values; memory is bounded, nothing is allocated. Thread: one at a time. Errors: bytes that are no frame
// are skipped and counted; nothing here fails.
// @source Modbus Application Protocol V1.1b3; Modbus over Serial Line V1.02; Modbus Messaging on TCP/IP V1.0b

#include <array>
#include <optional>
#include <span>

#include "core/bytes.hpp"
#include "core/inline_vector.hpp"

namespace meterseal::meter {

enum class Framing : std::uint8_t {
  rtu,
  mbap
};

enum class Function : std::uint8_t {
  read_holding = 3,
  read_input = 4
};  ///< the value is the function code

inline constexpr std::uint16_t kMaxReadWords = 125;  ///< @source Modbus Application Protocol V1.1b3, 6.3 and 6.4

/// One contiguous read, as a poll plan names it.
struct ReadBlock {
  Function function = Function::read_input;
  std::uint16_t start = 0;  ///< address on the wire, from 0
  std::uint16_t words = 1;  ///< 1..kMaxReadWords

  friend bool operator==(const ReadBlock&, const ReadBlock&) = default;
};

struct ReadRequest {
  std::uint8_t unit = 1;
  ReadBlock block;

  friend bool operator==(const ReadRequest&, const ReadRequest&) = default;
};

inline constexpr std::size_t kMaxRequestFrame = 12;
using RequestFrame = InlineVector<std::uint8_t, kMaxRequestFrame>;
[[nodiscard]] inline Bytes bytes_of(const RequestFrame& frame) {
  return {frame.begin(), frame.size()};
}

/// @param transaction  names the request in an MBAP header; without meaning in RTU
[[nodiscard]] RequestFrame encode_read(Framing framing, const ReadRequest& request, std::uint16_t transaction);

/// Bytes of the answer that carries all words.
[[nodiscard]] std::size_t answer_length(Framing framing, std::uint16_t words);

/// What the reader found next.
struct Frame {
  enum class Kind : std::uint8_t {
    incomplete,  ///< nothing decided: at least `missing` more bytes are needed
    answer,      ///< the outstanding request is answered, see AnswerReader::words()
    exception,   ///< the meter refused the outstanding request with `exception_code`
    late,        ///< an answer to something else that is or was owed; `owed` says which, when known
    echo,        ///< our own request, returned by the adapter
    damaged,     ///< the answer came and its check is wrong, or it contradicts its own header
  };
  Kind kind = Kind::incomplete;
  std::uint8_t exception_code = 0;
  std::optional<std::size_t> owed;  ///< in the order of add_owed()
  std::size_t missing = 0;
  bool begun = false;       ///< incomplete: the head of a frame is there, so its rest should follow without a pause
  std::size_t skipped = 0;  ///< bytes before this frame that belonged to none
};

class AnswerReader {
 public:
  static constexpr std::size_t kMaxOwed = 8;
  /// The longest frame. A frame that begins at the front of a full buffer is complete, so a full buffer never blocks.
  /// @source Modbus Messaging on TCP/IP V1.0b, 3.1.3 (260 bytes); Modbus over Serial Line V1.02, 2.5.1 (256)
  static constexpr std::size_t kCapacity = 260;

  /// Forgets all bytes and all owed requests; the words of the last answer stay.
  void expect(Framing framing, const ReadRequest& request, std::uint16_t transaction);
  /// A request whose answer may still come, RTU only. More than kMaxOwed are not recognised (but still not believed).
  void add_owed(const ReadRequest& request);

  /// @return how many bytes were taken; call next() until `incomplete`, then feed the rest
  [[nodiscard]] std::size_t feed(Bytes bytes);
  [[nodiscard]] Frame next();

  /// Words of the last answer, valid until next() finds another one.
  [[nodiscard]] std::span<const std::uint16_t> words() const { return std::span(words_).first(word_count_); }

 private:
  /// What the bytes at one place of the buffer can be.
  struct Fit {
    enum class State : std::uint8_t {
      none,
      damaged,
      partial,
      whole
    };
    State state = State::none;
    std::size_t length = 0;  ///< of the frame, as far as known; partial: at least
    Frame frame;
  };

  [[nodiscard]] Fit fit_at(Bytes at) const;
  [[nodiscard]] Fit fit_rtu(Bytes at) const;
  [[nodiscard]] Fit fit_echo(Bytes at) const;
  [[nodiscard]] Fit fit_mbap(Bytes at) const;
  [[nodiscard]] Frame conclude(const Fit& open_end);
  void store_words(Bytes frame);
  void drop(std::size_t n);

  Framing framing_ = Framing::rtu;
  ReadRequest request_;
  RequestFrame request_frame_;
  std::uint16_t transaction_ = 0;
  InlineVector<ReadRequest, kMaxOwed> owed_;
  bool echo_possible_ = false;

  std::array<std::uint8_t, kCapacity> buffer_{};
  std::size_t size_ = 0;
  std::size_t skipped_ = 0;
  bool damaged_ = false;
  std::array<std::uint16_t, kMaxReadWords> words_{};
  std::size_t word_count_ = 0;
};

}  // namespace meterseal::meter
