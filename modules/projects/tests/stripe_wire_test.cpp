#include "billing/stripe_wire.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>

namespace projects {
namespace {

using namespace std::chrono_literals;

constexpr const char* kSecret = "whsec_test";
constexpr const char* kBody = R"({"id":"evt_1"})";
// Made by the provider's own library (PyPI stripe) for the time 1700000000.
constexpr const char* kSignature = "c89214b5b5da833daed6f0b8c5bb6bd58cea9022bd80ccc78230f3942d632925";
constexpr auto kNow = mortise::timeOf(std::int64_t{1'700'000'000} * 1'000'000);

std::string header(const std::string& time = "1700000000", const std::string& signature = kSignature) {
  return "t=" + time + ",v1=" + signature + ",v0=abc";
}

TEST(StripeSignature, IsTheProvidersOwn) {
  EXPECT_TRUE(isStripeSignature(header(), kBody, kSecret, kNow));
  // While a secret is rolled there are two signatures.
  EXPECT_TRUE(isStripeSignature("v1=00,t=1700000000,v1=" + std::string(kSignature), kBody, kSecret, kNow));
}

TEST(StripeSignature, IsRefusedWhateverIsWrong) {
  EXPECT_FALSE(isStripeSignature(header(), "{}", kSecret, kNow));
  EXPECT_FALSE(isStripeSignature(header(), kBody, "whsec_other", kNow));
  EXPECT_FALSE(isStripeSignature(header("1700000001"), kBody, kSecret, kNow));
  EXPECT_FALSE(isStripeSignature(header("1700000000", std::string(64, '0')), kBody, kSecret, kNow));
  EXPECT_FALSE(isStripeSignature("t=1700000000,v0=" + std::string(kSignature), kBody, kSecret, kNow));
  for (const char* wrong :
       {"", "t=", "t=1700000000", "v1=", "t=x,v1=y", ",,,=,", "t=99999999999999999999,v1=1", "t=-1,v1=1"})
    EXPECT_FALSE(isStripeSignature(wrong, kBody, kSecret, kNow)) << wrong;
}

TEST(StripeSignature, IsRefusedWithATimeThatCanNotBe) {
  // Their signatures are right.
  const std::pair<const char*, const char*> signedTimes[] = {
      {"-9223372036854775808", "07cb4a90737c9479f9274b5618f4e8457376594b8a8b894ff1d38264f8b06ba5"},
      {"9223372036854775807", "9bfe0f9e80fb867a12a81b85d662dd1faae992254d597af9ba8f6d3b0cde3ec1"},
      {"253402300800", "40d2944dddfddc7939198fd8582e72dd71664c363b11f2eac0ce375967a2e61c"},
      {"-1", "2ad980ad71807e1e83136511bb4c14316d5f85f2e683c1898a5392d809d45660"},
  };
  for (const auto& [time, signature] : signedTimes)
    EXPECT_FALSE(isStripeSignature(header(time, signature), kBody, kSecret, kNow)) << time;
}

TEST(StripeSignature, IsOldAfterFiveMinutes) {
  EXPECT_TRUE(isStripeSignature(header(), kBody, kSecret, kNow + 300s));
  EXPECT_FALSE(isStripeSignature(header(), kBody, kSecret, kNow + 301s));
  EXPECT_TRUE(isStripeSignature(header(), kBody, kSecret, kNow - 300s));
  EXPECT_FALSE(isStripeSignature(header(), kBody, kSecret, kNow - 301s));
}

TEST(StripeForm, EncodesWhatMeansSomething) {
  EXPECT_EQ(stripeForm({{"line_items[0][price]", "price_1"}, {"a", "b c&d=é"}}),
            "line_items%5B0%5D%5Bprice%5D=price_1&a=b%20c%26d%3D%C3%A9");
  EXPECT_EQ(stripeForm({}), "");
}

TEST(StripeEvents, NameTheirSubscription) {
  const auto subscription = [](const std::string& object) {
    const auto event = stripeEventOf(R"({"id":"evt_1","type":"t","data":{"object":)" + object + "}}");
    return event ? event->subscriptionId.value_or("none") : "no event";
  };
  EXPECT_EQ(subscription(R"({"object":"subscription","id":"sub_1"})"), "sub_1");
  EXPECT_EQ(subscription(R"({"object":"checkout.session","id":"cs_1","subscription":"sub_2"})"), "sub_2");
  EXPECT_EQ(subscription(R"({"object":"invoice","subscription":{"id":"sub_3"}})"), "sub_3");
  EXPECT_EQ(subscription(R"({"object":"charge","subscription":null})"), "none");
  EXPECT_EQ(subscription("[]"), "none");
  for (const char* wrong :
       {"", "null", "[]", "{", R"({"id":"evt_1"})", R"({"id":"","type":"t"})", R"({"id":1,"type":"t"})"})
    EXPECT_FALSE(stripeEventOf(wrong)) << wrong;
  EXPECT_FALSE(stripeEventOf(R"({"type":"t","id":")" + std::string(256, 'x') + "\"}"));
}

TEST(StripeSubscriptions, AreReadInBothOfTheirForms) {
  const auto old = stripeSubscriptionOf(
      R"({"id":"sub_1","customer":"cus_1","status":"active","created":5,"current_period_end":9,
          "metadata":{"owner_type":"org","owner_id":"org_1"},
          "items":{"data":[{"price":{"id":"price_1"},"quantity":7}]}})");
  ASSERT_TRUE(old);
  EXPECT_EQ(old->customerId, "cus_1");
  EXPECT_EQ(old->priceId, "price_1");
  EXPECT_EQ(old->quantity, 7);
  EXPECT_EQ(old->ownerId, "org_1");
  EXPECT_EQ(old->createdAt, mortise::timeOf(5'000'000));
  EXPECT_EQ(old->periodEnd, mortise::timeOf(9'000'000));
  const auto newer = stripeSubscriptionOf(
      R"({"id":"sub_1","customer":{"id":"cus_2"},"status":"canceled",
          "items":{"data":[{"price":{"id":"price_1"},"current_period_end":11}]}})");
  ASSERT_TRUE(newer);
  EXPECT_EQ(newer->customerId, "cus_2");
  EXPECT_EQ(newer->periodEnd, mortise::timeOf(11'000'000));
  EXPECT_EQ(newer->quantity, 1);
  for (const char* wrong :
       {"", "{}", R"({"id":"sub_1","status":"active"})", R"({"id":"sub_1","status":"active","items":{"data":[]}})",
        R"({"id":"sub_1","status":"active","items":{"data":[3]}})",
        R"({"id":"sub_1","status":"active","items":{"data":[{"price":{}}]}})"})
    EXPECT_FALSE(stripeSubscriptionOf(wrong)) << wrong;
}

TEST(StripeSubscriptions, HaveNumbersThatCanBe) {
  const auto read = [](const std::string& created, const std::string& quantity, const std::string& end = "null") {
    return stripeSubscriptionOf(R"({"id":"sub_1","status":"active","created":)" + created +
                                R"(,"current_period_end":)" + end +
                                R"(,"items":{"data":[{"price":{"id":"price_1"},"quantity":)" + quantity + "}]}}");
  };
  EXPECT_EQ(read("0", "null")->quantity, 1);
  EXPECT_FALSE(read("0", "null")->periodEnd);
  EXPECT_EQ(read("253402300799", "1000000000", "253402300799")->quantity, kMaxStripeQuantity);
  for (const char* wrong : {"-1", "253402300800", "9223372036854775807", "-9223372036854775808", "18446744073709551615",
                            "1e30", "1.5", "\"5\""}) {
    EXPECT_FALSE(read(wrong, "1")) << wrong;
    EXPECT_FALSE(read("1", "1", wrong)) << wrong;
  }
  for (const char* wrong : {"-1", "1000000001", "9223372036854775807", "1e30", "\"5\""})
    EXPECT_FALSE(read("1", wrong)) << wrong;
}

TEST(StripeSubscriptions, ArePaidWhileThePaymentIsTriedAgain) {
  for (const char* paid : {"active", "trialing", "past_due"}) EXPECT_TRUE(isPaidStatus(paid));
  for (const char* unpaid : {"canceled", "unpaid", "incomplete", "incomplete_expired", "paused", ""})
    EXPECT_FALSE(isPaidStatus(unpaid));
}

}  // namespace
}  // namespace projects
