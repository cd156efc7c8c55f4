#include "web/http_text.hpp"

#include <gtest/gtest.h>

namespace meterseal::web {
namespace {

TEST(Form, IsRefusedWhenItIsNotPlain) {
  std::string many;
  for (int i = 0; i < 33; ++i) many += "f" + std::to_string(i) + "=1&";
  for (const std::string& text :
       {std::string("a=%"), std::string("a=%2"), std::string("a=%zz"), std::string("%0=1"), std::string("a=%00"),
        std::string("a=%ff"), std::string("a=1&a=2"), std::string("a=1&%61=2"), std::string("a\0=1", 4), many})
    EXPECT_FALSE(Form::parse(text)) << text;
}

TEST(Form, DecodesOnce) {
  const auto form = Form::parse("cmnd=TelePeriod+60&x=%2525&empty=&alone&u=%C3%A4&eq=a=b");
  ASSERT_TRUE(form);
  EXPECT_EQ(form->value("cmnd"), "TelePeriod 60");
  EXPECT_EQ(form->value("x"), "%25");
  EXPECT_EQ(form->value("u"), "ä");
  EXPECT_EQ(form->value("eq"), "a=b");
  EXPECT_TRUE(form->has("empty"));
  EXPECT_TRUE(form->has("alone"));
  EXPECT_FALSE(form->has("absent"));
  EXPECT_EQ(form->fields().size(), 6U);
}

TEST(Cookie, IsFoundOnlyUnderItsWholeNameAndOnlyOnce) {
  EXPECT_EQ(cookie_value("a=1; __Host-meterseal=token; b=2", "__Host-meterseal"), "token");
  EXPECT_EQ(cookie_value("x__Host-meterseal=token", "__Host-meterseal"), "");
  EXPECT_EQ(cookie_value("__Host-meterseal=one; __Host-meterseal=two", "__Host-meterseal"), "");
  EXPECT_EQ(cookie_value("", "__Host-meterseal"), "");
  EXPECT_EQ(cookie_value("__Host-meterseal", "__Host-meterseal"), "");
}

TEST(Basic, IsRefusedUnlessItHoldsUserAndPassword) {
  for (const char* header : {"", "Basic", "Basic ", "Basic !!!!", "Basic YQ==", "Digest YTpi", "BasicYTpi",
                             "Basic YTpi*", "Basic AGE6Yg==" /* NUL a:b */, "Basic /zph" /* no UTF-8 */, "Basic YTpiY"})
    EXPECT_FALSE(basic_login(header)) << header;
  const auto login = basic_login("basic  YWRtaW46YTpi");
  ASSERT_TRUE(login);
  EXPECT_EQ(login->user, "admin");
  EXPECT_EQ(login->password, "a:b") << "only the first colon ends the name";
}

TEST(Bearer, IsTheTokenOfThatSchemeOnly) {
  EXPECT_EQ(bearer_token("Bearer abc"), "abc");
  EXPECT_EQ(bearer_token("bearer abc"), "abc");
  EXPECT_EQ(bearer_token("Basic abc"), "");
  EXPECT_EQ(bearer_token("Bearer"), "");
  EXPECT_EQ(bearer_token("Bearer "), "");
}

TEST(HostName, IsTheNameInLowerCaseWithoutPort) {
  EXPECT_EQ(host_name("Meter.LAN:8443"), "meter.lan");
  EXPECT_EQ(host_name("meter.lan."), "meter.lan");
  EXPECT_EQ(host_name("[2001:DB8::1]:8443"), "2001:db8::1");
  EXPECT_EQ(host_name("192.0.2.7"), "192.0.2.7");
  for (const char* header : {"", ":8443", "[::1", ".", "[]"}) EXPECT_EQ(host_name(header), std::nullopt) << header;
  EXPECT_EQ(host_name(std::string(254, 'a')), std::nullopt);
}

TEST(Printable, CannotForgeALine) {
  EXPECT_EQ(printable("a\nb\x1b[31m\xC3\xA4"), "a?b?[31m??");
  EXPECT_EQ(printable(std::string(100, 'x')).size(), 64U);
}

}  // namespace
}  // namespace meterseal::web
