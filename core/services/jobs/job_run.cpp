#include "core/services/jobs/job_run.hpp"

#include <algorithm>
#include <utility>

#include "core/base/text.hpp"
#include "core/ops/log.hpp"

namespace mortise::services {
namespace {

constexpr std::size_t kMaxProgress = 1000;

// The last `size` bytes, starting at a character boundary.
std::string_view tail(std::string_view text, std::size_t size) {
  if (text.size() <= size) return text;
  text.remove_prefix(text.size() - size);
  while (!text.empty() && (static_cast<unsigned char>(text.front()) & 0xc0) == 0x80) text.remove_prefix(1);
  return text;
}

}  // namespace

std::string storable(std::string_view text) {
  std::string result(text);
  const bool utf8 = text::isUtf8(text);
  for (char& c : result) {
    if (c == '\0' || (!utf8 && static_cast<unsigned char>(c) >= 0x80)) c = '?';
  }
  return result;
}

void JobRun::progress(int percent, std::string_view text) {
  percent = std::clamp(percent, 0, 100);
  log::debug("job progress", {{"job", job()}, {"run", id()}, {"percent", percent}, {"text", text}});
  const std::lock_guard lock(mutex_);
  percent_ = percent;
  progress_ = text.substr(0, kMaxProgress);
  progressed_ = true;
}

void JobRun::output(std::string_view line) {
  const std::lock_guard lock(mutex_);
  output_.append(tail(line, kMaxOutput)).append("\n");
  // Trimmed occasionally, not for every line.
  if (output_.size() > 2 * kMaxOutput) output_ = tail(output_, kMaxOutput);
}

void JobRun::stop(Stop why) {
  auto none = Stop::none;
  stop_.compare_exchange_strong(none, why);
}

bool JobRun::takeProgress(std::int64_t& percent, std::string& text) {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(progressed_, false)) return false;
  percent = percent_;
  text = storable(progress_);
  return true;
}

RunEnd JobRun::snapshot() const {
  RunEnd end;
  end.id = record_.id;
  end.jobId = record_.jobId;
  end.startedAt = startedAt();
  const std::lock_guard lock(mutex_);
  end.output = storable(tail(output_, kMaxOutput));
  end.percent = percent_;
  end.progress = storable(progress_);
  return end;
}

}  // namespace mortise::services
