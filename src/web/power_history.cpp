#include "web/power_history.hpp"

#include <algorithm>

#include "core/bytes.hpp"

namespace meterseal::web {

namespace {

constexpr std::array kSpans{Span::hour, Span::day, Span::month};
constexpr std::uint32_t kMagic = 0x4D535031;  // "MSP1"
constexpr std::int64_t kMostWatts = 1'000'000'000;

std::size_t index_of(Span span) {
  return static_cast<std::size_t>(span);
}

/// Sum over the bytes: enough to notice a file that was cut or mixed up. @source RFC 1071-like, 32 bits
std::uint32_t sum_of(Bytes bytes) {
  std::uint32_t a = 1;
  std::uint32_t b = 0;
  for (const std::uint8_t byte : bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

}  // namespace

std::optional<Span> span_of(std::string_view name) {
  if (name == "hour") return Span::hour;
  if (name == "day") return Span::day;
  if (name == "month") return Span::month;
  return std::nullopt;
}

seconds step_of(Span span) {
  switch (span) {
    case Span::hour: return seconds{10};
    case Span::day: return seconds{300};
    case Span::month: return seconds{7200};
  }
  return seconds{1};
}

std::size_t slots_of(Span span) {
  switch (span) {
    case Span::hour: return 360;
    case Span::day: return 288;
    case Span::month: return 360;
  }
  return 0;
}

void PowerHistory::put(Track& track, Span span, std::int64_t slot, std::int32_t watts) {
  const auto size = static_cast<std::int64_t>(slots_of(span));
  if (track.watts.empty()) track.watts.assign(static_cast<std::size_t>(size), kGap);
  // What lies between is a gap; a step back makes everything behind it one.
  if (slot <= track.last || slot - track.last > size) {
    std::fill(track.watts.begin(), track.watts.end(), kGap);
  } else {
    for (std::int64_t i = track.last + 1; i < slot; ++i) track.watts[static_cast<std::size_t>(i % size)] = kGap;
  }
  track.watts[static_cast<std::size_t>(slot % size)] = watts;
  track.last = slot;
}

void PowerHistory::close(Track& track, Span span) {
  if (track.open >= 0) {
    const std::int64_t mean = track.count > 0 ? track.sum_w / track.count : 0;
    put(track, span, track.open, track.count > 0 ? static_cast<std::int32_t>(mean) : kGap);
  }
  track.sum_w = 0;
  track.count = 0;
}

void PowerHistory::add(Track& track, Span span, std::int64_t slot, std::optional<std::int64_t> watts) {
  if (slot != track.open) {
    close(track, span);
    track.open = slot;
  }
  if (!watts) return;
  track.sum_w += *watts;
  ++track.count;
}

void PowerHistory::add(std::string_view meter, UtcTime now, std::optional<std::int64_t> power_mw) {
  const std::int64_t now_s = std::chrono::duration_cast<seconds>(now.time_since_epoch()).count();
  if (now_s < 0) return;
  auto found = std::find_if(meters_.begin(), meters_.end(), [&](const Meter& m) { return m.name == meter; });
  if (found == meters_.end()) {
    if (meters_.size() == kMostMeters) return;
    meters_.push_back({std::string(meter), {}});
    found = meters_.end() - 1;
  }
  std::optional<std::int64_t> watts;
  if (power_mw) watts = std::clamp((*power_mw + (*power_mw < 0 ? -500 : 500)) / 1000, -kMostWatts, kMostWatts);
  for (const Span span : kSpans) add(found->tracks[index_of(span)], span, now_s / step_of(span).count(), watts);
}

std::vector<PowerPoint> PowerHistory::points(std::string_view meter, Span span) const {
  const auto found = std::find_if(meters_.begin(), meters_.end(), [&](const Meter& m) { return m.name == meter; });
  std::vector<PowerPoint> points;
  if (found == meters_.end()) return points;
  const Track& track = found->tracks[index_of(span)];
  if (track.last < 0) return points;
  const auto size = static_cast<std::int64_t>(slots_of(span));
  for (std::int64_t slot = std::max<std::int64_t>(0, track.last - size + 1); slot <= track.last; ++slot) {
    const std::int32_t watts = track.watts[static_cast<std::size_t>(slot % size)];
    points.push_back({slot * step_of(span).count(), watts == kGap ? std::nullopt : std::optional<std::int64_t>(watts)});
  }
  // A plot that begins with an hour of nothing only hides the rest.
  const auto first = std::find_if(points.begin(), points.end(), [](const PowerPoint& p) { return p.watts; });
  points.erase(points.begin(), first);
  return points;
}

std::string PowerHistory::encode() const {
  std::size_t slots = 0;
  for (const Span span : kSpans) slots += slots_of(span);
  std::vector<std::uint8_t> memory(16 + meters_.size() * (2 + 255 + 3 * 8 + slots * 4));
  ByteWriter out(memory);
  out.u32(kMagic);
  out.u8(static_cast<std::uint8_t>(meters_.size()));
  for (const Meter& meter : meters_) {
    const std::string_view name = std::string_view(meter.name).substr(0, 255);
    out.u8(static_cast<std::uint8_t>(name.size()));
    out.bytes(as_bytes(name));
    for (const Span span : kSpans) {
      const Track& track = meter.tracks[index_of(span)];
      out.u64(static_cast<std::uint64_t>(track.last));
      for (std::size_t i = 0; i < slots_of(span); ++i)
        out.u32(static_cast<std::uint32_t>(track.watts.empty() ? kGap : track.watts[i]));
    }
  }
  out.u32(sum_of(out.written()));
  return std::string(as_text(out.written()));
}

PowerHistory PowerHistory::decode(std::string_view text) {
  if (text.size() < 9) return {};
  const Bytes all = as_bytes(text);
  if (ByteReader(all.last(4)).u32() != sum_of(all.first(all.size() - 4))) return {};
  ByteReader in(all.first(all.size() - 4));
  PowerHistory history;
  if (in.u32() != kMagic) return {};
  const std::size_t meters = in.u8();
  if (meters > kMostMeters) return {};
  for (std::size_t m = 0; m < meters; ++m) {
    Meter meter;
    meter.name = as_text(in.take(in.u8()));
    for (const Span span : kSpans) {
      Track& track = meter.tracks[index_of(span)];
      track.last = static_cast<std::int64_t>(in.u64());
      for (std::size_t i = 0; i < slots_of(span); ++i) track.watts.push_back(static_cast<std::int32_t>(in.u32()));
      // Far enough from the end of the number's range that nobody can overflow it.
      if (track.last < -1 || track.last > INT64_MAX / 10'000) return {};
    }
    history.meters_.push_back(std::move(meter));
  }
  return in.failed() || in.left() != 0 ? PowerHistory() : history;
}

}  // namespace meterseal::web
