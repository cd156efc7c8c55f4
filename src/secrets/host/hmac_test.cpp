#include "secrets/host/hmac.hpp"

#include <gtest/gtest.h>

namespace meterseal::secrets::host {
namespace {

// @source RFC 4231, 4.2 to 4.4 and 4.7, in base64
TEST(Hmac, IsThatOfTheStandardForShortAndLongKeys) {
  EXPECT_EQ(hmac_sha256_base64(std::string(20, '\x0b'), "Hi There"), "sDRMYdjbOFNcqK/OrwvxK4gdwgDJgz2nJuk3bC4yz/c=");
  EXPECT_EQ(hmac_sha256_base64("Jefe", "what do ya want for nothing?"), "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
  EXPECT_EQ(hmac_sha256_base64(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"),
            "YOQxWR7gtn8Niiaqy/W3f44LxiE3KMUUBUYEDw7jf1Q=");
}

}  // namespace
}  // namespace meterseal::secrets::host
