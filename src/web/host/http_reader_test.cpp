#include "web/host/http_reader.hpp"

#include <gtest/gtest.h>

namespace meterseal::web::host {
namespace {

using State = HttpReader::State;

TEST(HttpReader, RefusesWhatIsNoPlainRequestWithTheRightStatus) {
  using namespace std::string_literals;
  struct Row {
    std::string bytes;
    unsigned status;
    const char* what;
  };
  const Row rows[] = {
      {"\r\n\r\nnonsense\r\n\r\n", 400, "no request line"},
      {"GET / HTTP/2.0\r\n\r\n", 400, "another version"},
      {"GET  / HTTP/1.1\r\n\r\n", 400, "two blanks"},
      {"GET http://meter/ HTTP/1.1\r\nHost: x\r\n\r\n", 400, "absolute form"},
      {"GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400, "no path"},
      {"GET /\x7F HTTP/1.1\r\nHost: x\r\n\r\n", 400, "control character in the target"},
      {"GET /\xC3\xA4 HTTP/1.1\r\nHost: x\r\n\r\n", 400, "raw UTF-8 in the target"},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "two hosts"},
      {"GET / HTTP/1.1\r\nHost: a\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n", 400, "two cookie headers"},
      {"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: x\r\nAuthorization: y\r\n\r\n", 400, "two authorizations"},
      {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, "blank before the colon"},
      {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400, "folded first line"},
      {"GET / HTTP/1.1\r\nX: a\0b\r\n\r\n"s, 400, "NUL in a header"},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400, "negative length"},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400, "two lengths"},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", 400, "a length beyond 64 bits"},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n", 413, "a body above 64 KiB"},
      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", 501, "chunks"},
      {"GET /" + std::string(2100, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n", 414, "a target above 2 KiB"},
      {"GET / HTTP/1.1\r\nX: " + std::string(9000, 'a') + "\r\n\r\n", 431, "a header above 8 KiB"},
      {"GET / HTTP/1.1\r\nX: " + std::string(9000, 'a'), 431, "a header above 8 KiB without an end"},
      {std::string(9000, 'a'), 431, "a request line without an end"},
  };
  for (const Row& row : rows) {
    HttpReader whole;
    EXPECT_EQ(whole.put(row.bytes), State::refused) << row.what;
    EXPECT_EQ(whole.status(), row.status) << row.what;
    HttpReader in_bytes;
    State state = State::more;
    for (std::size_t i = 0; i < row.bytes.size() && state == State::more; ++i)
      state = in_bytes.put(row.bytes.substr(i, 1));
    EXPECT_EQ(state, State::refused) << row.what << ", byte by byte";
  }
}

TEST(HttpReader, ReadsARequestHoweverItIsCut) {
  const std::string bytes =
      "POST /api/login?x=1 HTTP/1.1\r\nHost: meter:8443\r\nOrigin: https://meter:8443\r\nCookie: a=b\r\n"
      "X-CSRF-Token: t\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\n"
      "Content-Length: 5\r\n\r\na=b&c";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    HttpReader reader;
    State state = reader.put(bytes.substr(0, cut));
    if (cut < bytes.size()) {
      EXPECT_EQ(state, State::more) << cut;
      state = reader.put(bytes.substr(cut));
    }
    ASSERT_EQ(state, State::request) << cut;
    const Request request = reader.take();
    EXPECT_EQ(request.method, Method::post);
    EXPECT_EQ(request.path, "/api/login");
    EXPECT_EQ(request.query, "x=1");
    EXPECT_EQ(request.host, "meter:8443");
    EXPECT_EQ(request.cookie, "a=b");
    EXPECT_EQ(request.csrf_token, "t");
    EXPECT_EQ(request.fetch_site, "same-origin");
    EXPECT_EQ(request.body, "a=b&c");
    EXPECT_TRUE(reader.wants_keep_alive());
  }
}

TEST(HttpReader, KeepsWhatFollowsForTheNextRequest) {
  HttpReader reader;
  EXPECT_EQ(reader.put("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.0\r\nHost: x\r\n\r\nGET /c"), State::request);
  EXPECT_EQ(reader.take().path, "/a");
  EXPECT_EQ(reader.restart(), State::request);
  EXPECT_EQ(reader.take().path, "/b");
  EXPECT_FALSE(reader.wants_keep_alive()) << "HTTP/1.0";
  EXPECT_EQ(reader.restart(), State::more);
  EXPECT_TRUE(reader.is_inside());
}

TEST(HttpReader, BoundsWhatIsSentAhead) {
  HttpReader reader;
  EXPECT_EQ(reader.put("GET /a HTTP/1.1\r\nHost: x\r\n\r\n"), State::request);
  State state = State::request;
  for (int i = 0; i < 100 && state != State::refused; ++i) state = reader.put(std::string(4096, 'x'));
  EXPECT_EQ(state, State::refused);
}

TEST(ResponseHead, CannotBeSplitByAValue) {
  Response response;
  response.headers = {{"Set-Cookie", "a=b\r\nX-Evil: 1"}, {"Retry-After", "3"}};
  const std::string head = response_head(response, After::close);
  EXPECT_EQ(head.find("Evil"), std::string::npos);
  EXPECT_NE(head.find("Retry-After: 3\r\n"), std::string::npos);
  EXPECT_NE(head.find("Content-Security-Policy: default-src 'none'; script-src 'self'"), std::string::npos);
  EXPECT_NE(head.find("X-Content-Type-Options: nosniff"), std::string::npos);
}

}  // namespace
}  // namespace meterseal::web::host
