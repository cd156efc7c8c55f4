#include "app/face/setup_text.hpp"

#include <algorithm>

#include "app/config/site_edit.hpp"
#include "web/errors.hpp"

namespace meterseal::app {

namespace {

/// @source TOML 1.0, basic strings: quote and backslash are escaped, control characters are not there (web::bad_form)
std::string quoted_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

/// Digits as they are; anything else as text, which the reader then refuses with the line.
std::string number(std::string_view text) {
  const bool digits = !text.empty() && text.size() < 9 &&
                      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits && (text == "0" || text.front() != '0') ? std::string(text) : quoted_text(text);
}

std::string bus_lines(const web::SetupDesk::Site& site) {
  for (const auto& [prefix, framing] : {std::pair{"tcp:", "modbus-tcp"}, std::pair{"rtu:", "rtu"}}) {
    if (site.port.starts_with(prefix))
      return "tcp = " + quoted_text(site.port.substr(4)) + "\nframing = \"" + framing + "\"\n";
  }
  return "device = " + quoted_text(site.port) + "\nbaud = " + number(site.baud) +
         "\nparity = " + quoted_text(site.parity) + "\n";
}

}  // namespace

Result<void> check_port(std::string_view port) {
  if (port.starts_with("/") || port.starts_with("tcp:") || port.starts_with("rtu:")) return {};
  return fail(web::bad_form, "port",
              "is neither a serial port (/dev/...) nor a serial server (tcp:HOST:PORT, rtu:HOST:PORT)");
}

std::string site_text(const web::SetupDesk::Site& site, const std::vector<HostPort>& listen,
                      const std::string& password_file) {
  std::string text = std::string(kSiteHeading) + "[device]\ntopic = " + quoted_text(site.topic) +
                     "\n\n[mqtt]\nhosts = [" + quoted_text(site.broker) + "]\n";
  if (!site.user.empty())
    text += "user = " + quoted_text(site.user) + "\npassword_file = " + quoted_text(password_file) + "\n";
  text += "\n[mqtt.tls]\nmode = " + quoted_text(site.mode) + "\n";
  if (site.mode == "fingerprint") {
    text += "fingerprint = [" + quoted_text(site.fingerprint) + "]\n";
    if (!site.renewal.empty()) text += "renewal = " + quoted_text(site.renewal) + "\n";
  }
  text += "\n[[bus]]\n" + bus_lines(site) + "[[bus.meter]]\naddress = " + number(site.address) +
          "\nprofile = " + quoted_text(site.profile) + "\nname = \"main\"\nprimary = true\n";
  if (listen.empty()) return text;
  text += "\n[web]\nlisten = [";
  for (std::size_t i = 0; i < listen.size(); ++i) text += (i > 0 ? ", " : "") + quoted_text(format(listen[i]));
  return text + "]\n";
}

}  // namespace meterseal::app
