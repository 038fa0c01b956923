#include <gtest/gtest.h>

#include "mortise/models.hpp"

namespace mortise::models {
namespace {

TEST(Endpoints, FollowFromTheNameOfTheModel) {
  for (const auto* model : {"claude-sonnet-4", "claude-"}) EXPECT_EQ(providerOf(model), Provider::anthropic) << model;
  for (const auto* model : {"gpt-4o", "o1", "o3-mini", "o4-mini"})
    EXPECT_EQ(providerOf(model), Provider::openai) << model;
  EXPECT_EQ(providerOf("gemini-2.0-flash"), Provider::google);
  for (const auto* model : {"anthropic/claude-sonnet-4", "llama3", "", "Claude-4", "x/gpt-4"})
    EXPECT_EQ(providerOf(model), Provider::openrouter) << model;
}

TEST(Endpoints, AreTheProvidersOwn) {
  const auto claude = endpointFor({.model = "claude-sonnet-4", .apiKey = "k"});
  EXPECT_EQ(claude.wire, Wire::messages);
  EXPECT_EQ(claude.url, "https://api.anthropic.com/v1");
  EXPECT_EQ(claude.apiKey, "k");
  EXPECT_EQ(endpointFor({.model = "gpt-4o"}).url, "https://api.openai.com/v1");
  EXPECT_EQ(endpointFor({.model = "gemini-pro"}).wire, Wire::generateContent);
  EXPECT_EQ(endpointFor({.model = "a/b"}).url, "https://openrouter.ai/api/v1");
  EXPECT_EQ(endpointFor({.model = "gpt-4o", .provider = "openrouter"}).url, "https://openrouter.ai/api/v1");
  EXPECT_EQ(endpointFor({.model = "claude-3"}, {.anthropic = "http://127.0.0.1:1/"}).url, "http://127.0.0.1:1");
}

TEST(Endpoints, WithAnAddressSpeakChatCompletions) {
  for (const auto* url : {"https://llm.example/v1", "https://llm.example/v1/",
                          "https://llm.example/v1/chat/completions", "https://llm.example/v1/chat/completions/"}) {
    const auto endpoint = endpointFor({.model = "claude-sonnet-4", .provider = "mine", .baseUrl = url});
    EXPECT_EQ(endpoint.wire, Wire::chatCompletions) << url;
    EXPECT_EQ(endpoint.url, "https://llm.example/v1") << url;
  }
}

TEST(Endpoints, NeedAProviderThatThereIs) {
  try {
    endpointFor({.model = "gpt-4o", .provider = "acme"});
    FAIL();
  } catch (const Problem& problem) {
    EXPECT_EQ(problem.status(), 422);
    EXPECT_EQ(problem.code(), "unknown_provider");
  }
  EXPECT_EQ(providerNamed("google"), Provider::google);
  EXPECT_FALSE(providerNamed("Google"));
}

TEST(Models, ThatReasonAreKnown) {
  for (const auto* model : {"o1", "o3-mini", "gpt-5", "openai/o3"}) EXPECT_TRUE(isReasoning(model)) << model;
  for (const auto* model : {"gpt-4o", "claude-sonnet-4", "o2", "x/llama"}) EXPECT_FALSE(isReasoning(model)) << model;
}

}  // namespace
}  // namespace mortise::models
