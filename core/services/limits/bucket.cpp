#include "core/services/limits/bucket.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "core/base/network_address.hpp"
#include "core/base/text.hpp"

namespace mortise::services::limits {
namespace {

constexpr std::int64_t kMaxLimit = 1'000'000'000;
constexpr std::int64_t kMaxListed = 10'000;  // sliding_window and concurrent store one entry per unit

bool listsUnits(const Bucket& bucket) {
  return bucket.algorithm == Bucket::Algorithm::slidingWindow || bucket.algorithm == Bucket::Algorithm::concurrent;
}

std::int64_t wholeNumber(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failure == std::errc() && end == text.data() + text.size() ? number : 0;
}

std::int64_t secondsOf(std::string_view unit) {
  if (unit.empty() || unit == "s") return 1;
  if (unit == "m") return 60;
  if (unit == "h") return 3600;
  return unit == "d" ? 86400 : 0;
}

}  // namespace

std::int64_t secondsFrom(std::string_view written) {
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(written.data(), written.data() + written.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(written.data() + written.size() - end));
  return failure == std::errc() && number > 0 && number < 100'000'000 ? number * secondsOf(unit) : 0;
}

std::string faultOf(const Bucket& bucket) {
  constexpr std::int64_t kMaxWindowSeconds = 31'622'400;  // 366 days
  if (bucket.off) return {};
  if (bucket.limit <= 0 || bucket.limit > kMaxLimit || bucket.windowSeconds <= 0 ||
      bucket.windowSeconds > kMaxWindowSeconds) {
    return "limit " + std::to_string(bucket.limit) + " per " + std::to_string(bucket.windowSeconds) +
           " s; limit must be 1 to 1000000000, window 1 s to 366 days";
  }
  if (bucket.algorithm == Bucket::Algorithm::slidingWindow && bucket.limit > kMaxListed) {
    return "limit " + std::to_string(bucket.limit) + " is too high for sliding_window (at most 10000); use tokens";
  }
  if (bucket.algorithm != Bucket::Algorithm::concurrent) return {};
  if (bucket.limit > kMaxListed)
    return "limit " + std::to_string(bucket.limit) + " is too high for concurrent (at most 10000)";
  if (bucket.windowSeconds < 60)
    return "stale " + std::to_string(bucket.windowSeconds) + " s; at least 60, since servers report every 30 s";
  return {};
}

Bucket ofSite(const Bucket& bucket) {
  Bucket site = bucket;
  site.name += "/56";
  site.limit = std::min(bucket.limit * ClientNetworks::kSiteFactor, listsUnits(bucket) ? kMaxListed : kMaxLimit);
  return site;
}

std::string numbersOf(const Bucket& bucket) {
  if (bucket.off) return "off";
  if (bucket.algorithm == Bucket::Algorithm::concurrent) return std::to_string(bucket.limit) + " at once";
  return std::to_string(bucket.limit) + " per " + std::to_string(bucket.windowSeconds) + "s";
}

std::pair<std::string, BucketOverride> readOverride(std::string_view entry) {
  const auto equals = entry.find('=');
  const std::string name(text::trim(entry.substr(0, equals)));
  const auto value = equals == std::string_view::npos ? std::string_view{} : text::trim(entry.substr(equals + 1));
  const auto slash = value.find('/');
  BucketOverride numbers;
  numbers.off = value == "off";
  if (!numbers.off) {
    numbers.limit = wholeNumber(value.substr(0, slash));
    if (slash != std::string_view::npos) numbers.windowSeconds = secondsFrom(value.substr(slash + 1));
  }
  const bool sound =
      numbers.off || (numbers.limit > 0 && (slash == std::string_view::npos || numbers.windowSeconds > 0));
  if (name.empty() || !sound) {
    throw std::runtime_error("\"" + std::string(entry) +
                             "\" should be BUCKET=LIMIT/WINDOW (auth.login_ip=50/5m), BUCKET=LIMIT or BUCKET=off");
  }
  return {name, numbers};
}

void apply(const BucketOverride& numbers, Bucket& bucket) {
  bucket.declared = numbersOf(bucket);
  bucket.off = numbers.off;
  if (numbers.off) return;
  bucket.limit = numbers.limit;
  if (numbers.windowSeconds > 0) bucket.windowSeconds = numbers.windowSeconds;
}

}  // namespace mortise::services::limits
