#include "sync_sessions/rules.hpp"

#include <mortise/problem.hpp>

#include <rapidjson/document.h>

#include <algorithm>
#include <array>

#include "utf8.hpp"

namespace sync_sessions {
namespace {

constexpr std::size_t kMaxTargets = 100000;
constexpr std::size_t kMaxNameBytes = 255;
constexpr std::size_t kMaxDetailsBytes = std::size_t{64} * 1024;
constexpr std::size_t kMaxMessageBytes = std::size_t{8} * 1024;
constexpr int kDetailsVersion = 1;

mortise::Problem invalid(std::string note) { return mortise::Problem(422, "sync_invalid").note(std::move(note)); }

template <std::size_t Size>
std::string joined(const std::array<std::string_view, Size>& words) {
  std::string out;
  for (const auto word : words) out.append(out.empty() ? "" : ", ").append(word);
  return out;
}

}  // namespace

void checkType(std::string_view type) {
  if (std::find(kTypes.begin(), kTypes.end(), type) == kTypes.end())
    throw invalid("type: expected one of " + joined(kTypes) + ", found \"" +
                  (type.empty() ? std::string() : messageFrom(type)) + '"');
}

std::string categoryFrom(std::string_view category) {
  if (category.empty()) return std::string(kCategories.front());
  if (std::find(kCategories.begin(), kCategories.end(), category) == kCategories.end()) {
    throw invalid("category: expected one of " + joined(kCategories) + ", found \"" + messageFrom(category) + '"');
  }
  return std::string(category);
}

void checkTargets(const std::vector<Target>& targets) {
  if (targets.empty() || targets.size() > kMaxTargets) {
    throw invalid("targets: expected 1 to " + std::to_string(kMaxTargets) + ", found " +
                  std::to_string(targets.size()));
  }
  for (const auto& target : targets) {
    if (target.instanceId < 1)
      throw invalid("instance_id: expected 1 or more, found " + std::to_string(target.instanceId));
    if (target.name.size() > kMaxNameBytes || !utf8::isText(target.name)) {
      throw invalid("name of instance " + std::to_string(target.instanceId) + ": expected UTF-8 of at most " +
                    std::to_string(kMaxNameBytes) + " bytes");
    }
  }
}

void checkCounters(const Counters& counters) {
  if (std::min({counters.synced, counters.created, counters.updated, counters.deleted}) < 0)
    throw invalid("counters: expected 0 or more");
}

void checkDetails(std::string_view details) {
  if (details.empty()) return;
  if (details.size() > kMaxDetailsBytes || !utf8::isText(details))
    throw invalid("details: expected UTF-8 of at most " + std::to_string(kMaxDetailsBytes) + " bytes");
  rapidjson::Document document;
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;
  document.Parse<kFlags>(details.data(), details.size());
  if (document.HasParseError() || !document.IsObject()) throw invalid("details: expected a JSON object");
  const auto version = document.FindMember("version");
  if (version == document.MemberEnd() || !version->value.IsInt() || version->value.GetInt() != kDetailsVersion) {
    throw invalid("details: expected an integer member \"version\" of " + std::to_string(kDetailsVersion));
  }
}

std::string messageFrom(std::string_view message) {
  if (message.empty()) throw invalid("message: expected some text");
  std::string out;
  out.reserve(std::min(message.size(), kMaxMessageBytes));
  for (std::size_t at = 0; at < message.size();) {
    const auto size = utf8::characterAt(message, at);
    const auto piece = size == 0 ? std::string_view("?") : message.substr(at, size);
    if (out.size() + piece.size() > kMaxMessageBytes) break;
    out.append(piece);
    at += std::max<std::size_t>(size, 1);
  }
  return out;
}

}  // namespace sync_sessions
