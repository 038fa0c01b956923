#include "billing/stripe_wire.hpp"

#include <mortise/digest.hpp>
#include <mortise/percent.hpp>

#include <rapidjson/document.h>

#include <charconv>

namespace projects {
namespace {

using rapidjson::Value;

constexpr std::size_t kMaxSignatures = 10;
constexpr std::size_t kMaxId = 255;
constexpr std::int64_t kLatestSecond = 253'402'300'799;  // of the year 9999

std::optional<std::int64_t> numberOf(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Null where there is none.
const Value* memberOf(const Value& value, const char* name) {
  if (!value.IsObject()) return nullptr;
  const auto member = value.FindMember(name);
  return member == value.MemberEnd() ? nullptr : &member->value;
}

std::string textOf(const Value& value, const char* name) {
  const auto* member = memberOf(value, name);
  return member != nullptr && member->IsString() ? std::string(member->GetString(), member->GetStringLength()) : "";
}

// Sets the number, unless there is none or null. False: it is not one from 0 to `most`.
bool takeNumber(const Value& value, const char* name, std::int64_t most, std::optional<std::int64_t>& into) {
  const auto* member = memberOf(value, name);
  if (member == nullptr || member->IsNull()) return true;
  if (!member->IsInt64() || member->GetInt64() < 0 || member->GetInt64() > most) return false;
  into = member->GetInt64();
  return true;
}

mortise::Time timeOfSecond(std::int64_t seconds) { return mortise::timeOf(seconds * 1'000'000); }

// An id that may stand alone or in its whole object.
std::string idOf(const Value& value, const char* name) {
  const auto* member = memberOf(value, name);
  if (member == nullptr) return {};
  return member->IsObject() ? textOf(*member, "id") : textOf(value, name);
}

bool parse(std::string_view json, rapidjson::Document& into) {
  into.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(json.data(), json.size());
  return !into.HasParseError() && into.IsObject();
}

}  // namespace

std::string stripeForm(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    if (!out.empty()) out += '&';
    out.append(mortise::percentEncoded(name)).append("=").append(mortise::percentEncoded(value));
  }
  return out;
}

bool isStripeSignature(std::string_view header, std::string_view body, std::string_view secret, mortise::Time now,
                       std::chrono::seconds tolerance) {
  std::string_view time;
  std::vector<std::string_view> signatures;
  while (!header.empty()) {
    const auto comma = header.find(',');
    const auto part = header.substr(0, comma);
    header.remove_prefix(comma == std::string_view::npos ? header.size() : comma + 1);
    if (part.starts_with("t=")) time = part.substr(2);
    if (part.starts_with("v1=") && signatures.size() < kMaxSignatures) signatures.push_back(part.substr(3));
  }
  const auto expected = mortise::hmacSha256Hex(secret, std::string(time) + "." + std::string(body));
  bool isSigned = false;
  for (const auto signature : signatures) isSigned = mortise::areEqualSecrets(signature, expected) || isSigned;
  const auto seconds = numberOf(time);
  if (secret.empty() || !seconds || *seconds < 0 || *seconds > kLatestSecond) return false;
  const auto age = mortise::micros(now) / 1'000'000 - *seconds;
  const auto most = static_cast<std::int64_t>(tolerance.count());
  return isSigned && age <= most && age >= -most;
}

std::optional<StripeEvent> stripeEventOf(std::string_view json) {
  rapidjson::Document document;
  if (!parse(json, document)) return std::nullopt;
  StripeEvent event;
  event.id = textOf(document, "id");
  if (event.id.empty() || event.id.size() > kMaxId || textOf(document, "type").empty()) return std::nullopt;
  const auto* data = memberOf(document, "data");
  const auto* object = data != nullptr ? memberOf(*data, "object") : nullptr;
  if (object == nullptr) return event;
  const auto kind = textOf(*object, "object");
  auto subscription = kind == "subscription" ? textOf(*object, "id") : idOf(*object, "subscription");
  if (!subscription.empty() && subscription.size() <= kMaxId) event.subscriptionId = std::move(subscription);
  return event;
}

std::optional<StripeSubscription> stripeSubscriptionOf(std::string_view json) {
  rapidjson::Document document;
  if (!parse(json, document)) return std::nullopt;
  StripeSubscription out;
  out.id = textOf(document, "id");
  out.customerId = idOf(document, "customer");
  out.status = textOf(document, "status");
  const auto* items = memberOf(document, "items");
  const auto* list = items != nullptr ? memberOf(*items, "data") : nullptr;
  if (list == nullptr || !list->IsArray() || list->Empty() || !(*list)[0].IsObject()) return std::nullopt;
  const auto& item = (*list)[0];
  out.priceId = idOf(item, "price");
  std::optional<std::int64_t> created, quantity, periodEnd;
  // Newer versions of the API have the period in the item.
  if (!takeNumber(document, "created", kLatestSecond, created) ||
      !takeNumber(item, "quantity", kMaxStripeQuantity, quantity) ||
      !takeNumber(item, "current_period_end", kLatestSecond, periodEnd) ||
      !takeNumber(document, "current_period_end", kLatestSecond, periodEnd))
    return std::nullopt;
  out.createdAt = timeOfSecond(created.value_or(0));
  out.quantity = quantity.value_or(1);
  if (periodEnd) out.periodEnd = timeOfSecond(*periodEnd);
  if (const auto* metadata = memberOf(document, "metadata")) {
    out.ownerType = textOf(*metadata, "owner_type");
    out.ownerId = textOf(*metadata, "owner_id");
  }
  if (out.id.empty() || out.status.empty() || out.priceId.empty()) return std::nullopt;
  return out;
}

bool isPaidStatus(std::string_view status) {
  return status == "active" || status == "trialing" || status == "past_due";
}

std::optional<std::string> stripeTextOf(std::string_view json, const char* member) {
  rapidjson::Document document;
  if (!parse(json, document)) return std::nullopt;
  auto text = textOf(document, member);
  return text.empty() ? std::nullopt : std::optional(std::move(text));
}

}  // namespace projects
