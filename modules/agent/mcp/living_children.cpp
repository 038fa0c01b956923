#include "mcp/living_children.hpp"

#include <algorithm>

#include "mcp/failure.hpp"

namespace agent::mcp {

std::unique_ptr<LivingChildren::Place> LivingChildren::enter(const std::string& server) {
  const std::lock_guard lock(mutex_);
  if (byNumber_.size() >= most_)
    throw Failure(Failure::Cause::gone,
                  "as many programs of MCP servers run as may at once (agent.mcp_children): " + std::to_string(most_));
  auto place = std::make_unique<Place>(*this, ++last_);
  byNumber_[last_] = {server};
  if (changed_) changed_(static_cast<std::int64_t>(byNumber_.size()));
  return place;
}

void LivingChildren::leave(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  byNumber_.erase(number);
  if (changed_) changed_(static_cast<std::int64_t>(byNumber_.size()));
}

void LivingChildren::name(std::uint64_t number, std::int64_t pid) {
  const std::lock_guard lock(mutex_);
  byNumber_[number].pid = pid;
}

std::vector<LivingChildren::Child> LivingChildren::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<Child> out;
  for (const auto& [number, child] : byNumber_) out.push_back(child);
  return out;
}

std::string LivingChildren::description() const {
  constexpr std::size_t kMaxNamed = 20;
  const auto children = all();
  std::string out = std::to_string(children.size());
  for (std::size_t i = 0; i < std::min(children.size(), kMaxNamed); ++i) {
    const auto& child = children[i];
    out.append(i == 0 ? ": " : ", ").append(child.server);
    out.append(child.pid == 0 ? " (in a box)" : " (pid " + std::to_string(child.pid) + ")");
  }
  return out;
}

}  // namespace agent::mcp
