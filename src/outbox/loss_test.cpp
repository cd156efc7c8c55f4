#include "outbox/loss.hpp"

#include <gtest/gtest.h>

namespace meterseal::outbox {
namespace {

TEST(Loss, IsNotReadFromAnythingElse) {
  for (const char* other : {"", "\"ENERGY\":{}", "\"Loss\":", "\"Loss\":{}", R"("Loss":{"First":1,"Last":2,"Count":})",
                            R"("Loss":{"First":3,"Last":2,"Count":1,"Reason":"thinned"})",
                            R"("Loss":{"First":-1,"Last":2,"Count":1,"Reason":"thinned"})",
                            R"("Loss":{"First":1,"Last":2,"Count":99999999999999999999,"Reason":"thinned"})"}) {
    EXPECT_FALSE(parse_loss(other)) << other;
  }
}

TEST(Loss, SaysWhichNumbersHowManyAndWhy) {
  const std::string body = loss_body({40, 90, 25}, Relief::thinned);
  EXPECT_EQ(body, R"("Loss":{"First":40,"Last":90,"Count":25,"Reason":"thinned"})");
  const Loss loss = parse_loss(body).value_or(Loss{});
  EXPECT_EQ(loss.first, 40U);
  EXPECT_EQ(loss.last, 90U);
  EXPECT_EQ(loss.count, 25U);
  Record record;
  record.body = body;
  EXPECT_TRUE(is_loss(record));
}

}  // namespace
}  // namespace meterseal::outbox
