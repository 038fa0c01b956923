#include "core/testing/verdict.hpp"

#include <gtest/gtest.h>

namespace mortise::testing {
namespace {

TEST(Verdict, WhoMustBeRefusedAndIsNotFails) {
  for (const int refusal : {401, 403}) {
    for (const int answer : {200, 201, 204, 302, 404, 409, 422, 500, 503})
      EXPECT_FALSE(agrees({refusal}, answer, false)) << answer;
    EXPECT_FALSE(agrees({refusal}, 200, true)) << "a success that the operation declares";
    EXPECT_TRUE(agrees({refusal}, refusal, false));
  }
  EXPECT_FALSE(agrees({401}, 403, true));
  EXPECT_FALSE(agrees({403}, 401, true));
}

TEST(Verdict, WhoMayAndIsRefusedFails) {
  for (const int answer : {401, 403, 500, 501, 502, 504}) EXPECT_FALSE(agrees({}, answer, false)) << answer;
  for (const int answer : {200, 204, 302, 400, 404, 409, 422, 503}) EXPECT_TRUE(agrees({}, answer, false)) << answer;
  EXPECT_TRUE(agrees({}, 403, true)) << "the object belongs to somebody else";
}

}  // namespace
}  // namespace mortise::testing
