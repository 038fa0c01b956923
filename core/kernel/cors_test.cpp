#include "core/kernel/cors.hpp"

#include <gtest/gtest.h>

namespace mortise::kernel {
namespace {

http::Head preflightFrom(std::string origin) {
  http::Head head;
  head.method = http::Method::options;
  head.fields.add("Origin", std::move(origin));
  head.fields.add("Access-Control-Request-Method", "PUT");
  return head;
}

TEST(Cors, AnyOriginIsAllowedWithoutCredentials) {
  const Cors cors({"*"});
  const auto head = preflightFrom("https://app.example");
  ASSERT_TRUE(cors.isPreflight(head));
  const auto reply = cors.preflight(head, "GET, PUT");
  EXPECT_EQ(reply.status, 204);
  EXPECT_EQ(reply.fields.get("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(reply.fields.get("Access-Control-Allow-Methods"), "GET, PUT");
  EXPECT_EQ(reply.fields.get("Access-Control-Max-Age"), "600");
  EXPECT_EQ(reply.fields.find("Access-Control-Allow-Credentials"), nullptr);
}

TEST(Cors, AListedOriginIsAllowedWithCredentialsAndAForeignOneIsNot) {
  const Cors cors({"https://app.example"});
  EXPECT_EQ(cors.preflight(preflightFrom("https://app.example"), "GET").fields.get("Access-Control-Allow-Credentials"),
            "true");
  EXPECT_EQ(cors.preflight(preflightFrom("https://evil.example"), "GET").fields.find("Access-Control-Allow-Origin"),
            nullptr);
  http::Fields fields;
  cors.decorate("https://evil.example", fields);
  EXPECT_TRUE(fields.empty());
}

}  // namespace
}  // namespace mortise::kernel
