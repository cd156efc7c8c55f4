#include "web/page/assets.hpp"

#include <array>

// Made by assets.S.
extern "C" {
extern const std::uint8_t meterseal_page_html[];
extern const std::uint8_t meterseal_page_html_end[];
extern const std::uint8_t meterseal_page_js[];
extern const std::uint8_t meterseal_page_js_end[];
extern const std::uint8_t meterseal_page_css[];
extern const std::uint8_t meterseal_page_css_end[];
extern const std::uint8_t meterseal_page_icon[];
extern const std::uint8_t meterseal_page_icon_end[];
}

namespace meterseal::web {

std::span<const Asset> page_assets() {
  static const std::array kAssets{
      Asset{"/", "text/html; charset=utf-8", {meterseal_page_html, meterseal_page_html_end}},
      Asset{"/app.js", "text/javascript; charset=utf-8", {meterseal_page_js, meterseal_page_js_end}},
      Asset{"/app.css", "text/css; charset=utf-8", {meterseal_page_css, meterseal_page_css_end}},
      Asset{"/icon.svg", "image/svg+xml", {meterseal_page_icon, meterseal_page_icon_end}},
  };
  return kAssets;
}

}  // namespace meterseal::web
