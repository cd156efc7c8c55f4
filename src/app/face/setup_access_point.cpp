#include "app/face/setup_access_point.hpp"

#include <algorithm>

#include "wifi/errors.hpp"

namespace meterseal::app {

namespace {

constexpr std::string_view kTag = "WIFI";

}  // namespace

void SetupAccessPoint::open(const wifi::Key& key, const std::vector<HostPort>& served) {
  // The address that the access point will have is not known before it stands.
  const auto any =
      std::find_if(served.begin(), served.end(), [](const HostPort& one) { return one.host == "0.0.0.0"; });
  if (any == served.end())
    return log_.error(kTag, make_error(wifi::page_elsewhere, "--setup-listen",
                                       "the page is not served on every address, so not in an access point either"));
  state_ = State::opening;
  log_.info(kTag, "looking for a Wi-Fi device that can be the access point of the set-up");
  radio_.open(key, [this, key, port = any->port](const Result<wifi::Opened>& opened) {
    if (opened) return tell(key, port, *opened);
    state_ = State::closed;
    log_.error(kTag, opened.error());
    log_.info(kTag, "the set-up goes on without an access point");
  });
}

void SetupAccessPoint::tell(const wifi::Key& key, std::uint16_t port, const wifi::Opened& opened) {
  state_ = State::open;
  const bool is_wpa3 = opened.protection == wifi::Protection::wpa3;
  if (!is_wpa3)
    log_.warn(kTag, "WPA2 only (" + opened.why_not_wpa3 +
                        "): who records somebody joining can try keys elsewhere, which 100 random bits withstand");
  log_.warn(kTag, "access point " + opened.name + " on " + opened.interface + (is_wpa3 ? ", WPA3" : ", WPA2") +
                      ": join it with the key " + key.text() + " and open https://" +
                      format(HostPort{opened.address, port}) + "/");
}

void SetupAccessPoint::close(std::string_view why) {
  if (state_ == State::closed) return;
  state_ = State::closed;
  radio_.close();
  log_.info(kTag, "the access point is closed: " + std::string(why));
}

}  // namespace meterseal::app
