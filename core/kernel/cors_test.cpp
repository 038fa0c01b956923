#include "core/kernel/cors.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

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

TEST(Cors, AnOriginIsTheSameHoweverItIsSpelt) {
  for (const char* entry :
       {"https://app.example/", "HTTPS://App.Example", "https://app.example:443", "https://APP.example:443/"}) {
    const Cors cors({entry});
    EXPECT_TRUE(cors.trusts("https://app.example")) << entry;
    EXPECT_TRUE(cors.trusts("https://app.example:443")) << entry;
    EXPECT_FALSE(cors.trusts("http://app.example")) << entry;
    EXPECT_FALSE(cors.trusts("https://app.example:8443")) << entry;
    EXPECT_FALSE(cors.trusts("https://app.example.evil.example")) << entry;
    http::Fields fields;
    cors.decorate("https://app.example", fields);
    EXPECT_EQ(fields.get("Access-Control-Allow-Origin"), "https://app.example") << "as the browser sent it";
  }
}

TEST(Cors, WhatIsNoOriginIsRefusedByName) {
  for (const char* entry :
       {"app.example", "https://app.example/path", "https://*.example", "null", "", "https://app.example:99999"}) {
    try {
      const Cors cors({"https://good.example", entry});
      ADD_FAILURE() << entry;
    } catch (const std::invalid_argument& error) {
      EXPECT_NE(std::string(error.what()).find('"' + std::string(entry) + '"'), std::string::npos) << error.what();
    }
  }
  EXPECT_FALSE(Cors({"*"}).trusts("*"));
  EXPECT_FALSE(Cors({"*"}).trusts("null"));
}

TEST(Cors, AListedOriginIsAllowedWithCredentialsAndAForeignOneIsNot) {
  const Cors cors({"https://app.example"});
  EXPECT_EQ(cors.preflight(preflightFrom("https://app.example"), "GET").fields.get("Access-Control-Allow-Credentials"),
            "true");
  EXPECT_EQ(cors.preflight(preflightFrom("https://evil.example"), "GET").fields.find("Access-Control-Allow-Origin"),
            nullptr);
  http::Fields fields;
  cors.decorate("https://evil.example", fields);
  ASSERT_EQ(fields.all().size(), 1u);
  EXPECT_EQ(fields.get("Vary"), "Origin");
}

TEST(Cors, EveryAnswerVariesByOriginOnce) {
  for (const std::vector<std::string>& entries : {std::vector<std::string>{}, {"*"}, {"https://app.example"}}) {
    const Cors cors(entries);
    for (const char* origin : {"", "null", "https://app.example", "https://evil.example"}) {
      for (const auto& [before, after] : {std::pair("", "Origin"), std::pair("Accept", "Accept, Origin"),
                                          std::pair("accept, ORIGIN", "accept, ORIGIN"), std::pair("*", "*")}) {
        http::Fields fields;
        if (*before != '\0') fields.add("Vary", before);
        cors.decorate(origin, fields);
        EXPECT_EQ(fields.get("Vary"), after) << origin;
        EXPECT_EQ(fields.count("Vary"), 1u);
      }
    }
    EXPECT_EQ(cors.preflight(preflightFrom("https://evil.example"), "GET").fields.get("Vary"),
              "Access-Control-Request-Method, Access-Control-Request-Headers, Origin");
  }
}

}  // namespace
}  // namespace mortise::kernel
