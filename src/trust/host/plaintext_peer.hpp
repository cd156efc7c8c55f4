#pragma once

// Recognises a peer that does not speak TLS at all from the first bytes it sends. Thread: pure, any.

#include <optional>
#include <string_view>

#include "core/bytes.hpp"

namespace meterseal::trust::host {

/// @param first  from the very beginning of the stream, at least one byte
/// @return what it is instead, as a sentence without subject; nullopt: it may be TLS
[[nodiscard]] std::optional<std::string_view> plaintext_in(Bytes first);

}  // namespace meterseal::trust::host
