#include "narratives/excerpt.hpp"

#include <utility>

#include "utf8.hpp"

namespace session_sharing {
namespace {

constexpr std::size_t kHead = 15000, kTail = 45000;  // bytes
constexpr std::size_t kMaxText = 1500, kMaxOfTool = 300;
constexpr std::size_t kMaxTools = 10;  // of one message

std::string shown(const TranscriptMessage& message) {
  std::string out;
  if (!message.text.empty()) out += message.role + ": " + utf8::storable(message.text, kMaxText) + "\n";
  std::size_t tools = 0;
  for (const auto& use : message.uses) {
    if (++tools > kMaxTools) break;
    out += "tool call " + use.name + ": " + utf8::storable(use.target, kMaxOfTool) + "\n";
  }
  for (const auto& outcome : message.outcomes) {
    if (++tools > kMaxTools) break;
    out += outcome.isError ? "tool error: " : "tool result: ";
    out += utf8::storable(outcome.text, kMaxOfTool) + "\n";
  }
  return out;
}

}  // namespace

void Excerpt::take(const TranscriptMessage& message) {
  auto text = shown(message);
  if (head_.empty() || (tail_.empty() && !dropped_ && head_.size() + text.size() <= kHead)) {
    head_ += text;
    return;
  }
  tailBytes_ += text.size();
  tail_.push_back(std::move(text));
  while (tail_.size() > 1 && tailBytes_ > kTail) {
    tailBytes_ -= tail_.front().size();
    tail_.pop_front();
    dropped_ = true;
  }
}

std::string Excerpt::text() const {
  auto out = head_;
  if (dropped_) out += "[…]\n";
  for (const auto& one : tail_) out += one;
  return out;
}

}  // namespace session_sharing
