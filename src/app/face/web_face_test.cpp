#include "app/face/web_face.hpp"

#include <gtest/gtest.h>

namespace meterseal::app {
namespace {

TEST(PagePlace, IsAnAddressThatAPersonCanOpen) {
  const struct {
    HostPort served;
    const char* address;
    const char* name;
    const char* place;
  } rows[] = {
      {{"192.0.2.50", 8443}, "192.0.2.7", "meter-gw", "https://192.0.2.50:8443/"},
      {{"0.0.0.0", 8443}, "192.0.2.7", "meter-gw", "https://192.0.2.7:8443/ (served at 0.0.0.0:8443)"},
      {{"0.0.0.0", 8443}, "", "meter-gw", "https://meter-gw:8443/ (served at 0.0.0.0:8443)"},
      {{"::", 8443}, "192.0.2.7", "meter-gw", "https://meter-gw:8443/ (served at [::]:8443)"},
      {{"0.0.0.0", 8443}, "", "", "https://0.0.0.0:8443/"},
  };
  for (const auto& row : rows) EXPECT_EQ(page_place(row.served, row.address, row.name), row.place);
}

}  // namespace
}  // namespace meterseal::app
