#include "core/kernel/websocket_refusal.hpp"

#include <gtest/gtest.h>

namespace mortise::kernel {
namespace {

TEST(WebSocketRefusal, KeepsTheStatusWhereACodeSaysIt) {
  EXPECT_EQ(closeFor(Problem(401, "token_expired")).code, 4401);
  EXPECT_EQ(closeFor(Problem(401, "token_expired")).reason, "token_expired");
  EXPECT_EQ(closeFor(Problem(403, "account_disabled")).code, 4403);
  EXPECT_EQ(closeFor(Problem(404, "session_not_found")).code, 4404);
}

TEST(WebSocketRefusal, AFullBucketSaysForHowLong) {
  const auto frame = closeFor(Problem(429, "rate_limited").retry(42));
  EXPECT_EQ(frame.code, 1013);
  EXPECT_EQ(frame.reason, "retry after 42 s");
}

TEST(WebSocketRefusal, EverythingElseIsAnInternalErrorWithAReasonThatFitsTheFrame) {
  EXPECT_EQ(closeFor(Problem(503, "unavailable")).code, 1011);
  EXPECT_LE(closeFor(Problem(500, std::string(500, 'x'))).reason.size(), 123u);
}

}  // namespace
}  // namespace mortise::kernel
