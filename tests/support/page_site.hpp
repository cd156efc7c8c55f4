#pragma once

// A Site over fakes, and requests as a browser of its own page would send them.

#include <gtest/gtest.h>

#include <string>

#include "support/counting_cryptography.hpp"
#include "support/fakes.hpp"
#include "support/page_device.hpp"
#include "web/site.hpp"

namespace meterseal::test {

inline constexpr const char* kAdminPassword = "three old copper pots";
inline constexpr const char* kGuestPassword = "seven small iron nails";

class PageSite : public testing::Test {
 protected:
  static web::Access people() {
    web::Access access;
    EXPECT_TRUE(access.set_user({"admin", web::Role::admin, std::string("hash:") + kAdminPassword}));
    EXPECT_TRUE(access.set_user({"guest", web::Role::viewer, std::string("hash:") + kGuestPassword}));
    return access;
  }
  [[nodiscard]] web::SiteParts parts() {
    return {clock, log, cryptography, hasher, keeper, entrance, &device, nullptr, std::span(assets)};
  }

  static web::Request request(web::Method method, std::string path) {
    web::Request request;
    request.method = method;
    const auto mark = path.find('?');
    if (mark != std::string::npos) request.query = path.substr(mark + 1);
    request.path = path.substr(0, mark);
    request.host = "192.0.2.7:8443";
    request.served_address = "192.0.2.7";
    request.source = "192.0.2.50";
    if (method == web::Method::post) {
      request.content_type = "application/x-www-form-urlencoded";
      request.origin = "https://192.0.2.7:8443";
      request.fetch_site = "same-origin";
    }
    return request;
  }
  web::Response answer(web::Site& asked, const web::Request& request) {
    std::optional<web::Response> response;
    asked.handle(request, [&](web::Response r) {
      EXPECT_FALSE(response) << "answered twice";
      response = std::move(r);
    });
    EXPECT_TRUE(response) << request.path << " was not answered";
    return response.value_or(web::Response{});
  }
  web::Response get(const std::string& path) { return answer(site, request(web::Method::get, path)); }

  struct Login {
    std::string cookie;
    std::string csrf;
  };
  static std::string between(const std::string& text, const std::string& left, const std::string& right) {
    const auto begin = text.find(left);
    if (begin == std::string::npos) return {};
    const auto from = begin + left.size();
    return text.substr(from, text.find(right, from) - from);
  }
  static std::string cookie_of(const web::Response& response) {
    for (const auto& [name, value] : response.headers) {
      if (name == "Set-Cookie") return value.substr(0, value.find(';'));
    }
    return {};
  }
  Login log_in(web::Site& asked, const std::string& user, const std::string& password) {
    auto post = request(web::Method::post, "/api/login");
    post.body = "user=" + user + "&password=" + plus(password);
    const web::Response response = answer(asked, post);
    EXPECT_EQ(response.status, 200U) << response.body;
    return {cookie_of(response), between(response.body, "\"csrf\":\"", "\"")};
  }
  static std::string plus(std::string text) {
    for (char& c : text) {
      if (c == ' ') c = '+';
    }
    return text;
  }
  static web::Request as(const Login& login, web::Method method, const std::string& path, std::string body = {}) {
    auto made = request(method, path);
    made.cookie = login.cookie;
    if (method == web::Method::post) made.csrf_token = login.csrf;
    made.body = std::move(body);
    return made;
  }

  FakeClock clock;
  CollectingLog log;
  CountingCryptography cryptography;
  PlainHasher hasher;
  MemoryKeeper keeper;
  web::Entrance entrance;
  PageDevice device;
  std::vector<std::uint8_t> page{1, 2, 3};
  std::vector<web::Asset> assets{{"/", "text/html; charset=utf-8", page}};
  web::Site site{parts(), {{"meter.lan"}, web::MetricsAccess::loopback, web::SiteOptions::Api::on}, people()};
};

}  // namespace meterseal::test
